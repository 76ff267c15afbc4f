"""Two small images with masks, in folders and as a project whose labels are painted in part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import load_classes
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from support.rasters import UTM_GRID, write_raster

SIDE = 128
SCHEMA = load_classes("landcover-dubai")


@pytest.fixture
def image_folders(tmp_path: Path) -> Path:
    """Return a folder with `images` and `masks` of two images of 128 px, whose colour is the class's."""
    rng = np.random.default_rng(7)
    folder = tmp_path / "data"
    for name in ("north.tif", "south.tif"):
        mask = rng.integers(0, len(SCHEMA), (8, 8), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
        write_raster(folder / "images" / name, np.stack([mask * 50, 250 - mask * 50, mask * 20]), **UTM_GRID)
        write_raster(folder / "masks" / name, mask, **UTM_GRID)
    return folder


@pytest.fixture
def painted_project(
    session: Session, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> Iterator[Project]:
    """Return a project of both images, the first of which is in the window; the upper part of both is painted."""
    with Project.create(tmp_path / "farm.landseg", SCHEMA) as made:
        for path in sorted((image_folders / "images").iterdir()):
            (image,) = made.add_images([made.examine_image(path)], as_step=False)
            with rasterio.open(image_folders / "masks" / path.name) as mask:
                values = mask.read(1)
            where = np.zeros((SIDE, SIDE), bool)
            where[:100] = True
            edit = made.labels(image.id).begin()
            edit.put(image.grid.window, values, where)
            made.record(image.id, edit.finish(), "Paint")
    session.project_session.lifecycle.open(tmp_path / "farm.landseg")
    qtbot.waitUntil(lambda: session.project_session.image is not None and not runner.running, timeout=20_000)
    yield session.project_session.project
    assert runner.shut_down(30)
    session.project_session.lifecycle.close()
