"""A project in the window, of two small images: fixtures that make it, and what tests do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_gui.notifier import Level, Message
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.session import Session
from support.messages import collect_errors
from support.rasters import TRANSFORM, write_raster

WIDTH, HEIGHT = 600, 400
MakeImage = Callable[..., Path]


@pytest.fixture
def make_image(tmp_path: Path) -> MakeImage:
    """Return what writes an orthophoto of 600 x 400 px, every one with other pixels."""
    made: list[Path] = []

    def make(name: str, width: int = WIDTH, height: int = HEIGHT) -> Path:
        transform = TRANSFORM @ Affine.translation(2000 * len(made), 0)
        pixels = np.full((3, height, width), 40 + 20 * len(made), np.uint8)
        path = write_raster(tmp_path / name, pixels, crs="EPSG:32632", transform=transform)
        made.append(path)
        return path

    return make


class Messages:
    """The texts and the problems that a session shows, with ordinary spaces."""

    def __init__(self, session: Session) -> None:
        self.texts: list[str] = []
        self.problems: list[str] = []
        session.notifier.posted.connect(self._take)
        collect_errors(session.notifier, self.problems)

    def _take(self, message: Message) -> None:
        if message.level is not Level.ERROR:
            self.texts.append(message.text.replace("\N{NO-BREAK SPACE}", " "))


@pytest.fixture
def messages(session: Session) -> Messages:
    return Messages(session)


@pytest.fixture
def images(make_image: MakeImage) -> tuple[Path, Path]:
    """Return two orthophotos, `north.tif` and `south.tif`."""
    return make_image("north.tif"), make_image("south.tif")


@pytest.fixture
def empty(session: Session, messages: Messages) -> ProjectSession:
    """Return a project session without a project."""
    return session.project_session


@pytest.fixture
def project_path(tmp_path: Path) -> Path:
    """Return where the project's file goes."""
    return tmp_path / "town.landseg"


@pytest.fixture
def opened(qtbot: QtBot, empty: ProjectSession, project_path: Path, images, schema: ClassSchema) -> ProjectSession:
    """Return a session on a new project with both images, the first in the window."""
    empty.lifecycle.create(project_path, schema, images)
    qtbot.waitUntil(lambda: empty.image is not None)
    return empty


def make_project(path: Path, schema: ClassSchema, images: Sequence[Path]) -> None:
    """Make a project without a window."""
    with Project.create(path, schema) as project:
        for image in images:
            project.add_image(image)


def paint_square(session: ProjectSession, side: int, name: str = "Rectangle", value: int | None = None) -> None:
    """Paint a square at the upper left corner as one gesture."""
    edit = session.editing.begin()
    assert edit is not None
    edit.paint(RectangleRegion((0, 0), (side, side)), session.paint.active_value if value is None else value)
    session.editing.record(edit, name)


def labelled_pixels(session: ProjectSession) -> int:
    """Return the labelled px of the image in the window."""
    return sum(session.project.class_pixels(session.image.id).values())
