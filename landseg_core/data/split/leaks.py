"""Finds overlapping images of which one is trained on and the other validates: the accuracy is overestimated then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.data.lists import shortened
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_, Text

_LEAST = 1.0
"""Images overlap by more than this many px: formats round their transforms."""

Box = tuple[float, float, float, float]
"""Least x and y, largest x and y."""


def overlap_notices(
    train: Sequence[LabelledArea], val: Sequence[LabelledArea], grids: Mapping[Path, RasterGrid]
) -> list[Text]:
    """Return the sentence about areas to train on that overlap areas to validate on in another image.

    Only georeferenced images of the same CRS are compared; `grids` are those of the images.
    """
    trained = _by_image(train, grids)
    boxes = np.array([image.box for image in trained]).reshape(-1, 4)
    found: dict[frozenset[Path], Text] = {}  # an image with areas of both kinds may overlap another one in both
    for ours in _by_image(val, grids):
        for theirs in _near(ours, trained, boxes):
            if _overlap(ours, theirs):
                pair = N_("{validated} and {trained}", validated=ours.stem, trained=theirs.stem)
                found.setdefault(frozenset((ours.path, theirs.path)), pair)
    if not found:
        return []
    sentence = N_(
        "{pairs} overlap, but one is validated on and the other trained on: the accuracy is overestimated; use "
        "overlapping images either for training or for validation",
        pairs=shortened(found.values(), 3),
    )
    return [sentence]


@dataclass(frozen=True)
class _Image:
    """A georeferenced image, its bounding box in CRS coordinates, and its areas."""

    path: Path
    stem: str
    grid: RasterGrid
    crs: str
    box: Box
    windows: list[PixelWindow] = field(default_factory=list)


def _by_image(areas: Sequence[LabelledArea], grids: Mapping[Path, RasterGrid]) -> list[_Image]:
    found: dict[Path, _Image] = {}
    for area in areas:
        grid = grids[area.image]
        if not grid.is_georeferenced:
            continue
        if area.image not in found:
            crs = grid.crs.to_wkt() if grid.crs else ""
            box = _box(grid.to_crs(*corner) for corner in _corners(grid.window))
            found[area.image] = _Image(area.image, area.stem, grid, crs, box)
        found[area.image].windows.append(area.window)
    return list(found.values())


def _corners(window: PixelWindow) -> list[tuple[int, int]]:
    return [(x, y) for x in (window.x, window.right) for y in (window.y, window.bottom)]


def _box(points: Iterator[tuple[float, float]]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _near(image: _Image, others: Sequence[_Image], boxes: npt.NDArray[np.float64]) -> Iterator[_Image]:
    """Yield the other images of the same CRS whose (N, 4) `boxes` overlap that of `image`."""
    for number in np.flatnonzero(_touch(image.box, boxes, 0.0)).tolist():
        if others[number].path != image.path and others[number].crs == image.crs:
            yield others[number]


def _overlap(ours: _Image, theirs: _Image) -> bool:
    """Return whether an area of one image overlaps one of the other, in px of the latter."""
    boxes = np.array([(window.x, window.y, window.right, window.bottom) for window in theirs.windows], np.float64)
    return any(bool(_touch(_box_in(theirs, ours, window), boxes, _LEAST).any()) for window in ours.windows)


def _box_in(theirs: _Image, ours: _Image, window: PixelWindow) -> Box:
    return _box(theirs.grid.to_pixel(*ours.grid.to_crs(*corner)) for corner in _corners(window))


def _touch(box: Box, boxes: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a box overlaps one of the (N, 4) `boxes` by more than `least` in both axes."""
    left, top, right, bottom = boxes.T
    wide = np.minimum(right, box[2]) - np.maximum(left, box[0]) > least
    high = np.minimum(bottom, box[3]) - np.maximum(top, box[1]) > least
    result: npt.NDArray[np.bool_] = wide & high
    return result
