"""Finds the region of a prediction under a click, so that it can be accepted as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.filling import flood
from landseg_core.labels.outlines import Ring, outline
from landseg_core.labels.regions import Mask, MaskRegion
from landseg_core.project.map_on_image import ValuesOnImage

_MOST_VERTICES = 5000  # of an outline, which is that of a whole region however large
_FIRST_SIDE = 512  # px: most regions are smaller, and are found in one read


@dataclass(frozen=True, eq=False)
class PredictedRegion:
    """Pixels of one predicted `value`, connected by their sides.

    `rings` is the outline, outer rings and holes, in raster px, see `labels.outlines`. `is_cut`: the region goes on
    beyond the limit that was searched.
    """

    region: MaskRegion
    value: int
    rings: tuple[Ring, ...]
    is_cut: bool

    def holds(self, pixel: tuple[int, int]) -> bool:
        """Return whether a (column, row) belongs to the region."""
        return bool(self.region.mask(PixelWindow(*pixel, 1, 1))[0, 0])


def predicted_region(prediction: ValuesOnImage, pixel: tuple[int, int], limit: PixelWindow) -> PredictedRegion | None:
    """Return the region around a `pixel` (column, row) of the image; None where nothing is predicted.

    Only what lies inside `limit` (raster px) is searched; a small region needs only a small part of that to be read.

    Args:
        prediction: class values on the image, of all of it or of a part.
        pixel: where to look.
        limit: how far the region may reach.

    Raises:
        RasterError: the values cannot be read.
    """
    whole = prediction.window.intersection(limit)
    if whole is None or not whole.contains(PixelWindow(*pixel, 1, 1)):
        return None
    for part in _growing(pixel, whole):
        values = _read(prediction, part)
        seed = pixel[0] - part.x, pixel[1] - part.y
        value = int(values[seed[1], seed[0]])
        if value == UNLABELLED:
            return None
        pixels = flood(values, seed, 4)
        if part == whole or not _touches(pixels, part, whole):
            break
    box = PixelWindow(*cv2.boundingRect(pixels.view(np.uint8)))
    region = MaskRegion(box.shifted(part.x, part.y), pixels[box.slices()])
    rings = outline(region.pixels, (region.window.x, region.window.y), most=_MOST_VERTICES)
    return PredictedRegion(region, value, rings, _touches(pixels, part, prediction.window))


def _growing(pixel: tuple[int, int], whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield squares around a pixel, each twice as wide as the one before, the last one all of `whole`."""
    side, part = _FIRST_SIDE, None
    while part != whole:
        square = PixelWindow(pixel[0] - side // 2, pixel[1] - side // 2, side, side)
        part = square.intersection(whole) or whole
        yield part
        side *= 2


def _read(prediction: ValuesOnImage, window: PixelWindow) -> npt.NDArray[np.uint8]:
    """Return (H, W) predicted values, 255 where there is no data."""
    values, known = prediction.read(window)
    return np.where(known, values, np.uint8(UNLABELLED))


def _touches(pixels: Mask, part: PixelWindow, whole: PixelWindow) -> bool:
    """Return whether `pixels` of `part` reach an edge of it that is no edge of `whole`."""
    edges = (
        (part.x > whole.x, pixels[:, 0]),
        (part.right < whole.right, pixels[:, -1]),
        (part.y > whole.y, pixels[0]),
        (part.bottom < whole.bottom, pixels[-1]),
    )
    return any(inside and line.any() for inside, line in edges)
