from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.data.fingerprint import fingerprint
from landseg_core.raster.source import RasterSource

PIXELS = np.random.default_rng(0).integers(0, 255, (3, 90, 120), np.uint8)


def fingerprint_of(path: Path, bands: tuple[int, ...] = (1, 2, 3)) -> str:
    with RasterSource(path) as source:
        return fingerprint(source, bands)


def test_a_copy_has_the_same_whatever_its_name_and_format(tmp_path: Path) -> None:
    first = fingerprint_of(write_raster(tmp_path / "a.tif", PIXELS))
    assert fingerprint_of(write_raster(tmp_path / "b.png", PIXELS)) == first
    assert fingerprint_of(write_raster(tmp_path / "c.tif", PIXELS, tiled=True, blockxsize=64, blockysize=64)) == first


@pytest.mark.parametrize(
    "other",
    [PIXELS[:, :, ::-1], PIXELS[:, :89], PIXELS.astype(np.uint16), np.maximum(PIXELS, 1)],
)
def test_another_image_has_another(tmp_path: Path, other: np.ndarray) -> None:
    one, two = write_raster(tmp_path / "a.tif", PIXELS), write_raster(tmp_path / "b.tif", np.ascontiguousarray(other))
    assert fingerprint_of(one) != fingerprint_of(two)


def test_only_the_bands_of_the_model_count(tmp_path: Path) -> None:
    more = write_raster(tmp_path / "more.tif", np.concatenate([PIXELS, PIXELS[:1]]))
    assert fingerprint_of(more) == fingerprint_of(write_raster(tmp_path / "a.tif", PIXELS))
    assert fingerprint_of(more, (1, 2, 4)) != fingerprint_of(more)


def test_a_tiny_image(tmp_path: Path) -> None:
    assert len(fingerprint_of(write_raster(tmp_path / "a.tif", PIXELS[:, :1, :2]))) == 24
