from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PySide6.QtCore import QSettings

from landseg_gui.form_settings import FormMemory


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def memory(store: QSettings) -> FormMemory:
    return FormMemory("form", store)


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Return a folder with `images` and `masks`: the names count here, not the pixels."""
    for part, suffix in (("images", ".jpg"), ("masks", ".png")):
        (tmp_path / "data" / part).mkdir(parents=True)
        (tmp_path / "data" / part / f"a{suffix}").touch()
    return tmp_path / "data"


@pytest.fixture
def orthophoto(tmp_path: Path) -> Path:
    """Return an RGB raster of 96 x 64 px, half a metre each."""
    path = tmp_path / "pictures" / "town.tif"
    path.parent.mkdir()
    profile = {"driver": "GTiff", "width": 96, "height": 64, "count": 3, "dtype": "uint8", "crs": "EPSG:32632"}
    with rasterio.open(path, "w", transform=Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000), **profile) as dataset:
        dataset.write(np.full((3, 64, 96), 90, np.uint8))
    return path
