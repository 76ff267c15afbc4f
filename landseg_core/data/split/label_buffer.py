"""Keeps labels to train on at a distance from areas to validate on, and counts how many labels that leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from landseg_core.data.split.buffers import KEPT_SHARE, ImageWindow, apply_buffer, distances
from landseg_core.data.split.label_grid import Counts, LabelTile, histogram
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.pyramid import TILE


def buffer_labels(
    read_tiles: Callable[[], Iterable[LabelTile]],
    train: Sequence[ImageWindow],
    val: Sequence[ImageWindow],
    buffer: int,
    schema: ClassSchema,
) -> tuple[tuple[ImageWindow, ...], int]:
    """Return windows to train on that hold labels, at least `buffer` px from those to validate on, and their distance.

    The distance is smaller than wanted if that would leave under half of the labels, or none of some class.
    """
    tried = [apply_buffer(train, val, distance) for distance in distances(buffer)]
    if tried[0] == list(train):
        return tuple(train), buffer
    each = list(dict.fromkeys(window for windows in tried for window in windows))
    counts = dict(zip(each, _counts(each, read_tiles(), schema), strict=True))
    labelled = [[window for window in windows if counts[window].any()] for windows in tried]
    held = [_total([counts[window] for window in windows], len(schema)) for windows in labelled]
    number = next(number for number, pixels in enumerate(held) if _enough(pixels, held[-1]))
    return tuple(labelled[number]), distances(buffer)[number]


def _total(counts: Sequence[Counts], classes: int) -> Counts:
    total: Counts = np.array(counts, np.int64).reshape(-1, classes).sum(axis=0)
    return total


def _enough(held: Counts, every: Counts) -> bool:
    """Return whether (K,) labelled px are enough of `every`."""
    return bool(held.sum() >= KEPT_SHARE * every.sum() and ((held > 0) == (every > 0)).all())


def _counts(windows: Sequence[ImageWindow], tiles: Iterable[LabelTile], schema: ClassSchema) -> Counts:
    """Return the (windows, K) labelled px by class index."""
    by_tile = _by_tile(windows)
    counts = np.zeros((len(windows), len(schema)), np.int64)
    for image, key, tile in tiles:
        corner = key.column * TILE, key.row * TILE
        for number in by_tile.get((image, key), ()):
            inside = windows[number][1].intersection(PixelWindow(*corner, TILE, TILE))
            if inside is not None:
                here = tile[inside.shifted(-corner[0], -corner[1]).slices()]
                counts[number] += histogram(here)[list(schema.values)].astype(np.int64)
    return counts


def _by_tile(windows: Sequence[ImageWindow]) -> dict[tuple[int, TileKey], list[int]]:
    """Return the numbers of the windows that touch each label tile of an image."""
    found: dict[tuple[int, TileKey], list[int]] = {}
    for number, (image, window) in enumerate(windows):
        for row in range(window.y // TILE, (window.bottom - 1) // TILE + 1):
            for column in range(window.x // TILE, (window.right - 1) // TILE + 1):
                found.setdefault((image, TileKey(0, row, column)), []).append(number)
    return found
