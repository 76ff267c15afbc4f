"""Which tiles of which layers are worth drawing and loading for what a viewport shows, and in which order."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.layer import ImageLayer, Layer

_UNSEEN = 1 / 255  # less light than this comes through as no difference on a screen

Tiles = dict[Layer, list[TileKey]]


class Cover(NamedTuple):
    """A part of a tile, in raster px, below which as much light is left as comes `through`, from 0 to 1."""

    area: PixelWindow
    through: float


def visible_tiles(layer: Layer, frame: ViewFrame) -> list[TileKey]:
    """Return the tiles that show `layer` in `frame`, at the level that is sharp there."""
    pyramid = layer.reader.pyramid
    seen = frame.visible(pyramid.width, pyramid.height)
    return list(pyramid.tiles_in(pyramid.level_for_scale(frame.scale), seen)) if seen else []


def tiles_in_sight(layer: Layer, frame: ViewFrame) -> list[TileKey]:
    """Return the tiles that `frame` needs, the most urgent first: the coarsest, then from the middle outwards."""
    pyramid = layer.reader.pyramid
    seen = frame.visible(pyramid.width, pyramid.height)
    if seen is None:
        return []
    level = pyramid.level_for_scale(frame.scale)
    in_sight = _from_the_middle(pyramid.tiles_in(level, seen), seen, pyramid.tile << level)
    if not layer.reader.needs_pyramid:
        return list(dict.fromkeys([TileKey(pyramid.levels - 1, 0, 0), *in_sight]))
    return [pyramid.quicklook_key, *in_sight] if layer.reader.has_quicklook else in_sight


def tiles_around(layer: Layer, frame: ViewFrame) -> list[TileKey]:
    """Return the tiles that panning and zooming out from `frame` would need.

    There are none where each is made from the full resolution: then nothing is loaded but what is needed.
    """
    pyramid = layer.reader.pyramid
    seen = frame.visible(pyramid.width, pyramid.height)
    if seen is None or layer.reader.needs_pyramid:
        return []
    level = pyramid.level_for_scale(frame.scale)
    return list(pyramid.tiles_in(min(level + 1, pyramid.levels - 1), _grown(seen, pyramid.tile << level)))


def uncovered(tiles: Tiles, cover: Callable[[Layer, TileKey], Cover | None]) -> Tiles:
    """Return of the tiles of each layer, which are given from the bottom to the top, those in which something is seen.

    `cover(layer, key)` returns where a tile hides what is below. The image counts as seen, whatever lies over it: it
    must be there at once when that goes.
    """
    above: dict[TileKey, list[Cover]] = defaultdict(list)
    found: Tiles = {}
    below = len(tiles)
    for layer, keys in reversed(tiles.items()):
        below -= 1
        found[layer] = keys if isinstance(layer, ImageLayer) else [key for key in keys if _is_seen(layer, key, above)]
        if below > 1:  # the lowest is the image
            for key in found[layer]:
                if its_cover := cover(layer, key):
                    above[key].append(its_cover)
    return dict(reversed(found.items()))


def _is_seen(layer: Layer, key: TileKey, above: Mapping[TileKey, Iterable[Cover]]) -> bool:
    covers = above.get(key)
    if not covers:
        return layer.reaches(key)
    extent = layer.extent(key)
    if extent is None:
        return False
    return math.prod(cover.through for cover in covers if cover.area.contains(extent)) > _UNSEEN


def _from_the_middle(keys: Iterable[TileKey], seen: PixelWindow, side: int) -> list[TileKey]:
    """Return tiles, each `side` px of the raster wide, in order of their distance from the middle of what is seen."""
    row, column = (seen.y + seen.height / 2) / side - 0.5, (seen.x + seen.width / 2) / side - 0.5
    return sorted(keys, key=lambda key: math.hypot(key.row - row, key.column - column))


def _grown(window: PixelWindow, margin: int) -> PixelWindow:
    return PixelWindow(window.x - margin, window.y - margin, window.width + 2 * margin, window.height + 2 * margin)


def by_urgency(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers, given from the bottom to the top, in the order in which to load them.

    The image comes first, then the topmost of the others, which may hide those below.
    """
    return [*layers[:1], *reversed(layers[1:])]
