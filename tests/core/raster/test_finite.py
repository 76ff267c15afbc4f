"""Numbers that are none are refused where the raster says they are data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.finite import require_finite
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]


def check(path: Path, window: PixelWindow) -> None:
    with RasterSource(path) as source:
        require_finite(source, window, source.read(window), source.read_valid(window))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_strange_number_is_named_with_its_place(save: Save, value: float, name: str) -> None:
    pixels = np.ones((2, 40, 50), np.float32)
    pixels[1, 12, 34] = value
    pixels[1, 39, 49] = value
    path = save("float.tif", pixels)
    with pytest.raises(RasterError, match=f"holds the value {name} at pixel 34, 12,.*declare it as nodata") as caught:
        check(path, PixelWindow(10, 5, 40, 35))
    assert str(path) in str(caught.value)


def test_nan_declared_as_nodata_is_fine(save: Save) -> None:
    pixels = np.ones((1, 40, 50), np.float32)
    pixels[0, :20] = np.nan
    check(save("float.tif", pixels, nodata=np.nan), PixelWindow(-5, -5, 60, 60))


def test_nan_beside_another_nodata_is_refused(save: Save) -> None:
    pixels = np.full((1, 40, 50), -9999, np.float32)
    pixels[0, 3, 3] = np.nan
    with pytest.raises(RasterError, match="at pixel 3, 3"):
        check(save("float.tif", pixels, nodata=-9999), PixelWindow(0, 0, 50, 40))


def test_whole_numbers_are_always_fine(save: Save) -> None:
    check(save("bytes.tif", np.zeros((1, 40, 50), np.uint8)), PixelWindow(0, 0, 50, 40))
