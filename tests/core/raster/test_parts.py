from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.parts import read_part

lengths = st.integers(1, 5000)
starts = st.integers(-5000, 5000)


@example(0, 11, 960, 5000)
@example(0, 1, 49, 1)
@given(starts, lengths, lengths, lengths)
def test_a_part_lies_in_the_answer_and_in_the_raster(start: int, length: int, pixels: int, limit: int) -> None:
    assume(start < limit and start + length > 0)
    part = read_part(PixelWindow(start, 0, length, 1), (1, pixels), PixelWindow(0, 0, limit, 1))
    assert part is not None
    (x, _, width, _), columns = part.window, part.columns
    assert 0 <= columns.start < columns.stop <= pixels
    assert 0 <= x < x + width <= limit
    # Every pixel of the raster that the window shows is read, and no more than a pixel of the answer beside it.
    scale = length / pixels
    assert x <= max(0, start) + 1e-6
    assert x + width >= min(limit, start + length) - 1e-6
    assert columns.start >= (max(0, start) - start) / scale - 1 - 1e-6
    assert columns.stop <= (min(limit, start + length) - start) / scale + 1 + 1e-6


@given(lengths, lengths)
def test_a_window_inside_the_raster_fills_the_answer(length: int, pixels: int) -> None:
    part = read_part(PixelWindow(3, 0, length, 1), (1, pixels), PixelWindow(0, 0, length + 9, 1))
    assert part is not None
    assert part.size == (1, pixels)


def test_a_window_beyond_the_raster_has_no_part() -> None:
    assert read_part(PixelWindow(10, 0, 5, 5), (5, 5), PixelWindow(0, 0, 10, 10)) is None
