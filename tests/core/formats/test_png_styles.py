"""Colours over an image."""

from __future__ import annotations

import numpy as np
import pytest

from landseg_core.formats.png_styles import blend


def one(red: int, green: int, blue: int, alpha: int) -> np.ndarray:
    return np.array([[[red, green, blue, alpha]]], np.uint8)


@pytest.mark.parametrize(
    ("below", "above", "opacity", "expected"),
    [
        ((100, 100, 100, 255), (200, 0, 0, 255), 0.5, (150, 50, 50, 255)),
        ((100, 100, 100, 255), (200, 0, 0, 255), 0.0, (100, 100, 100, 255)),
        ((100, 100, 100, 255), (200, 0, 0, 255), 1.0, (200, 0, 0, 255)),
        ((100, 100, 100, 255), (9, 9, 9, 0), 1.0, (100, 100, 100, 255)),  # nothing above
        ((0, 0, 0, 0), (200, 10, 30, 255), 0.5, (200, 10, 30, 128)),  # no picture below
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.5, (0, 0, 0, 0)),
        ((100, 0, 0, 128), (0, 100, 0, 255), 0.5, (33, 67, 0, 192)),  # half there below, half above
    ],
)
def test_over(below: tuple, above: tuple, opacity: float, expected: tuple) -> None:
    assert tuple(blend(one(*below), one(*above), opacity)[0, 0]) == expected
