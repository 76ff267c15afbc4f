"""A session with one image in its project, and a model, for the workflows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from support.open_project import messages
from support.painted_project import SCHEMA, image_folders, painted_project
from support.rasters import UTM_GRID, write_raster

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.masks.classes import CLASSES_TAG
from landseg_core.models.normalisation import Normalisation
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session

__all__ = ["image_folders", "messages", "painted_project"]

WIDTH, HEIGHT = 700, 560  # two tiles by two


@pytest.fixture(autouse=True, scope="session")
def _one_torch_thread() -> None:
    """Keep torch to one thread: several test processes on few cores would wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """Return a window for dialogs to belong to, and to go with."""
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def project(session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path) -> Project:
    """Return the project of the session, whose only image, `north.tif`, is in the window."""
    image = write_raster(tmp_path / "north.tif", np.full((3, HEIGHT, WIDTH), 90, np.uint8), **UTM_GRID)
    session.project_session.lifecycle.create(tmp_path / "p.landseg", SCHEMA, [image])
    qtbot.waitUntil(lambda: session.project_session.image is not None and not runner.running, timeout=20_000)
    return session.project_session.project


@pytest.fixture
def labels(session: Session) -> Callable[[], np.ndarray]:
    """Return what gives the (H, W) labels of the image in the window."""
    return lambda: session.project_session.labels.read(PixelWindow(0, 0, WIDTH, HEIGHT))


@pytest.fixture
def write_map(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes (H, W) class values as a map of landseg on the image's grid."""

    def write(name: str, values: np.ndarray, **options: object) -> Path:
        grid_and_classes = UTM_GRID | {"nodata": 255, "tags": {CLASSES_TAG: SCHEMA.to_json()}}
        return write_raster(tmp_path / name, values, **(grid_and_classes | options))

    return write


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an untrained model: its maps are nonsense, but maps."""
    import torch

    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.catalog import build_model
    from landseg_core.models.header import BundleHeader
    from landseg_core.models.weights import weights_of

    torch.manual_seed(0)
    header = BundleHeader(
        architecture="unet16",
        schema=SCHEMA,
        bands=(1, 2, 3),
        dtype="uint8",
        normalisation=Normalisation(mean=(100.0,) * 3, std=(50.0,) * 3),
        ground_resolution_m=0.5,
        training={"miou": 0.5},
    )
    bundle = ModelBundle(header, weights_of(build_model("unet16", 3, len(SCHEMA))))
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    bundle.save(path)
    return path
