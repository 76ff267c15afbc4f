"""Subtracts windows from each other, and merges them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow


def padded(window: PixelWindow, margin: int) -> PixelWindow:
    """Return `window` with `margin` px more on every side."""
    x, y = window.x - margin, window.y - margin
    return PixelWindow(x, y, window.width + 2 * margin, window.height + 2 * margin)


def subtract(window: PixelWindow, hole: PixelWindow) -> list[PixelWindow]:
    """Return up to four windows that cover `window` outside of `hole`; one of them is as large as possible."""
    inside = window.intersection(hole)
    if inside is None:
        return [window]
    rows, columns = (window.y, inside.y, inside.bottom, window.bottom), (window.x, inside.x, inside.right, window.right)
    across = [*_pieces(columns, rows[:2]), *_sides(columns, rows[1:3]), *_pieces(columns, rows[2:])]
    down = [*_pieces(columns[:2], rows), *_sides_down(columns[1:3], rows), *_pieces(columns[2:], rows)]
    return max((across, down), key=lambda pieces: max((piece.pixels for piece in pieces), default=0))


def _pieces(columns: Sequence[int], rows: Sequence[int]) -> list[PixelWindow]:
    """Return the window from the first to the last column and row, or none where it is empty."""
    width, height = columns[-1] - columns[0], rows[-1] - rows[0]
    return [PixelWindow(columns[0], rows[0], width, height)] if width > 0 and height > 0 else []


def _sides(columns: Sequence[int], rows: Sequence[int]) -> list[PixelWindow]:
    return [*_pieces(columns[:2], rows), *_pieces(columns[2:], rows)]


def _sides_down(columns: Sequence[int], rows: Sequence[int]) -> list[PixelWindow]:
    return [*_pieces(columns, rows[:2]), *_pieces(columns, rows[2:])]


def subtract_all(window: PixelWindow, holes: Iterable[PixelWindow]) -> list[PixelWindow]:
    """Return windows that cover `window` outside of all `holes`."""
    left = [window]
    for hole in holes:
        left = [piece for part in left for piece in subtract(part, hole)]
    return left


def disjoint(windows: Iterable[PixelWindow]) -> list[PixelWindow]:
    """Return windows without overlap that cover the same area: each minus those before it."""
    given = list(windows)
    bounds = np.array([(w.x, w.y, w.right, w.bottom) for w in given], np.int64).reshape(-1, 4)
    return [
        piece for number, window in enumerate(given) for piece in subtract_all(window, _over(given, bounds, number))
    ]


def _over(windows: Sequence[PixelWindow], bounds: npt.NDArray[np.int64], number: int) -> list[PixelWindow]:
    """Return the windows before that number that share pixels with it."""
    window, (left, top, right, bottom) = windows[number], bounds[:number].T
    over = (left < window.right) & (right > window.x) & (top < window.bottom) & (bottom > window.y)
    return [windows[index] for index in np.flatnonzero(over).tolist()]


def merged(windows: Iterable[PixelWindow]) -> list[PixelWindow]:
    """Return the same area in fewer windows: neighbours of one height in a row, and then of one width, are merged."""
    rows = _merged(sorted(windows, key=lambda window: (window.y, window.height, window.x)), across=True)
    return _merged(sorted(rows, key=lambda window: (window.x, window.width, window.y)), across=False)


def _merged(windows: Sequence[PixelWindow], *, across: bool) -> list[PixelWindow]:
    found: list[PixelWindow] = []
    for window in windows:
        last = found[-1] if found else None
        if last is not None and _adjoin(last, window, across=across):
            found[-1] = PixelWindow(last.x, last.y, window.right - last.x, window.bottom - last.y)
        else:
            found.append(window)
    return found


def _adjoin(first: PixelWindow, second: PixelWindow, *, across: bool) -> bool:
    if across:
        return (first.y, first.height, first.right) == (second.y, second.height, second.x)
    return (first.x, first.width, first.bottom) == (second.x, second.width, second.y)
