"""How much of their images labels cover, and where they lie: what few labels can say of a whole map."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.geo.tiling import sliding_windows
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_, Text, listed
from landseg_core.raster.source import RasterSource

FEW = 0.1
"""Labels are few where they cover less than this share of the areas around them, as strokes do, but not polygons."""
MOST_GAPS = 3
"""So many parts of images without labels are named."""
_LABEL_WINDOW = 1024

Position = tuple[float, float]
"""Column and row as shares of an image's width and height."""


def labelled_share(areas: Sequence[LabelledArea]) -> float:
    """Return the share of the pixels of `areas` that have a label; 1 where labels have not been counted."""
    if not all(area.class_px for area in areas):
        return 1.0
    return sum(sum(area.class_px) for area in areas) / max(1, sum(area.native_window.pixels for area in areas))


def are_few(areas: Sequence[LabelledArea]) -> bool:
    """Return whether the labels of `areas` are few; False where they were not counted."""
    return 0 < labelled_share(areas) < FEW


def whole_images(areas: Sequence[LabelledArea]) -> list[LabelledArea]:
    """Return for each image of `areas` one area of all of it, read in the same way.

    Raises:
        RasterError: an image cannot be read.
    """
    return [_whole(area) for area in {area.image: area for area in areas}.values()]


def _whole(area: LabelledArea) -> LabelledArea:
    with RasterSource(area.image, alpha=area.alpha) as source:
        return replace(area, window=area.view.to_view(source.grid.window), class_px=())


def spread_windows(images: Sequence[LabelledArea], side: int, count: int) -> list[tuple[LabelledArea, PixelWindow]]:
    """Return at most `count` windows of `side` px, spread evenly over areas; a smaller area has one of its own size."""
    numbers = np.cumsum([0, *(math.prod(_cells(image, side)) for image in images)])
    total = int(numbers[-1])
    found = []
    for number in sorted({number * total // count for number in range(count)} if total else ()):
        image = int(np.searchsorted(numbers, number, side="right")) - 1
        found.append((images[image], _cell(images[image], side, number - int(numbers[image]))))
    return found


def _cells(area: LabelledArea, side: int) -> tuple[int, int]:
    """Return how many cells of about `side` px an area has across and down."""
    return max(1, area.window.width // side), max(1, area.window.height // side)


def _cell(area: LabelledArea, side: int, number: int) -> PixelWindow:
    window, (columns, rows) = area.window, _cells(area, side)
    row, column = divmod(number, columns)
    x, y = window.x + window.width * column // columns, window.y + window.height * row // rows
    return PixelWindow(x, y, min(side, window.width), min(side, window.height))


@dataclass(frozen=True)
class LabelCoverage:
    """The labelled px of each class, the px of their images, and parts of images without labels, as texts."""

    class_px: tuple[int, ...]
    image_px: int
    gaps: tuple[Text, ...]

    @cached_property
    def text(self) -> Text:
        """Return a clause: `labels cover 1.0% of the images, none in the upper third of town`."""
        share = sum(self.class_px) / max(1, self.image_px)
        if not self.gaps:
            return N_("labels cover {share:.1%} of the images", share=share)
        gaps = listed(self.gaps[:MOST_GAPS])
        more = len(self.gaps) - MOST_GAPS
        if more > 0:
            return N_(
                "labels cover {share:.1%} of the images, none in {gaps} and %n more thirds of images",
                n=more,
                one="labels cover {share:.1%} of the images, none in {gaps} and one more third of an image",
                share=share,
                gaps=gaps,
            )
        return N_("labels cover {share:.1%} of the images, none in {gaps}", share=share, gaps=gaps)


def label_coverage(
    areas: Sequence[LabelledArea], images: Sequence[LabelledArea], reader: AreaReader, checkpoint: Callable[[], None]
) -> LabelCoverage:
    """Return what the labels of `areas` cover of their whole `images`; `checkpoint` is called between windows.

    Raises:
        RasterError: an image cannot be read.
        DatasetError: a mask cannot be used.
    """
    class_px = tuple(np.sum([area.class_px for area in areas if area.class_px], axis=0).tolist())
    positions: dict[object, list[Position]] = {}
    sizes = {image.image: image.window for image in images}
    for area in areas:
        found = positions.setdefault(area.image, [])
        found.extend(_positions(area, sizes[area.image], reader, checkpoint))
    gaps = tuple(gap for image in images for gap in _gaps(image.stem, positions.get(image.image, [])))
    return LabelCoverage(class_px, sum(image.native_window.pixels for image in images), gaps)


def _positions(
    area: LabelledArea, image: PixelWindow, reader: AreaReader, checkpoint: Callable[[], None]
) -> Iterator[Position]:
    for window in sliding_windows(area.window.width, area.window.height, _LABEL_WINDOW, overlap=0):
        checkpoint()
        inside = window.shifted(area.window.x, area.window.y)
        rows, columns = np.nonzero(reader.read_labels(area, inside)[::4, ::4] != UNLABELLED)
        for row, column in {
            (row // 8, column // 8) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        }:
            yield (inside.x + 32 * column - image.x) / image.width, (inside.y + 32 * row - image.y) / image.height


def _gaps(stem: str, positions: Sequence[Position]) -> Iterator[Text]:
    """Yield the outer thirds of an image that hold no label."""
    columns, rows = np.array(positions, float).reshape(-1, 2).T
    if not (rows < 1 / 3).any():
        yield N_("the upper third of {image}", image=stem)
    if not (rows >= 2 / 3).any():
        yield N_("the lower third of {image}", image=stem)
    if not (columns < 1 / 3).any():
        yield N_("the left third of {image}", image=stem)
    if not (columns >= 2 / 3).any():
        yield N_("the right third of {image}", image=stem)
