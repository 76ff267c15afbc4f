from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.errors import RasterError
from landseg_core.raster.bands import band_list, band_numbers, distinct_names
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource


@pytest.fixture
def picture(tmp_path: Path) -> RasterSource:
    """Return a picture of red, green, blue and a band named twice as it should not be."""
    path = write_raster(tmp_path / "a.tif", np.zeros((5, 3, 4), np.uint8), photometric="rgb", alpha="no")
    with open_dataset(path, mode="r+") as dataset:
        dataset.descriptions = (None, None, None, "Height", "height")
    return RasterSource(path)


def test_by_number_or_name_in_any_case(picture: RasterSource) -> None:
    assert band_numbers(picture, ("3", " GREEN ", "red")) == (3, 2, 1)


@pytest.mark.parametrize(("wanted", "words"), [("6", "no band '6'"), ("0", "no band '0'"), ("Height", "several bands")])
def test_what_is_not_there_or_not_clear(picture: RasterSource, wanted: str, words: str) -> None:
    with pytest.raises(RasterError, match=rf"a\.tif has {words}.*; it has 1 \(Red\), 2 \(Green\), 3 \(Blue\), 4"):
        band_numbers(picture, ("1", wanted))


def test_names_are_told_where_they_tell_something(picture: RasterSource, tmp_path: Path) -> None:
    assert distinct_names(picture, (3, 1)) == ("Blue", "Red")
    assert distinct_names(picture, (1, 4, 5)) == ()
    with RasterSource(write_raster(tmp_path / "b.tif", np.zeros((2, 3, 4), np.uint8))) as grey:
        assert (distinct_names(grey, (1,)), band_list(grey)) == ((), "1, 2")
