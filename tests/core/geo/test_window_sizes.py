"""Window sizes fitted to a length, and pieces that make up a window."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.geo.tiling import axis_origins, fitted_size, pieces
from landseg_core.geo.window import PixelWindow


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(1, 30), st.integers(0, 300), st.sampled_from([1, 4, 16]))
def test_a_fitted_size_takes_no_more_windows_and_is_never_larger(
    length: int, steps: int, overlap: int, multiple: int
) -> None:
    size = (-(-overlap // multiple) + steps) * multiple
    fitted = fitted_size(length, size, overlap, multiple)
    origins = axis_origins(length, fitted, overlap, multiple)
    assert fitted <= size
    assert fitted % multiple == 0
    assert len(origins) <= len(axis_origins(length, size, overlap, multiple))
    assert origins[-1] + fitted >= length


def test_a_fitted_size_saves_what_windows_would_share_more_than_asked_for() -> None:
    assert fitted_size(1100, 1024, 128, 16) == 624
    assert fitted_size(1024, 1024, 128, 16) == 1024
    assert fitted_size(300, 1024, 128, 16) == 304


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(1, 90), st.integers(1, 70), st.integers(1, 40), st.integers(1, 40))
def test_pieces_make_up_a_window(x: int, width: int, height: int, across: int, down: int) -> None:
    window = PixelWindow(x, 3, width, height)
    covered = np.zeros((height, width), int)
    for piece in pieces(window, across, down):
        assert piece.width <= across
        assert piece.height <= down
        assert window.contains(piece)
        covered[piece.shifted(-window.x, -window.y).slices()] += 1
    assert (covered == 1).all()
