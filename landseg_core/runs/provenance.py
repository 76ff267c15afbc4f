"""The provenance of a model: its training areas as the model file records them, and what they leave to evaluate on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pydantic

from landseg_core.data.areas import LabelledArea
from landseg_core.data.fingerprint import fingerprint
from landseg_core.data.lists import shortened
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError
from landseg_core.geo.rectangles import disjoint, merged, subtract_all
from landseg_core.geo.window import PixelLength, PixelWindow, StoredWindow
from landseg_core.messages import N_
from landseg_core.models.compatibility import check_compatible
from landseg_core.models.header import BundleHeader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import RasterView

MOST_WINDOWS = 20_000
"""Of more windows, those of the images that have the most are not recorded singly: the whole image then counts."""
MOST_IMAGES = 50_000
"""A record names no more images than this; a model file has a header of bounded size."""


@dataclass(frozen=True)
class TrainedImage:
    """An image that a model was trained on; `windows` are (x, y, width, height) in its px, None for the whole."""

    stem: str
    width: PixelLength
    height: PixelLength
    fingerprint: str
    windows: Annotated[tuple[StoredWindow, ...], pydantic.Field(max_length=MOST_WINDOWS)] | None = None

    def trained_windows(self) -> list[PixelWindow]:
        """Return the windows that were trained on."""
        if self.windows is None:
            return [PixelWindow(0, 0, self.width, self.height)]
        return [PixelWindow(*window) for window in self.windows]


TrainedImages = Annotated[tuple[TrainedImage, ...], pydantic.Field(max_length=MOST_IMAGES)]
_RECORD = pydantic.TypeAdapter(TrainedImages)


def provenance(
    data: TrainingData, checkpoint: Callable[[], None], parent: BundleHeader | None = None
) -> dict[str, Any]:
    """Return what a model file records of the training areas of `data`: images, windows, and labelled px of each class.

    Windows and pixels are those of the files, however the data set has them read. `trained_on_untold` is the number of
    images that the record has no room for. A model that started from another one was trained on what that records, too.

    `checkpoint` is called before every image.

    Raises:
        RasterError: an image cannot be read.
        JobStopped: `checkpoint` raised it.
    """
    images = []
    for path, areas in _by_image(data.train).items():
        checkpoint()
        with RasterSource(path, alpha=areas[0].alpha) as source:
            images.append(_trained_image(source, data.bands, areas))
    of_parent = parent.training if parent else {}
    pixels = dict(zip(data.schema.names, _class_pixels(data), strict=True))
    trained_px = {name: count or of_parent.get("trained_px", {}).get(name, 0) for name, count in pixels.items()}
    return _record(images, parent) | {"trained_px": trained_px}


def _record(images: Sequence[TrainedImage], parent: BundleHeader | None) -> dict[str, Any]:
    """Return the record of `images` and of those that the parent model was trained on."""
    every = list(dict.fromkeys([*images, *(_recorded(parent) if parent else ())]))
    recorded = _RECORD.dump_python(tuple(_bounded(every[:MOST_IMAGES])), mode="json")
    of_parent = parent.training.get("trained_on_untold", 0) if parent else 0
    return {"trained_on": recorded, "trained_on_untold": max(0, len(every) - MOST_IMAGES) + of_parent}


def header_trained_on(header: BundleHeader, images: Sequence[TrainedImage]) -> BundleHeader:
    """Return the header of a model that was trained on `images` as well."""
    return replace(header, training=header.training | _record(images, header)) if images else header


def trained_image(
    source: RasterSource, stem: str, bands: Sequence[int], windows: Iterable[PixelWindow]
) -> TrainedImage:
    """Return the record of an image of which `windows`, in its own px, were trained on.

    Raises:
        RasterError: it cannot be read.
    """
    whole, found = source.grid.window, disjoint(windows)
    stored = None if found == [whole] else tuple((w.x, w.y, w.width, w.height) for w in found)
    return TrainedImage(stem, whole.width, whole.height, fingerprint(source, bands), stored)


def trained_classes(data: TrainingData) -> list[bool]:
    """Return which classes the training areas hold; all, where they were not counted."""
    pixels = _class_pixels(data)
    return [count > 0 for count in pixels] if any(pixels) else [True] * len(data.schema)


def classes_known_to(header: BundleHeader) -> list[bool]:
    """Return which classes a model was trained on, as its record says; all, where it says nothing."""
    recorded = header.training.get("trained_px")
    pixels = recorded if isinstance(recorded, dict) else {}
    return [pixels.get(name, 1) != 0 for name in header.schema.names]


def _class_pixels(data: TrainingData) -> list[int]:
    """Return the labelled px of each class that were counted in the training areas."""
    counted = [area.class_px for area in data.train if area.class_px]
    return [sum(pixels) for pixels in zip(*counted, strict=True)] or [0] * len(data.schema)


def _by_image(areas: Sequence[LabelledArea]) -> dict[Path, list[LabelledArea]]:
    found: dict[Path, list[LabelledArea]] = defaultdict(list)
    for area in areas:
        found[area.image].append(area)
    return found


def _trained_image(source: RasterSource, bands: Sequence[int], areas: Sequence[LabelledArea]) -> TrainedImage:
    view = areas[0].view  # an image has one view
    # Merged as they are read, where they adjoin: the px of the file that they are resampled from may overlap.
    windows = (replace(areas[0], window=window).native_window for window in merged(area.window for area in areas))
    return trained_image(source, areas[0].stem, view.bands or bands, windows)


def _bounded(images: Sequence[TrainedImage]) -> list[TrainedImage]:
    """Return the images, those with the most windows as wholes where there are too many windows."""
    left = sum(len(image.windows or ()) for image in images)
    bounded = list(images)
    for number in sorted(range(len(images)), key=lambda number: -len(images[number].windows or ())):
        if left <= MOST_WINDOWS:
            break
        image = images[number]
        left -= len(image.windows or ())
        bounded[number] = TrainedImage(image.stem, image.width, image.height, image.fingerprint)
    return bounded


@dataclass(frozen=True)
class HeldOutAreas:
    """Areas that a model was not trained on, what is to be left out in them by image, and how many px that is.

    What is to be left out, and its px, are those of the image files, in whichever way the areas are read.
    """

    areas: tuple[LabelledArea, ...]
    left_out: Mapping[Path, Sequence[PixelWindow]]
    left_out_px: int
    notices: tuple[str, ...]


def held_out_areas(header: BundleHeader, areas: Sequence[LabelledArea]) -> HeldOutAreas:
    """Return what of `areas` the model was not trained on, as far as its record says.

    Raises:
        DatasetError: nothing is left.
        ModelError: an image has not the bands that the model needs, or another kind of number.
        RasterError: an image cannot be read.
    """
    left_out = trained_windows(header, areas)
    native = [(area, area.native_window) for area in areas]
    rest = [(area, window.pixels, _common(window, left_out.get(area.image, ()))) for area, window in native]
    left = tuple(area for area, pixels, common in rest if common < pixels)
    every, known = sum(pixels for _, pixels, _ in rest), sum(common for *_, common in rest)
    stems = dict.fromkeys(area.stem for area, _, common in rest if common)
    if not left:
        raise DatasetError(
            N_(
                "the model was trained on all {every} pixels of {stems}: they cannot measure its accuracy; "
                "evaluate it on other images, or on those that validated it",
                every=every,
                stems=shortened(stems),
            )
        )
    notice = N_(
        "{known} of {every} pixels are left out, since the model was trained on them ({stems}): "
        "the metrics count only the rest",
        known=known,
        every=every,
        stems=shortened(stems),
    )
    return HeldOutAreas(left, left_out, known, ((notice,) if stems else ()) + _unrecorded_notices(header))


def _unrecorded_notices(header: BundleHeader) -> tuple[str, ...]:
    """Return the notice about training images that are not on record."""
    unrecorded = header.training.get("trained_on_untold", 0)
    if not unrecorded:
        return ()
    sentence = N_(
        "the model has no record of %n of the images that it was trained on, for lack of space: any of them "
        "among these would make the metrics too optimistic",
        n=unrecorded,
        one="the model has no record of one of the images that it was trained on, for lack of space: if it is "
        "among these, the metrics are too optimistic",
    )
    return (sentence,)


def _common(window: PixelWindow, others: Iterable[PixelWindow]) -> int:
    """Return the px that a window shares with others, which are disjoint."""
    return sum(inside.pixels for inside in map(window.intersection, others) if inside is not None)


def trained_windows(header: BundleHeader, areas: Sequence[LabelledArea]) -> dict[Path, list[PixelWindow]]:
    """Return the windows, none over another, that the model was trained on in each image that its record knows.

    Raises:
        ModelError: an image has not the bands that the model needs, or another kind of number.
        RasterError: an image cannot be read.
    """
    known: dict[tuple[int, int], dict[str, list[PixelWindow]]] = defaultdict(lambda: defaultdict(list))
    for image in _recorded(header):
        windows = known[image.width, image.height][image.fingerprint]
        windows += [piece for window in image.trained_windows() for piece in subtract_all(window, tuple(windows))]
    return dict(_recognised(header, known, {area.image: area for area in areas}))


def _recognised(
    header: BundleHeader,
    known: Mapping[tuple[int, int], Mapping[str, list[PixelWindow]]],
    images: Mapping[Path, LabelledArea],
) -> Iterator[tuple[Path, list[PixelWindow]]]:
    for path, area in images.items():
        with RasterSource(path, alpha=area.alpha) as source:
            same_size = known.get((source.grid.width, source.grid.height), {})
            marks = (fingerprint(source, bands) for bands in _possible_bands(header, source, area.view) if same_size)
            windows = next((same_size[mark] for mark in marks if mark in same_size), None)
        if windows:
            yield path, windows


def _possible_bands(header: BundleHeader, source: RasterSource, view: RasterView) -> Iterator[tuple[int, ...]]:
    """Yield the bands of an image that the model may have been trained on: by their names, or by their numbers."""
    fitting = view.bands or check_compatible(header, source)
    yield fitting
    if fitting != header.bands and set(header.bands) <= set(source.data_bands):
        yield header.bands


def _recorded(header: BundleHeader) -> Sequence[TrainedImage]:
    """Return the images on record; none, where it is of a version that recorded none."""
    try:
        return _RECORD.validate_python(header.training.get("trained_on", []))
    except pydantic.ValidationError:
        return ()
