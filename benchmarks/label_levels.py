"""Painting in memory with all coarser levels kept up to date, against the same disc and levels by OpenCV alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.table import Line, interleaved
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import StrokeRegion

SIDE = 16_384
DIAMETERS = (100, 1000)
_DISCS = 20
_PLACES = [(3000 + 137 * number, 5000 + 211 * number) for number in range(_DISCS)]

Levels = list[npt.NDArray[np.uint8]]


def label_levels() -> Iterator[Line]:
    for diameter in DIAMETERS:
        raster, levels = LabelRaster(SIDE, SIDE), empty_levels()
        own, others = itertools.cycle((1, 2)), itertools.cycle((1, 2))
        yield interleaved(
            f"paint {_DISCS} discs of {diameter} px, with all levels",
            lambda raster=raster, diameter=diameter, own=own: paint(raster, diameter, next(own)),
            "cv2.circle, and cv2.resize (nearest) of its box for each level",
            lambda levels=levels, diameter=diameter, others=others: draw(levels, diameter, next(others)),
        )


def empty_levels() -> Levels:
    """Return whole masks of all levels down to one tile."""
    sides = [SIDE >> level for level in range(6)]
    return [np.full((side, side), UNLABELLED, np.uint8) for side in sides]


def paint(raster: LabelRaster, diameter: int, value: int) -> None:
    edit = raster.begin()
    for place in _PLACES:
        edit.paint(StrokeRegion([place], diameter), value)
    edit.finish()


def draw(levels: Levels, diameter: int, value: int) -> None:
    for x, y in _PLACES:
        cv2.circle(levels[0], (x, y), diameter // 2, value, thickness=-1)
        for number, (finer, coarser) in enumerate(itertools.pairwise(levels), start=1):
            left, right, top, bottom = ((edge >> number) for edge in _box(x, y, diameter))
            part = finer[2 * top : 2 * bottom, 2 * left : 2 * right]
            size = (right - left, bottom - top)
            coarser[top:bottom, left:right] = cv2.resize(part, size, interpolation=cv2.INTER_NEAREST)


def _box(x: int, y: int, diameter: int) -> tuple[int, int, int, int]:
    """Return left, right, top and bottom around a disc, whole pixels of all levels."""
    reach = diameter // 2 + 32
    return x - reach, x + reach + 32, y - reach, y + reach + 32
