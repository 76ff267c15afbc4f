"""What the labels of an image lack: classes that have none, few, or all of them in one part of the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import Tile
from landseg_core.messages import N_, Text

ENOUGH = 5
"""Labelled areas of a class that are not few."""

_COMPASS = {
    (-1, 0): N_("in the north"),
    (1, 0): N_("in the south"),
    (0, -1): N_("in the west"),
    (0, 1): N_("in the east"),
    (-1, -1): N_("in the north-west"),
    (-1, 1): N_("in the north-east"),
    (1, -1): N_("in the south-west"),
    (1, 1): N_("in the south-east"),
}
_ON_SCREEN = {
    (-1, 0): N_("at the top"),
    (1, 0): N_("at the bottom"),
    (0, -1): N_("on the left"),
    (0, 1): N_("on the right"),
    (-1, -1): N_("at the upper left"),
    (-1, 1): N_("at the upper right"),
    (1, -1): N_("at the lower left"),
    (1, 1): N_("at the lower right"),
}
_ANYWHERE = (0, 0)


@dataclass(frozen=True)
class LabelSpread:
    """How the labels of a class are spread over an image.

    Attributes:
        areas: how many connected areas there are, at a coarse level, where those that nearly touch are one.
        side: the half of the rows and that of the columns that holds all of them: -1 for the upper and the left one,
            1 for the lower and the right one, 0 for both.
    """

    areas: int
    side: tuple[int, int] = _ANYWHERE

    @property
    def is_enough(self) -> bool:
        """Return whether there are neither few areas nor all in one part of the image."""
        return self.areas >= ENOUGH and self.side == _ANYWHERE

    def text(self, name: str, *, north_up: bool) -> Text:
        """Return what there is of the class `name`: `road: 3 areas, all in the north`."""
        if not self.areas:
            return N_("{name}: no labels", name=name)
        if self.side == _ANYWHERE:
            return N_("{name}: only %n areas", n=self.areas, one="{name}: only 1 area", name=name)
        where = (_COMPASS if north_up else _ON_SCREEN)[self.side]
        return N_(
            "{name}: %n areas, all {where}", n=self.areas, one="{name}: only 1 area, {where}", name=name, where=where
        )


def label_spreads(labels: LabelRaster) -> dict[int, LabelSpread]:
    """Return how the labels of each class value are spread that there are; read from the coarsest tile alone."""
    pyramid = labels.pyramid
    level = pyramid.levels - 1
    width, height = pyramid.level_size(level)
    tile = labels.tile(TileKey(level, 0, 0))[:height, :width]
    return {value: _spread(tile, value) for value in np.unique(tile).tolist() if value != UNLABELLED}


def _spread(tile: Tile, value: int) -> LabelSpread:
    x, y, width, height = cv2.boundingRect((tile == value).view(np.uint8))
    inside = (tile[y : y + height, x : x + width] == value).view(np.uint8)
    count, _ = cv2.connectedComponents(inside, connectivity=8)
    return LabelSpread(count - 1, (_half(y, y + height, tile.shape[0]), _half(x, x + width, tile.shape[1])))


def _half(start: int, end: int, length: int) -> int:
    """Return -1 where all lies before the middle, 1 where all lies behind it."""
    return -1 if 2 * end <= length else 1 if 2 * start >= length else 0


def lacks(labels: LabelRaster, schema: ClassSchema, *, north_up: bool) -> Iterator[Text]:
    """Yield what the labels of an image lack, by class, those with the fewest areas first; nothing without labels."""
    spreads = label_spreads(labels)
    found = [(spreads.get(item.value, LabelSpread(0)), item.name) for item in schema.classes] if spreads else []
    for spread, name in sorted(found, key=lambda pair: pair[0].areas):
        if not spread.is_enough:
            yield spread.text(name, north_up=north_up)
