"""Finds images that show the same ground on both sides of a split: their figures would flatter the model."""

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

_LEAST = 1.0
"""Images overlap by more than this many px: formats round their transforms."""

Box = tuple[float, float, float, float]
"""Least x and y, largest x and y."""


def overlap_notices(
    train: Sequence[LabelledArea], val: Sequence[LabelledArea], grids: Mapping[Path, RasterGrid]
) -> list[str]:
    """Return the sentence about areas to train on that lie on ground to validate on in another image.

    Only images of the same CRS with a place on the ground are compared; `grids` are those of the images.
    """
    trained = _by_image(train, grids)
    boxes = np.array([image.box for image in trained]).reshape(-1, 4)
    found: dict[frozenset[Path], str] = {}  # an image of both sides may overlap another one both ways
    for ours in _by_image(val, grids):
        for theirs in _near(ours, trained, boxes):
            if _overlap(ours, theirs):
                found.setdefault(frozenset((ours.path, theirs.path)), f"{ours.stem} and {theirs.stem}")
    if not found:
        return []
    sentence = (
        f"{shortened(found.values(), 3)} show the same ground, one to validate on and the other to train on: "
        "the figures flatter the model; put images that overlap on one side"
    )
    return [sentence]


@dataclass(frozen=True)
class _Image:
    """An image with a place on the ground, the box of it in CRS coordinates, and its areas."""

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
    """Tell whether an area of one image lies on one of the other, as seen in px of the latter."""
    boxes = np.array([(window.x, window.y, window.right, window.bottom) for window in theirs.windows], np.float64)
    return any(bool(_touch(_seen_from(theirs, ours, window), boxes, _LEAST).any()) for window in ours.windows)


def _seen_from(theirs: _Image, ours: _Image, window: PixelWindow) -> Box:
    return _box(theirs.grid.to_pixel(*ours.grid.to_crs(*corner)) for corner in _corners(window))


def _touch(box: Box, boxes: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a box overlaps one of the (N, 4) `boxes` by more than `least` both ways."""
    left, top, right, bottom = boxes.T
    wide = np.minimum(right, box[2]) - np.maximum(left, box[0]) > least
    high = np.minimum(bottom, box[3]) - np.maximum(top, box[1]) > least
    result: npt.NDArray[np.bool_] = wide & high
    return result
