from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from support.painted_project import image_folders, painted_project
from support.rasters import UTM_GRID, write_raster

from landseg_gui.form_settings import FormSettings

__all__ = ["image_folders", "painted_project"]


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def saved(store: QSettings) -> FormSettings:
    return FormSettings("form", store)


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
    pixels = np.full((3, 64, 96), 90, np.uint8)
    return write_raster(tmp_path / "pictures" / "town.tif", pixels, **UTM_GRID)
