from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage, qAlpha

from landseg_core.raster.stretch import Rendering, identity_stretch
from landseg_gui.viewer.tiles.painter import coloured, index_image, occurring, rendered_image, unlabelled_where_invalid

RGB = Rendering((1, 2, 3), identity_stretch(3))
sides = st.integers(1, 40)


@given(sides, sides, st.randoms(use_true_random=False))
def test_every_pixel_keeps_its_colour(width: int, height: int, random) -> None:
    pixels = np.frombuffer(random.randbytes(3 * width * height), np.uint8).reshape(3, height, width)
    image = rendered_image(pixels, np.ones((height, width), bool), RGB)
    assert image.format() == QImage.Format.Format_RGB32
    for x, y in ((0, 0), (width - 1, height - 1), (width // 2, height // 2)):
        colour = image.pixelColor(x, y)
        assert (colour.red(), colour.green(), colour.blue()) == tuple(pixels[:, y, x])


def test_what_is_not_valid_is_transparent() -> None:
    valid = np.array([[True, False], [True, True]])
    image = rendered_image(np.full((3, 2, 2), 200, np.uint8), valid, RGB)
    assert image.format() == QImage.Format.Format_ARGB32_Premultiplied
    assert [qAlpha(image.pixel(x, 0)) for x in (0, 1)] == [255, 0]


@given(sides, sides, st.randoms(use_true_random=False))
def test_mask_values_are_coloured_by_the_table(width: int, height: int, random) -> None:
    values = np.frombuffer(random.randbytes(width * height), np.uint8).reshape(height, width)
    table = [0xFF000000 | value * 65_793 for value in range(256)]
    image = index_image(values)
    assert occurring(values) == set(np.unique(values))
    drawn = coloured(image, table)
    for x, y in ((0, 0), (width - 1, height - 1), (width // 2, height // 2)):
        assert image.pixelIndex(x, y) == values[y, x]
        assert drawn.pixel(x, y) == table[values[y, x]]


def test_a_mask_pixel_without_data_is_unlabelled() -> None:
    values, valid = np.zeros((1, 2), np.uint8), np.array([[True, False]])
    image = index_image(unlabelled_where_invalid(values, valid))
    assert [image.pixelIndex(x, 0) for x in (0, 1)] == [0, 255]


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_any_type_can_be_shown(dtype) -> None:
    stretch = type(identity_stretch(1))((0.0,), (1000.0,))
    pixels = np.array([[[0, 500, 1000]]], dtype)
    image = rendered_image(pixels, np.ones((1, 3), bool), Rendering((1,), stretch))
    assert [image.pixelColor(x, 0).red() for x in range(3)] == pytest.approx([0, 127, 255], abs=1)
