"""Checks a whole data set before a run, so that no bad mask ends the run hours later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import ImagePair, LabelledArea
from landseg_core.data.lists import shortened
from landseg_core.data.read_options import ImageFacts
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.coding import unknown_codes
from landseg_core.labels.masks.reader import MaskSource, ValueMapping
from landseg_core.labels.masks.value_counts import ValueTally, histogram
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.messages import N_, Text
from landseg_core.progress import ProgressMeter
from landseg_core.raster.near_infrared import near_infrared_notice
from landseg_core.raster.source import RasterSource

STRIP_PIXELS = 1 << 22
"""Masks are read in strips of whole rows of about this many pixels."""


@dataclass(frozen=True)
class CheckedAreas:
    """Areas whose files fit together, in the order given, with (areas, classes) counts of their labelled pixels."""

    areas: tuple[LabelledArea, ...]
    counts: npt.NDArray[np.int64]
    images: Mapping[Path, ImageFacts]
    notices: tuple[str, ...]

    @property
    def facts(self) -> tuple[ImageFacts, ...]:
        """Return the facts of the images, in the order given."""
        return tuple(self.images.values())

    @property
    def grids(self) -> dict[Path, RasterGrid]:
        """Return the grids of the images."""
        return {path: facts.grid for path, facts in self.images.items()}


def check_areas(
    areas: Sequence[LabelledArea],
    schema: ClassSchema,
    on_event: OnEvent,
    control: JobControl,
    bands: Sequence[str] = (),
    *,
    mapping: ValueMapping | None = None,
    one_kind: bool = True,
    own_masks: bool = False,
    large: bool = False,
) -> CheckedAreas:
    """Check every image against its mask and read every mask whole; `bands`, by number or name, are all by default.

    The counts, like the areas, are in px of the images themselves. `mapping` is that of `MaskSource`. Without
    `one_kind`, number and type of the bands may differ between images. `own_masks` were written by landseg: there are
    no notices about values that count as unlabelled. `large`: the user agreed to a large job.

    Raises:
        LargeWorkError: there is much to read, and the user has not agreed.
        DatasetError: images differ in kind, an image and its mask have different grids, a mask holds a value that no
            class has, or all masks hold only 0 and 255 and it is not said what 255 is.
        RasterError: a file cannot be read, or an image lacks the bands.
        JobStopped: the user asked for it.
    """
    pairs = list(_by_pair(areas))
    facts = [_check_pair(pair, bands) for pair in pairs]
    if one_kind:
        _require_one_kind(pairs, facts)
    total = sum(one.grid.window.pixels for one in facts)
    require_agreed(WorkSize(N_("the masks"), total), large=large)
    meter, tally = ProgressMeter(N_("checking masks"), total, on_event), ValueTally()
    counts = count_areas(areas, schema, meter, control, mapping, tally)
    images = {pair.image: one for pair, one in zip(pairs, facts, strict=True)}
    notices = [] if own_masks else _value_notices(tally, pairs, schema)
    notices += [*_alpha_notices(facts), *_order_notices(images, bands)]
    return CheckedAreas(tuple(areas), counts, images, tuple(notices))


def _value_notices(tally: ValueTally, pairs: Sequence[ImagePair], schema: ClassSchema) -> list[str]:
    """Return what the user should know about values of the masks that count as unlabelled.

    Raises:
        DatasetError: they hold only 0 and 255, and it is not said what 255 is.
    """
    first = pairs[0].mask
    masks = str(first) if len(pairs) == 1 else N_("the masks in {folder}", folder=first.parent)
    if tally.is_binary:
        raise DatasetError(tally.binary_sentence(masks))
    return list(tally.notices(masks, schema))


def count_areas(
    areas: Sequence[LabelledArea],
    schema: ClassSchema,
    meter: ProgressMeter,
    control: JobControl,
    mapping: ValueMapping | None = None,
    tally: ValueTally | None = None,
) -> npt.NDArray[np.int64]:
    """Return (areas, classes) counts of labelled pixels; every mask is read once and whole, with progress on `meter`.

    `tally` counts the values of all masks.

    Raises:
        DatasetError: a mask holds a value that no class has.
        RasterError: a mask cannot be read.
        JobStopped: the user asked for it.
    """

    def strip_done(pixels: int) -> None:
        meter.add(pixels)
        control.checkpoint()

    counts = np.zeros((len(areas), len(schema)), np.int64)
    for pair, own in _by_pair(areas).items():
        windows = [areas[number].window for number in own]
        counts[own] = count_labels(MaskSource(pair.mask, schema, mapping), windows, strip_done, tally)
    return counts


def _by_pair(areas: Sequence[LabelledArea]) -> dict[ImagePair, list[int]]:
    """Return the numbers of the areas of each pair."""
    found: dict[ImagePair, list[int]] = {}
    for number, area in enumerate(areas):
        found.setdefault(area.pair, []).append(number)
    return found


def _check_pair(pair: ImagePair, bands: Sequence[str]) -> ImageFacts:
    with RasterSource(pair.image, alpha=pair.alpha) as image, RasterSource(pair.mask) as mask:
        if (image.grid.width, image.grid.height) != (mask.grid.width, mask.grid.height):
            raise DatasetError(
                N_(
                    "{mask} is {width} x {height} px, but its image {image} is {image_width} x {image_height} px; both "
                    "need the same size",
                    mask=pair.mask,
                    width=mask.grid.width,
                    height=mask.grid.height,
                    image=pair.image,
                    image_width=image.grid.width,
                    image_height=image.grid.height,
                )
            )
        if not image.grid.matches(mask.grid):
            raise DatasetError(
                N_(
                    "{mask} and its image {image} have different georeferences; give both the same CRS and transform",
                    mask=pair.mask,
                    image=pair.image,
                )
            )
        return replace(ImageFacts.of(image, bands), doubt=near_infrared_notice(image))


def _require_one_kind(pairs: Sequence[ImagePair], facts: Sequence[ImageFacts]) -> None:
    for pair, own in zip(pairs, facts, strict=True):
        if own.kind != facts[0].kind:
            raise DatasetError(
                N_(
                    "{image} has {kind}, but {first} has {first_kind}; all images need the same",
                    image=pair.image,
                    kind=own.kind,
                    first=pairs[0].image,
                    first_kind=facts[0].kind,
                )
            )


def _alpha_notices(facts: Sequence[ImageFacts]) -> list[str]:
    """Return the notice about alpha bands that may be near infrared: the first image stands for the others."""
    doubts = [one.doubt for one in facts if one.doubt]
    if len(doubts) < 2:
        return doubts
    return [
        N_(
            "{doubt} (the same applies to %n other images)",
            n=len(doubts) - 1,
            one="{doubt} (the same applies to one other image)",
            doubt=doubts[0],
        )
    ]


def _order_notices(images: Mapping[Path, ImageFacts], chosen: Sequence[str]) -> Iterator[str]:
    """Yield what the user should know if no bands are chosen and images name theirs in different orders."""
    (first, facts), *others = images.items()
    reordered = [(path, own) for path, own in others if own.names_in_other_order(facts)]
    if reordered and not chosen:
        path, own = reordered[0]
        yield N_(
            "{image} has the bands {bands}, but {first} has {first_bands}: bands are matched by number; to match them "
            "by name, choose them by name",
            image=path,
            bands=own.all_bands,
            first=first,
            first_bands=facts.all_bands,
        )


def count_labels(
    mask: MaskSource,
    windows: Sequence[PixelWindow],
    strip_done: Callable[[int], None],
    tally: ValueTally | None = None,
) -> npt.NDArray[np.int64]:
    """Return (windows, classes) pixel counts of a mask, read once and whole; `strip_done` gets each strip's pixels.

    `tally` counts the values of the whole mask.

    Raises:
        DatasetError: pixels, in a window or not, have a value that no class has; it is counted over the whole mask.
    """
    classes = len(mask.schema)
    counts = np.zeros((len(windows), classes), np.int64)
    own, unknown = ValueTally(), Counter[int]()
    for strip in _strips(mask.raster):
        part = mask.read_part(strip)
        own.add(mask.code, part)
        unknown.update(unknown_codes(part.codes, part.labels))
        for row, inside in _inside(strip, windows):
            counts[row] += histogram(part.labels[inside.shifted(0, -strip.y).slices()])[:classes]
        strip_done(strip.pixels)
    if unknown:
        raise _unknown_error(mask, unknown, own)
    if tally is not None:
        tally.join(own)
    return counts


def _unknown_error(mask: MaskSource, unknown: Mapping[int, int], tally: ValueTally) -> DatasetError:
    """Return the error about values of a mask that no class has; one of only 0 and 255 has an error of its own."""
    if tally.is_binary:
        return DatasetError(tally.binary_sentence(str(mask.path)))
    return mask.error(unknown, tally.unknown_hint(unknown, mask.schema))


def _strips(raster: RasterSource) -> Iterator[PixelWindow]:
    """Yield strips of whole rows, and of whole blocks where these are not too tall."""
    width, height = raster.grid.width, raster.grid.height
    rows = max(1, STRIP_PIXELS // width)
    if rows > raster.block_shape[0]:
        rows -= rows % raster.block_shape[0]
    for y in range(0, height, rows):
        yield PixelWindow(0, y, width, min(rows, height - y))


def _inside(strip: PixelWindow, windows: Sequence[PixelWindow]) -> Iterator[tuple[int, PixelWindow]]:
    for row, window in enumerate(windows):
        inside = window.intersection(strip)
        if inside is not None:
            yield row, inside


def require_labels(checked: CheckedAreas, what: Text) -> None:
    """Check that some pixel of the areas is labelled; `what` they are, in the plural.

    Raises:
        DatasetError: all pixels are unlabelled.
    """
    if not checked.counts.any():
        stems = dict.fromkeys(area.stem for area in checked.areas)
        raise DatasetError(
            N_(
                "no pixel of the {areas} is labelled: there the masks of {stems} hold only 255, nodata or "
                "transparent pixels, which count as unlabelled",
                areas=what,
                stems=shortened(stems),
            )
        )


def class_notices(train: npt.NDArray[np.int64], val: npt.NDArray[np.int64], names: Iterable[str]) -> list[str]:
    """Return what the user should know about (classes,) pixel counts of the training and the validation areas."""
    classes = list(names)
    trained = [name for name, count in zip(classes, train, strict=True) if count]
    if len(trained) == 1 and len(classes) > 1:
        return [
            N_(
                "only {class_name} is labelled in the training areas (255 counts as unlabelled): the model learns no "
                "other class",
                class_name=trained[0],
            )
        ]
    absent = [name for name, count in zip(classes, train, strict=True) if not count]
    unseen = [name for name, t, v in zip(classes, train, val, strict=True) if t and not v]
    return [*([_never_trained(absent)] if absent else []), *([never_validated(unseen)] if unseen else [])]


def _never_trained(names: Sequence[str]) -> Text:
    """Return the sentence about classes that have no training pixel."""
    return N_("the model cannot learn {classes}: the training areas have no such labels", classes=shortened(names))


def never_validated(names: Sequence[str]) -> Text:
    """Return the sentence about classes that were trained and have no validation pixel."""
    return N_(
        "the accuracy of {classes} cannot be measured: the validation areas have no such labels",
        classes=shortened(names),
    )
