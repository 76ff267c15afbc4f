from __future__ import annotations

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.samples import ACROSS, sample_windows


class View:
    """Holds its own coordinates as bands; there is data right of column `first`."""

    def __init__(self, width: int, height: int, first: int = 0) -> None:
        self.grid = RasterGrid(width, height, Affine.identity(), None)
        self._first = first

    def read(self, window: PixelWindow) -> tuple[np.ndarray, np.ndarray]:
        assert self.grid.window.intersection(window) == window
        rows, columns = np.mgrid[window.y : window.bottom, window.x : window.right]
        return np.stack([columns, rows]), columns >= self._first


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 600))
def test_windows_lie_inside_and_apart(width: int, height: int, side: int) -> None:
    parts = sample_windows(View(width, height), side)  # type: ignore[arg-type]
    assert 1 <= len(parts) <= ACROSS**2
    assert {part.shape[1:] for part in parts} == {(min(side, height), min(side, width))}
    corners = {(int(part[0, 0, 0]), int(part[1, 0, 0])) for part in parts}
    assert len(corners) == len(parts)


def test_what_holds_no_data_is_left_out() -> None:
    assert len(sample_windows(View(2048, 512, first=1024))) == 2  # type: ignore[arg-type]
    assert len(sample_windows(View(2048, 512, first=9999))) == 1  # type: ignore[arg-type]
