"""A raster described as plain data, ready for JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from landseg_core.raster.info import describe
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
KEYS = [
    "path",
    "driver",
    "width",
    "height",
    "bands",
    "alpha",
    "dtype",
    "nodata",
    "crs",
    "transform",
    "ground_resolution_m",
    "gcps",
    "rpc",
    "overviews",
]


def strict_json(path: Path) -> dict:
    with RasterSource(path) as source:
        text = json.dumps(describe(source), allow_nan=False)
    return json.loads(text)


def test_a_georeferenced_raster(save: Save) -> None:
    place = Affine(0.5, 0, 500_000, 0, -0.5, 5_800_000)
    path = save("utm.tif", np.zeros((4, 20, 30), np.uint16), crs="EPSG:32633", transform=place, nodata=7)
    info = strict_json(path)
    assert list(info) == KEYS
    assert CRS.from_wkt(info.pop("crs")).to_epsg() == 32633
    assert info.pop("ground_resolution_m") == pytest.approx(0.5, rel=1e-3)
    assert info == {
        "path": str(path),
        "driver": "GTiff",
        "width": 30,
        "height": 20,
        "bands": 4,
        "alpha": None,
        "dtype": "uint16",
        "nodata": 7,
        "transform": [0.5, 0, 500_000, 0, -0.5, 5_800_000],
        "overviews": [],
        "gcps": 0,
        "rpc": False,
    }


def test_a_plain_picture(save: Save) -> None:
    info = strict_json(save("plain.png", np.zeros((3, 20, 30), np.uint8), driver="PNG"))
    assert (info["crs"], info["nodata"], info["ground_resolution_m"]) == (None, None, None)
    assert info["transform"] == [1, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(("nodata", "text"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_nodata_that_json_has_no_number_for(save: Save, nodata: float, text: str) -> None:
    assert strict_json(save("float.tif", np.zeros((1, 20, 30), np.float32), nodata=nodata))["nodata"] == text


def test_overviews_are_listed(save: Save) -> None:
    info = strict_json(save("cog.tif", np.zeros((1, 1024, 1024), np.uint8), driver="COG", blocksize=256))
    assert info["overviews"] == [2, 4]


@pytest.mark.imagery
def test_the_orthophoto(imagery: Path) -> None:
    info = strict_json(imagery / "ortho" / "swissimage_brig_8704x6656.tif")
    assert info["ground_resolution_m"] == pytest.approx(0.206, abs=0.002)
    assert (info["width"], info["height"], info["bands"], info["overviews"]) == (8704, 6656, 3, [])
