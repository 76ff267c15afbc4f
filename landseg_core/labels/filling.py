"""Finds the region at a click in the labels, the holes in that region, or the similar pixels around a click."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Mask, MaskRegion

_SET = 1


def connected_region(labels: LabelRaster, column: float, row: float, limit: PixelWindow) -> MaskRegion:
    """Return the pixels with the same label (or no label) as the one at (column, row) that are connected to it.

    Connected means by their sides and within `limit` (raster px, at most `LARGE_PIXELS`). There are none where the
    position is outside the raster or `limit`.
    """
    found = _flooded(labels, column, row, limit)
    return MaskRegion.nothing() if found is None else MaskRegion(found[0], found[1])


def holes(labels: LabelRaster, column: float, row: float, limit: PixelWindow) -> MaskRegion:
    """Return the unlabelled pixels that the label region at (column, row) encloses completely, see `connected_region`.

    Pixels connected to the edge of `limit` are not enclosed, and an unlabelled region has no holes.
    """
    found = _flooded(labels, column, row, limit)
    if found is None:
        return MaskRegion.nothing()
    window, region, values = found
    if values[region][0] == UNLABELLED:
        return MaskRegion.nothing()
    return MaskRegion(window, enclosed(region) & (values == UNLABELLED))


def enclosed(region: Mask) -> Mask:
    """Return the pixels outside a 4-connected `region` (H, W) from which no path, even a diagonal one, leads out."""
    background = np.pad(~region, 1, constant_values=True).view(np.uint8)
    outside = flood(background, (0, 0), 8)[1:-1, 1:-1]
    return np.asarray(~(region | outside))


def flood(image: npt.NDArray[np.uint8], seed: tuple[int, int], neighbours: int) -> Mask:
    """Return (H, W) bool: the pixels of `image` (H, W) connected to `seed` (column, row) that have its value.

    `neighbours` is 4 (connected by sides) or 8 (by corners too).
    """
    mask = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
    cv2.floodFill(image, mask, seed, 0, 0, 0, neighbours | _SET << 8 | cv2.FLOODFILL_MASK_ONLY)
    return mask[1:-1, 1:-1].view(bool)


_Found = tuple[PixelWindow, Mask, npt.NDArray[np.uint8]]


def _flooded(labels: LabelRaster, column: float, row: float, limit: PixelWindow) -> _Found | None:
    """Return the box around the region at a position, the region and the labels in the box, or None outside."""
    whole = PixelWindow(0, 0, labels.pyramid.width, labels.pyramid.height).intersection(limit)
    pixel = PixelWindow(math.floor(column), math.floor(row), 1, 1)
    if whole is None or not whole.contains(pixel):
        return None
    values = labels.read(whole)
    region = flood(values, (pixel.x - whole.x, pixel.y - whole.y), 4)
    box = PixelWindow(*cv2.boundingRect(region.view(np.uint8)))
    return box.shifted(whole.x, whole.y), region[box.slices()], values[box.slices()]


_PINHOLE = 16
"""Holes of up to this many px are noise and are closed."""


def similar_region(pixels: npt.NDArray[np.uint8], seed: tuple[int, int], tolerance: float) -> Mask:
    """Return (H, W) bool: the pixels connected to `seed` (column, row) that are similar to its surroundings.

    `pixels` are (H, W, 3) or (H, W, 1) uint8 as displayed. A pixel is similar where no band differs by more than
    `tolerance` (0-255) from the median of the 3 x 3 pixels around the seed. Connected means by their sides. Pinholes
    of a few pixels are closed.
    """
    column, row = seed
    around = pixels[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    colour = np.median(around.reshape(-1, pixels.shape[2]), axis=0)
    lower, upper = np.ceil(colour - tolerance), np.floor(colour + tolerance)
    alike = cv2.inRange(pixels, lower, upper)
    alike[row, column] = 255
    return _without_pinholes(flood(alike, seed, 4))


def _without_pinholes(region: Mask) -> Mask:
    box = cv2.boundingRect(region.view(np.uint8))
    inside = slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])
    gaps = enclosed(region[inside]).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(gaps, connectivity=8, ltype=cv2.CV_32S)
    small = stats[:count, cv2.CC_STAT_AREA] <= _PINHOLE
    small[0] = False  # the pixels outside all gaps
    region[inside] |= small[labels]
    return region
