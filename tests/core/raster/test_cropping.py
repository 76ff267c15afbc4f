"""A window must lie inside its raster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.cropping import chosen_window
from landseg_core.raster.source import RasterSource


def test_a_window_inside_is_taken_and_none_means_all(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    with RasterSource(write_raster(tmp_path / "a.tif", np.zeros((20, 30), np.uint8))) as source:
        assert chosen_window(source, None) == PixelWindow(0, 0, 30, 20)
        assert chosen_window(source, PixelWindow(10, 5, 20, 15)) == PixelWindow(10, 5, 20, 15)
        for outside in (PixelWindow(10, 5, 21, 15), PixelWindow(-1, 0, 5, 5), PixelWindow(40, 40, 1, 1)):
            with pytest.raises(RasterError, match=rf"{outside} .* reaches beyond .*a\.tif, which is 30 x 20 px"):
                chosen_window(source, outside)
