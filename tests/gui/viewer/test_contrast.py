from __future__ import annotations

import numpy as np
import pytest

from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering
from landseg_gui.viewer.contrast import CONTRASTS, chosen_rendering, contrast_of

WHOLE, PERCENTILES, EXTREMES = CONTRASTS


@pytest.fixture
def reader(make_raster) -> PyramidReader:
    pixels = np.arange(1000, dtype=np.uint16).reshape(1, 20, 50) + 500
    return PyramidReader(RasterSource(make_raster("deep.tif", pixels, blockysize=16, blockxsize=16)))


def test_stretches_reach_from_percentile_to_percentile(reader) -> None:
    assert chosen_rendering(reader, (1,), EXTREMES).stretch.low == (500,)
    assert chosen_rendering(reader, (1,), EXTREMES).stretch.high == (1499,)
    assert chosen_rendering(reader, (1,), PERCENTILES).stretch.low == pytest.approx((520,), abs=1)
    assert chosen_rendering(reader, (1,), PERCENTILES).stretch.high == pytest.approx((1479,), abs=1)
    assert chosen_rendering(reader, (1,), WHOLE).stretch.high == (65_535,)


def test_nodata_does_not_count(make_raster) -> None:
    pixels = np.full((1, 32, 32), 9999, np.uint16)
    pixels[0, :16] = 100
    pixels[0, 0, 0] = 200
    path = make_raster("holes.tif", pixels, nodata=9999, blockysize=16, blockxsize=16)
    stretch = chosen_rendering(PyramidReader(RasterSource(path)), (1,), EXTREMES).stretch
    assert (stretch.low, stretch.high) == ((100,), (200,))


def test_a_raster_without_data_can_be_shown_too(make_raster) -> None:
    path = make_raster("empty.tif", np.full((1, 16, 16), np.nan, np.float32), blockysize=16, blockxsize=16)
    stretch = chosen_rendering(PyramidReader(RasterSource(path)), (1,), PERCENTILES).stretch
    assert (stretch.low, stretch.high) == ((0,), (1,))


def test_a_palette_is_as_in_the_file(make_raster) -> None:
    path = make_raster("palette.tif", np.ones((1, 16, 16), np.uint8), palette={1: (1, 2, 3, 255)})
    source = RasterSource(path)
    assert chosen_rendering(PyramidReader(source), (1,), WHOLE) == default_rendering(source)
    assert chosen_rendering(PyramidReader(source), (1,), EXTREMES).palette is None


def test_the_contrast_in_force_has_a_name(reader, picture) -> None:
    colours = PyramidReader(RasterSource(picture))
    assert contrast_of(colours, default_rendering(colours.source)) == WHOLE
    assert contrast_of(reader, default_rendering(reader.source)) == PERCENTILES
