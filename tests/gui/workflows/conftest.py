from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import load_classes
from landseg_core.models.normalisation import Normalisation
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session

SIDE = 128
SCHEMA = load_classes("landcover-dubai")


@pytest.fixture(scope="session")
def _one_torch_thread() -> None:
    """Keep torch to one thread: several test processes on few cores would wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def runner(qapp) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shut_down(30)


@pytest.fixture
def session(runner: JobRunner, _one_torch_thread: None) -> Iterator[Session]:
    session = Session(runner)
    yield session
    assert runner.shut_down(30)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """Return a window for dialogs to belong to, and to go with."""
    window = QWidget()
    qtbot.addWidget(window)
    return window


def _write(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": "uint8"} | options
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels)


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Return a folder of two images of 128 px, whose colour tells the class, and their masks."""
    rng = np.random.default_rng(7)
    for stem in ("north", "south"):
        mask = rng.integers(0, len(SCHEMA), (8, 8), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
        grid = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)}
        _write(tmp_path / "data" / "images" / f"{stem}.tif", np.stack([mask * 50, 250 - mask * 50, mask * 20]), **grid)
        _write(tmp_path / "data" / "masks" / f"{stem}.tif", mask[None], **grid)
    return tmp_path / "data"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an untrained model: its maps are nonsense, but maps."""
    import torch

    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.catalog import build_model
    from landseg_core.models.weights import weights_of

    torch.manual_seed(0)
    bundle = ModelBundle(
        architecture="unet16",
        schema=SCHEMA,
        bands=(1, 2, 3),
        dtype="uint8",
        normalisation=Normalisation(mean=(100.0,) * 3, std=(50.0,) * 3),
        ground_resolution_m=0.5,
        training={"miou": 0.5},
        state=weights_of(build_model("unet16", 3, len(SCHEMA))),
    )
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    bundle.save(path)
    return path


@pytest.fixture
def open_project(
    session: Session, runner: JobRunner, qtbot: QtBot, data_set: Path, tmp_path: Path
) -> Iterator[Project]:
    """Return a project of both images, the first of which is in the window; the upper part of both is painted."""
    with Project.create(tmp_path / "farm.landseg", SCHEMA) as made:
        for path in sorted((data_set / "images").iterdir()):
            (image,) = made.add_images([made.examine_image(path)], as_step=False)
            with rasterio.open(data_set / "masks" / path.name) as mask:
                values = mask.read(1)
            where = np.zeros((SIDE, SIDE), bool)
            where[:100] = True
            edit = made.labels(image.id).begin()
            edit.put(image.grid.window, values, where)
            made.record(image.id, edit.finish(), "Paint")
    session.project_session.open(tmp_path / "farm.landseg")
    qtbot.waitUntil(lambda: session.project_session.image is not None and not runner.running, timeout=20_000)
    yield session.project_session.project
    assert runner.shut_down(30)
    session.project_session.close()
