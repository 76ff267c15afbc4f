"""A session with a project of one image in it, for the flows that read and write labels. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pytestqt.qtbot import QtBot

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.labels.masks.classes import CLASSES_TAG
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session

WIDTH, HEIGHT = 700, 560  # two tiles by two
GRID = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)}
SCHEMA = load_classes("landcover-dubai")
SECONDS = 20_000


def write_raster(path: Path, pixels: np.ndarray, **options: object) -> Path:
    tags = options.pop("tags", {})
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": "uint8"}
    with rasterio.open(path, "w", **(profile | GRID | options)) as dataset:
        dataset.write(pixels)
        dataset.update_tags(**tags)
    return path


@pytest.fixture
def write_map(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes (H, W) class values as a map of landseg on the image's grid."""

    def write(name: str, values: np.ndarray, **options: object) -> Path:
        tags = {CLASSES_TAG: SCHEMA.to_json()}
        return write_raster(tmp_path / name, values[np.newaxis], nodata=255, tags=tags, **options)

    return write


@pytest.fixture
def session(runner: JobRunner) -> Iterator[Session]:
    session = Session(runner)
    yield session
    assert runner.shut_down(30)
    assert session.project_session.close()


@pytest.fixture
def project(session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path) -> Project:
    """Return the project of the session, whose only image, `north.tif`, is in the window."""
    image = write_raster(tmp_path / "north.tif", np.full((3, HEIGHT, WIDTH), 90, np.uint8))
    session.project_session.create(tmp_path / "p.landseg", SCHEMA, [image])
    qtbot.waitUntil(lambda: session.project_session.image is not None and not runner.running, timeout=SECONDS)
    return session.project_session.project


class Told:
    """What the session has told the user."""

    def __init__(self, session: Session) -> None:
        self.messages: list[str] = []
        self.problems: list[str] = []
        session.message.connect(lambda text: self.messages.append(text.replace("\N{NO-BREAK SPACE}", " ")))
        session.problem.connect(self.problems.append)


@pytest.fixture
def told(session: Session) -> Told:
    return Told(session)


@pytest.fixture
def labels(session: Session) -> Callable[[], np.ndarray]:
    """Return what gives the (H, W) labels of the image in the window."""
    return lambda: session.project_session.labels.read(PixelWindow(0, 0, WIDTH, HEIGHT))
