"""What the tests of the project in the window share: images, a session, a project on disk, and strokes on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shiboken6
from affine import Affine
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.session import Session

WIDTH, HEIGHT = 600, 400
MakeImage = Callable[..., Path]


@pytest.fixture
def make_image(tmp_path: Path) -> MakeImage:
    """Return what writes an orthophoto of 600 x 400 px, every one with other pixels."""
    made: list[Path] = []

    def make(name: str, width: int = WIDTH, height: int = HEIGHT) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        profile = {"driver": "GTiff", "count": 3, "width": width, "height": height, "dtype": "uint8"}
        transform = Affine(0.5, 0, 400_000 + 1000 * len(made), 0, -0.5, 5_000_000)
        with rasterio.open(path, "w", crs="EPSG:32632", transform=transform, **profile) as dataset:
            dataset.write(np.full((3, height, width), 40 + 20 * len(made), np.uint8))
        made.append(path)
        return path

    return make


@pytest.fixture
def make_sparse_image(tmp_path: Path) -> MakeImage:
    """Return what makes a square raster of any size that takes no time and no room: all its pixels are 0."""

    def make(name: str, side: int) -> Path:
        profile = {"driver": "GTiff", "count": 1, "width": side, "height": side, "dtype": "uint8"}
        transform = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
        tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True}
        with rasterio.open(tmp_path / name, "w", crs="EPSG:32632", transform=transform, **profile, **tiles) as dataset:
            dataset.build_overviews([2, 4, 8, 16])
        return tmp_path / name

    return make


@pytest.fixture
def images(make_image: MakeImage) -> tuple[Path, Path]:
    """Return two orthophotos, `north.tif` and `south.tif`."""
    return make_image("north.tif"), make_image("south.tif")


@pytest.fixture
def runner(qapp) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shut_down(20)


@pytest.fixture
def session(runner: JobRunner) -> Iterator[Session]:
    session = Session(runner)
    yield session
    runner.shut_down(20)
    project = session.project_session.project
    if project is not None:
        project.close()
    shiboken6.delete(session)  # here: the garbage collector may do it in whatever thread


class Told:
    """What the user was told."""

    def __init__(self, session: Session) -> None:
        self.messages: list[str] = []
        self.problems: list[str] = []
        session.message.connect(self.messages.append)
        session.problem.connect(self.problems.append)


@pytest.fixture
def told(session: Session) -> Told:
    return Told(session)


@pytest.fixture
def empty(session: Session, told: Told) -> ProjectSession:
    """Return a project session without a project."""
    return session.project_session


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where the project's file goes."""
    return tmp_path / "town.landseg"


@pytest.fixture
def opened(qtbot: QtBot, empty: ProjectSession, place: Path, images, schema: ClassSchema) -> ProjectSession:
    """Return a session on a new project with both images, the first in the window."""
    empty.create(place, schema, images)
    qtbot.waitUntil(lambda: empty.image is not None)
    return empty


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Answer the questions whether to add an image: with its `answer`, and nothing else."""
    asked = Asked()
    monkeypatch.setattr("landseg_gui.session.adding.choose", asked.choose)
    return asked


class Asked:
    """Notes what was asked, with the buttons, and answers."""

    def __init__(self) -> None:
        self.answer: str | None = None
        self.questions: list[str] = []
        self.buttons: list[str] = []

    def choose(
        self, _window: object, question: str, _explanation: str, buttons: Sequence[str], default: str
    ) -> str | None:
        self.questions.append(question)
        self.buttons = [*buttons]
        assert default == buttons[0]  # it can be undone
        return self.answer


class Steps:
    """The ways of a test to work with a project session."""

    @staticmethod
    def paint(session: ProjectSession, side: int, name: str = "Rectangle", value: int | None = None) -> None:
        """Paint a square at the upper left corner as one gesture."""
        edit = session.begin()
        assert edit is not None
        edit.paint(RectangleRegion((0, 0), (side, side)), session.active_value if value is None else value)
        session.record(edit, name)

    @staticmethod
    def pixels(session: ProjectSession) -> int:
        """Return the labelled px of the image in the window."""
        return sum(session.project.class_pixels(session.image.id).values())

    @staticmethod
    def make_project(place: Path, schema: ClassSchema, images) -> None:
        """Make a project without a window."""
        with Project.create(place, schema) as project:
            for image in images:
                project.add_image(image)


@pytest.fixture
def steps() -> type[Steps]:
    return Steps
