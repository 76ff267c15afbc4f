"""Draws shapes row by row: which pixels of a window have their centre inside.

The result depends only on the position of a pixel and not on the window, so that neighbouring tiles fit together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow

Position = tuple[float, float]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Span = tuple[Floats, Floats]
"""The left and the right end of a shape in each row; inf and -inf in rows that it does not reach."""

_NO_STEP = 1e-6
"""Lines that move sideways or down by less than this (px) count as vertical or horizontal."""


def capsule(window: PixelWindow, start: Position, end: Position, radius: float) -> Mask:
    """Return (H, W) bool: the pixels of `window` whose centres lie within `radius` px of the line `start` - `end`.

    The shape is convex, so each row of it is one span: the widest that the two discs and the band between them reach.
    """
    rows = np.arange(window.y, window.bottom, dtype=np.float64) + 0.5
    spans = [_disc_span(rows, start, radius), _disc_span(rows, end, radius), _band_span(rows, start, end, radius)]
    left = np.minimum.reduce([span[0] for span in spans])
    right = np.maximum.reduce([span[1] for span in spans])
    return _filled(window, left, right)


def _disc_span(rows: Floats, centre: Position, radius: float) -> Span:
    square = radius * radius - (rows - centre[1]) ** 2
    half = np.where(square >= 0, np.sqrt(np.maximum(square, 0)), -np.inf)
    return centre[0] - half, centre[0] + half


def _band_span(rows: Floats, start: Position, end: Position, radius: float) -> Span:
    """Return the span of the rectangle around the line, without the round caps.

    With d = end - start and u = pixel - start, a pixel is in it where |d x u| <= radius |d| and 0 <= d . u <= |d|^2.
    """
    dx, dy = (0.0 if abs(step) < _NO_STEP else step for step in (end[0] - start[0], end[1] - start[1]))
    if dx == dy == 0:
        return np.full_like(rows, np.inf), np.full_like(rows, -np.inf)
    down, reach = rows - start[1], radius * math.hypot(dx, dy)
    across = _solved(dx * down - reach, dx * down + reach, dy)
    along = _solved(-dy * down, dx * dx + dy * dy - dy * down, dx)
    left, right = np.maximum(across[0], along[0]), np.minimum(across[1], along[1])
    nothing = left > right
    return np.where(nothing, np.inf, start[0] + left), np.where(nothing, -np.inf, start[0] + right)


def _solved(lower: Floats, upper: Floats, slope: float) -> Span:
    """Return the span of x for which `lower` <= `slope` x <= `upper`."""
    if slope == 0:
        free = (lower <= 0) & (upper >= 0)
        return np.where(free, -np.inf, np.inf), np.where(free, np.inf, -np.inf)
    return (lower / slope, upper / slope) if slope > 0 else (upper / slope, lower / slope)


def _filled(window: PixelWindow, left: Floats, right: Floats) -> Mask:
    """Return the pixels whose centres lie in the closed span from `left` to `right` of their row."""
    kind = np.int16 if window.width < 2**15 else np.int32
    first = np.clip(np.ceil(left - 0.5) - window.x, 0, window.width).astype(kind)
    last = np.clip(np.floor(right - 0.5) - window.x, -1, window.width - 1).astype(kind)
    columns = np.arange(window.width, dtype=kind)
    inside = columns >= first[:, np.newaxis]
    inside &= columns <= last[:, np.newaxis]
    return np.asarray(inside)


def draw_path(mask: Mask, window: PixelWindow, start: Position, end: Position) -> None:
    """Set in `mask` the pixels under the line from `start` to `end`: one for each step along its longer side."""
    x0, y0, x1, y1 = (math.floor(value) for value in (*start, *end))
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    at = np.arange(steps + 1)
    columns = x0 + (2 * at * (x1 - x0) + steps) // (2 * steps) - window.x
    rows = y0 + (2 * at * (y1 - y0) + steps) // (2 * steps) - window.y
    inside = (columns >= 0) & (columns < window.width) & (rows >= 0) & (rows < window.height)
    mask[rows[inside], columns[inside]] = True


def edges(rings: Sequence[Sequence[Position]]) -> Floats:
    """Return (N, 4): x and y of the upper end, x and y of the lower end, of the edges of closed rings.

    Horizontal edges are left out: no row crosses them.
    """
    found = [_ring_edges(np.asarray(ring, np.float64)) for ring in rings if len(ring) > 2]
    return np.concatenate(found) if found else np.empty((0, 4))


def _ring_edges(ring: Floats) -> Floats:
    lines = np.hstack([ring, np.roll(ring, -1, axis=0)])
    lines = lines[lines[:, 1] != lines[:, 3]]
    upward = lines[:, 1] > lines[:, 3]
    lines[upward] = lines[upward][:, [2, 3, 0, 1]]
    return np.asarray(lines)


def polygon(window: PixelWindow, lines: Floats) -> Mask:
    """Return (H, W) bool: the pixels of `window` with an odd number of `lines` (see `edges`) left of the centre.

    An edge counts for the rows from its upper end to before its lower end, and for pixel centres on it.
    """
    columns, rows = _crossings(window, lines)
    toggles = np.zeros((window.height, window.width + 1), np.uint8)
    np.bitwise_xor.at(toggles.reshape(-1), rows * toggles.shape[1] + columns, np.uint8(1))
    return np.bitwise_xor.accumulate(toggles[:, :-1], axis=1).view(bool)


def _crossings(window: PixelWindow, lines: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return column and row, counted within the window, of the first pixel right of each edge in each row."""
    first = np.clip(np.ceil(lines[:, 1] - 0.5) - window.y, 0, window.height).astype(np.intp)
    end = np.clip(np.ceil(lines[:, 3] - 0.5) - window.y, 0, window.height).astype(np.intp)
    counts = end - first
    which = np.repeat(np.arange(len(lines)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    x0, y0, x1, y1 = lines[which].T
    at = x0 + (rows + (window.y + 0.5) - y0) * ((x1 - x0) / (y1 - y0))
    columns = np.clip(np.ceil(at - 0.5) - window.x, 0, window.width).astype(np.intp)
    return columns, rows
