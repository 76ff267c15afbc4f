"""How a person draws a roof with cells: drags over those that are the roof's, then mends its walls with a brush."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.pyramid import TILE
from landseg_core.labels.regions import PolygonRegion, Position, StrokeRegion

Ring = tuple[Position, ...]
Mask = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.int64]

_MARGINS = (4.0, 2.0, 1.0, 0.0)  # px that a drag stays away from what it must not touch, where there is room
_NEAR = 24  # px: no cell reaches farther beyond a wall
_STEP = 3  # px between the positions of a drag


def cells_in_window(tiles: Mapping[TileKey, npt.NDArray[np.int32]], window: PixelWindow) -> Ids:
    """Return (H, W) the cells of tiles of level 0 in a window that they cover, numbered without gaps."""
    cells = np.zeros((window.height, window.width), np.int64)
    start = 0
    for key, ids in tiles.items():
        tile = PixelWindow(key.column * TILE, key.row * TILE, ids.shape[1], ids.shape[0])
        part = tile.intersection(window)
        if part is not None:
            own = ids[part.shifted(-tile.x, -tile.y).slices()]
            cells[part.shifted(-window.x, -window.y).slices()] = own + start
        start += int(ids.max()) + 1
    return np.unique(cells, return_inverse=True)[1].reshape(cells.shape)


def near(roof: Mask) -> Mask:
    """Return the pixels of a roof and those around it that belong to its drawing."""
    return np.asarray(cv2.dilate(roof.view(np.uint8), np.ones((2 * _NEAR + 1, 2 * _NEAR + 1), np.uint8)), bool)


def middle_of(mask: Mask, window: PixelWindow) -> Position:
    """Return the middle of the pixel of a mask of a window that is farthest from its edge."""
    row, column = _deepest(mask)
    return window.x + column + 0.5, window.y + row + 0.5


def cells_of(ids: Ids, roof: Mask) -> Mask:
    """Return (H, W): the pixels of the cells `ids` (H, W) more than half of which are the roof's."""
    inside = np.bincount(ids[roof], minlength=int(ids.max()) + 1)
    return np.asarray((inside * 2 > np.bincount(ids.ravel()))[ids])


def drags_over(ids: Ids, chosen: Mask) -> list[list[tuple[int, int]]]:
    """Return for each connected part of the `chosen` cells the (column, row) of a drag that passes all of its cells."""
    count, parts = cv2.connectedComponents(chosen.view(np.uint8), connectivity=4)
    return [_drag_over(np.where(parts == part, ids, -1)) for part in range(1, count)]


def _drag_over(ids: Ids) -> list[tuple[int, int]]:
    """Return the way over all cells of a part, -1 elsewhere: always on to the nearest that is still to come."""
    depth = cv2.distanceTransform(np.pad((ids >= 0).view(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    goals = {_deepest(ids == cell) for cell in np.unique(ids[ids >= 0])}
    way = [max(goals, key=lambda goal: depth[goal])]
    while goals := goals - {way[-1]}:
        found = next(filter(None, (_way(way[-1], goals, depth, margin) for margin in _MARGINS)))
        way += [*found[:-1:_STEP], found[-1]]
    return [(column, row) for row, column in way]


def _deepest(cell: Mask) -> tuple[int, int]:
    """Return the (row, column) that is farthest from the edge of a cell."""
    depth = cv2.distanceTransform(np.pad(cell.view(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column)


def _way(
    start: tuple[int, int], goals: set[tuple[int, int]], depth: npt.NDArray[np.float32], margin: float
) -> list[tuple[int, int]]:
    """Return the shortest way to the nearest goal, `margin` px from the edge but at its ends; empty without one."""
    before: dict[tuple[int, int], tuple[int, int]] = {start: start}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at in goals:
            return _back(at, before)
        for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            beside = at[0] + step[0], at[1] + step[1]
            inside = 0 <= beside[0] < depth.shape[0] and 0 <= beside[1] < depth.shape[1]
            if inside and beside not in before and depth[beside] > 0 and (depth[beside] > margin or beside in goals):
                before[beside] = at
                waiting.append(beside)
    return []


def _back(end: tuple[int, int], before: dict[tuple[int, int], tuple[int, int]]) -> list[tuple[int, int]]:
    way = [end]
    while before[way[-1]] != way[-1]:
        way.append(before[way[-1]])
    return way[::-1]


@dataclass(frozen=True)
class WallStroke:
    """A straight stroke of the brush along a wall: inside it paints, outside it erases."""

    start: Position
    end: Position
    erases: bool

    def on(self, painted: Mask, window: PixelWindow, diameter: float) -> Mask:
        """Return what is painted after it."""
        under = StrokeRegion([self.start, self.end], diameter).mask(window)
        return painted & ~under if self.erases else painted | under


def best_stroke(roof: Ring, painted: Mask, window: PixelWindow, diameter: float, others: Mask) -> WallStroke | None:
    """Return the stroke after which what is painted is most like the roof; None where none makes it more so.

    It erases nothing of the `others`, the roofs beside.
    """
    truth = PolygonRegion([roof]).mask(window)
    best, most = None, likeness(painted, truth)
    for stroke in _wall_strokes(roof, diameter):
        after = stroke.on(painted, window, diameter)
        if likeness(after, truth) > most and not (painted & others & ~after).any():
            best, most = stroke, likeness(after, truth)
    return best


def likeness(one: Mask, other: Mask) -> float:
    """Return intersection over union."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _wall_strokes(roof: Ring, diameter: float) -> Iterator[WallStroke]:
    inwards = 1.0 if _area(roof) > 0 else -1.0
    for index, b in enumerate(roof):
        a = roof[index - 1]
        length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
        if length < diameter / 2:
            continue
        along = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        normal = -along[1] * inwards, along[0] * inwards
        for side, erases in ((diameter / 2, False), (-diameter / 2, True)):
            for shorter in (0.0, min(length, diameter) / 2):
                ends = (shorter, length - shorter)
                start, end = (
                    (a[0] + along[0] * at + normal[0] * side, a[1] + along[1] * at + normal[1] * side) for at in ends
                )
                yield WallStroke(start, end, erases)


def _area(ring: Sequence[Position]) -> float:
    """Return twice the signed area: positive where the inside lies on the right, rows counted downwards."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
