"""A position is the same in the raster, in the crop, in the square of the model and in the mask."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.click_segment.frame import Crop, ModelFrame
from landseg_core.geo.window import PixelWindow

SIDE, CELLS = 128, 32
SIZES = st.integers(1, 400)


@st.composite
def frames(draw: st.DrawFn) -> ModelFrame:
    crop = draw(SIZES), draw(SIZES)
    if draw(st.booleans()):
        return ModelFrame.stretched(crop, SIDE)
    return ModelFrame.fitted(crop, (SIDE, draw(st.sampled_from((SIDE, 80)))), SIDE)


def whole_mask(frame: ModelFrame, logits: np.ndarray) -> np.ndarray:
    mask, (x, y) = frame.mask(logits.astype(np.float32))
    whole = np.zeros(frame.crop[::-1], bool)
    whole[y : y + mask.shape[0], x : x + mask.shape[1]] = mask
    assert mask.size
    return whole


def centres(cells: int = CELLS) -> np.ndarray:
    """Return where the values of a mask lie in the square."""
    return (np.arange(cells) + 0.5) * SIDE / cells


@settings(max_examples=40)
@given(frames())
def test_a_frame_lies_in_the_square(frame: ModelFrame) -> None:
    assert 1 <= min(frame.size) <= max(frame.size) == SIDE or frame.size[1] == 80
    corner = frame.position((frame.crop[0], frame.crop[1]))
    assert corner == pytest.approx(frame.size)
    assert frame.position((0.0, 0.0)) == (0.0, 0.0)


@settings(max_examples=40)
@given(frames(), st.floats(0.1, 0.9), st.booleans())
def test_a_mask_ends_where_the_logits_change_their_sign(frame: ModelFrame, share: float, across: bool) -> None:
    """Logits that rise along a line are positive from a known position on, which interpolation does not move."""
    axis = 0 if across else 1
    edge = share * frame.size[axis]
    if not centres()[0] < edge < centres()[-1]:
        return  # beyond the outermost values there is nothing to interpolate
    rising = centres() - edge
    logits = np.tile(rising, (CELLS, 1))
    whole = whole_mask(frame, logits if across else logits.T)
    line = whole.all(axis=0) if across else whole.all(axis=1)
    assert (line == (whole.any(axis=0) if across else whole.any(axis=1))).all()
    positions = (np.arange(frame.crop[axis]) + 0.5) * frame.size[axis] / frame.crop[axis]
    cell = SIDE / CELLS
    sure = np.abs(positions - edge) > cell / 32  # OpenCV rounds positions to 1/32 of a value
    assert (line == (positions > edge))[sure].all()


@settings(max_examples=40)
@given(frames(), st.data())
def test_a_disc_around_a_pixel_holds_that_pixel_and_lies_around_it(frame: ModelFrame, data: st.DataObject) -> None:
    column, row = (data.draw(st.integers(0, length - 1)) for length in frame.crop)
    x, y = frame.position((column + 0.5, row + 0.5))
    reach = 12.0
    logits = reach**2 - (centres() - x) ** 2 - (centres()[:, np.newaxis] - y) ** 2
    whole = whole_mask(frame, logits)
    assert whole[row, column]
    rows, columns = np.nonzero(whole)
    border = SIDE / CELLS / 2  # beyond the outermost centres a value goes on to the border
    for found, at, axis in ((columns, column, 0), (rows, row, 1)):
        most = (reach + border) * frame.crop[axis] / frame.size[axis] + 1
        assert found.min() >= math.floor(at - most)
        assert found.max() <= math.ceil(at + most)


@settings(max_examples=40)
@given(frames())
def test_without_a_positive_value_no_pixel_is_set(frame: ModelFrame) -> None:
    assert not whole_mask(frame, np.full((CELLS, CELLS), -1.0)).any()


@settings(max_examples=40)
@given(SIZES, SIZES, st.integers(-50, 900), st.integers(0, 900), st.sampled_from((1, 2, 8)), st.data())
def test_raster_positions_and_pixels_of_a_crop_agree(
    width: int, height: int, x: int, y: int, scale: int, data: st.DataObject
) -> None:
    crop = Crop(np.zeros((height, width, 3), np.uint8), x, y, scale)
    column, row = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    position = x + (column + 0.25) * scale, y + (row + 0.75) * scale
    assert crop.inside(position) == (column + 0.25, row + 0.75)
    mask = np.zeros((height - row, width - column), bool)
    mask[0, 0] = True
    region = crop.region(mask, (column, row))
    assert region.bounds == PixelWindow(x + column * scale, y + row * scale, scale, scale)
    assert region.mask(PixelWindow(math.floor(position[0]), math.floor(position[1]), 1, 1)).all()


def test_what_lies_outside_a_crop_is_outside() -> None:
    crop = Crop(np.zeros((10, 20, 3), np.uint8), 100, 200, 2)
    assert crop.inside((100.0, 200.0)) == (0.0, 0.0)
    for position in ((99.9, 205.0), (140.0, 205.0), (110.0, 199.9), (110.0, 220.0)):
        assert crop.inside(position) is None


def test_an_empty_mask_is_no_region() -> None:
    assert Crop(np.zeros((4, 4, 3), np.uint8), 0, 0).region(np.zeros((2, 2), bool), (1, 1)) is None


def test_pixels_are_means_where_the_crop_is_larger_and_stay_where_they_are() -> None:
    rgb = np.zeros((64, 256, 3), np.uint8)
    rgb[:32, :128] = 200
    frame = ModelFrame.fitted((256, 64), (SIDE, SIDE), SIDE)
    assert frame.size == (128, 32)
    expected = np.zeros((32, 128, 3), np.uint8)
    expected[:16, :64] = 200
    assert (frame.pixels(rgb) == expected).all()
