"""How the images of a data set are read: which bands, and at what ground resolution."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.messages import N_, Text
from landseg_core.raster.adapted_alpha import adapted_alpha
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.bands import band_list, band_numbers, distinct_names
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import RasterView, size_at

NEARLY_EQUAL = 1.25
"""Images whose ground resolutions differ by less than this factor are trained on as they are by default."""


@dataclass(frozen=True)
class ReadOptions:
    """The user's choice: `bands` by number or name (all data bands by default), ground resolution in m, `alpha`.

    If all images are `nearly` (`NEARLY_EQUAL`) at that resolution, they are read as they are. Without an `alpha`, that
    of each image is used, which a project stores. `of_model`: bands, resolution and alpha are those of a model to
    fine-tune, whose alpha is adapted to images that have none of their own. `large`: the user agreed to a large job,
    see `landseg_core.limits`.
    """

    bands: tuple[str, ...] = ()
    resolution_m: float | None = None
    alpha: str | None = None
    of_model: bool = False
    large: bool = False

    @property
    def nearly(self) -> bool:
        """Return whether images need only be nearly at the resolution."""
        return self.of_model

    def alpha_of(self, image: Path, own: str = AUTO) -> str:
        """Return the alpha to open an image with; `own` is the one that a project stores.

        Raises:
            RasterError: the image cannot be opened.
        """
        if self.alpha is None or (self.of_model and own != AUTO):
            return own
        return adapted_alpha(image, self.alpha, self._bands_in) if self.of_model else self.alpha

    def _bands_in(self, image: RasterSource) -> tuple[int, ...]:
        try:
            return band_numbers(image, self.bands)
        except RasterError:  # reported by the check of the image
            return ()

    def opened_so(self, areas: Iterable[LabelledArea]) -> list[LabelledArea]:
        """Return areas whose images are opened with `alpha_of`; errors are those of it."""
        every = list(areas)
        known = {area.image: area.alpha for area in every}
        chosen = {image: self.alpha_of(image, own) for image, own in known.items()}
        return [replace(area, alpha=chosen[area.image]) for area in every]


AS_THEY_ARE = ReadOptions()
"""All data bands, at the images' own ground resolution where they agree."""


@dataclass(frozen=True)
class ImageFacts:
    """What must be known of an image to read it: `bands` are those chosen, `all_bands` lists all that it has.

    `names` are those of the chosen bands; none where not all of them have a name of their own. `doubt` is a sentence
    saying that its alpha may be near infrared, where that was checked.
    """

    bands: tuple[int, ...]
    names: tuple[str, ...]
    dtype: str
    grid: RasterGrid
    resolution_m: float | None
    all_bands: str
    doubt: str | None = None

    @classmethod
    def of(cls, image: RasterSource, wanted: Sequence[str]) -> ImageFacts:
        """Return the facts of `image` with the bands `wanted`, by number or name; all data bands if there are none.

        Raises:
            RasterError: it has no such band.
        """
        bands = band_numbers(image, wanted) if wanted else image.data_bands
        names, resolution = distinct_names(image, bands), image.grid.ground_resolution()
        return cls(bands, names, str(image.dtype), image.grid, resolution, band_list(image))

    @property
    def kind(self) -> Text:
        """Return what all images of a data set must share."""
        return N_("%n bands of {dtype}", n=len(self.bands), one="one band of {dtype}", dtype=self.dtype)

    def names_in_other_order(self, other: ImageFacts) -> bool:
        """Return whether both images name the same bands, in another order."""
        own, theirs = ([name.casefold() for name in facts.names] for facts in (self, other))
        return own != theirs and sorted(own) == sorted(theirs)


@dataclass(frozen=True)
class ResolutionPlan:
    """The ground resolution that a model is trained at (None: not known), and whether images are resampled to it."""

    resolution_m: float | None
    resamples: bool
    notices: tuple[str, ...] = ()

    def view(self, facts: ImageFacts, bands: tuple[int, ...]) -> RasterView:
        """Return how an image is read in a data set of `bands`."""
        chosen = () if facts.bands == bands else facts.bands
        size = size_at(facts.grid, facts.resolution_m, self.resolution_m) if self.resamples else None
        return RasterView(chosen, size, (facts.grid.width, facts.grid.height)) if size else RasterView(chosen)


def plan_resolution(images: Sequence[ImageFacts], wanted_m: float | None, *, nearly: bool = False) -> ResolutionPlan:
    """Return the ground resolution to train at: the wanted one, or else that of the images.

    If they agree (`NEARLY_EQUAL`), it is their median, and nothing is resampled. If not, it is the upper median, so
    that it is a resolution that images really have. If `nearly` is enough and all images are nearly at the wanted
    resolution, that is used, and nothing is resampled.
    """
    known = [facts.resolution_m for facts in images if facts.resolution_m is not None]
    if not known:
        return ResolutionPlan(None, resamples=False, notices=_NOTHING_KNOWN if wanted_m else ())
    if wanted_m is None and max(known) < min(known) * NEARLY_EQUAL:
        return ResolutionPlan(statistics.median(known), resamples=False)
    if nearly and wanted_m and all(max(one / wanted_m, wanted_m / one) < NEARLY_EQUAL for one in known):
        return ResolutionPlan(wanted_m, resamples=False)
    resolution = wanted_m or statistics.median_high(known)
    plan = ResolutionPlan(resolution, resamples=True)
    return replace(plan, notices=tuple(_notices(images, known, plan, chosen=wanted_m is not None)))


_NOTHING_KNOWN = (
    N_("the ground resolution of the images is unknown: none is resampled, and the model records no ground resolution"),
)


def _notices(images: Sequence[ImageFacts], known: Sequence[float], plan: ResolutionPlan, *, chosen: bool) -> list[Text]:
    notices = []
    if resampled := sum(plan.view(facts, facts.bands).size is not None for facts in images):
        notice = N_(
            "%n of {images} images are resampled to {resolution:.3g} m per pixel, at which accuracy is measured "
            "(their ground resolution: {own} m)",
            n=resampled,
            one="one of {images} images is resampled to {resolution:.3g} m per pixel, at which accuracy is measured "
            "(their ground resolution: {own} m)",
            images=len(images),
            resolution=plan.resolution_m,
            own="-".join(dict.fromkeys(f"{one:.3g}" for one in (min(known), max(known)))),
        )
        notices.append(
            notice if chosen else N_("{notice}; another resolution to train at can be chosen", notice=notice)
        )
    if unknown := len(images) - len(known):
        notices.append(
            N_(
                "the ground resolution of %n of {images} images is unknown: they are not resampled",
                n=unknown,
                one="the ground resolution of one of {images} images is unknown: it is not resampled",
                images=len(images),
            )
        )
    return notices


def resampled_areas(
    areas: Sequence[LabelledArea], images: Mapping[Path, ImageFacts], plan: ResolutionPlan, bands: tuple[int, ...]
) -> tuple[LabelledArea, ...]:
    """Return `areas`, in px of the images, as the plan reads them in a data set of `bands`."""
    views = {path: plan.view(facts, bands) for path, facts in images.items()}
    return tuple(area.with_view(views[area.image]) for area in areas)
