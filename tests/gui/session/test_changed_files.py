"""The list of what has changed outside the project, and what each of its buttons does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from support.open_project import make_project

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_core.tasks.predict import PlannedMap, PredictTask, open_raster
from landseg_gui.dialogs.export_labels import ExportLabelsRequest
from landseg_gui.workflows.commands import changes
from landseg_gui.workflows.commands.changes import ChangeCommands
from landseg_gui.workflows.commands.images import ImageCommands
from landseg_gui.workflows.export_labels import export_labels_work

HEADER = BundleHeader(
    "unet16",
    ClassSchema.model_validate({"classes": [{"value": 1, "name": "land", "colour": "#d9d4c7"}]}),
    (1, 2, 3),
    "uint8",
    Normalisation((0.0,) * 3, (1.0,) * 3),
    None,
    {},
)
ELSEWHERE = Affine(0.5, 0, 450_000, 0, -0.5, 5_000_000)
Rewrite = Callable[..., None]


@pytest.fixture
def rewrite() -> Rewrite:
    """Return what exports an image again, at its own position or another, whole or cut at the left."""

    def again(path: Path, *, transform: Affine | None = None, cut: int = 0, brighter: int = 0) -> None:
        with rasterio.open(path) as before:
            profile, pixels = before.profile, before.read()[:, :, cut:] + np.uint8(brighter)
        profile |= {"transform": transform or profile["transform"] @ Affine.translation(cut, 0)}
        with rasterio.open(path, "w", **(profile | {"width": pixels.shape[2]})) as dataset:
            dataset.write(pixels)

    return again


@pytest.fixture
def stored(project_path: Path, schema, images) -> Path:
    """Return a project of both images, `north` painted by 40 px."""
    make_project(project_path, schema, images)
    with Project.open(project_path) as project:
        edit = project.labels(1).begin()
        edit.paint(RectangleRegion((0, 0), (10, 4)), 0)
        project.record(1, edit.finish(), "Rectangle")
    return project_path


@pytest.fixture
def commands(qtbot, session) -> ChangeCommands:
    window = QWidget()
    qtbot.addWidget(window)
    projects = session.project_session
    return ChangeCommands(session, ImageCommands(projects, window), window)


@pytest.fixture
def open_project(qtbot, empty, session, commands, stored) -> Callable[[], ChangeCommands]:
    """Return what opens the project and waits until its files have been looked at and an image is in the window."""

    def open_it() -> ChangeCommands:
        with qtbot.waitSignal(empty.changed_files.found):
            empty.lifecycle.open(stored)
        qtbot.waitUntil(lambda: session.rasters.current is not None)
        return commands

    return open_it


def lines(commands: ChangeCommands) -> list[str]:
    assert commands.dialog is not None
    labels = commands.dialog.findChildren(QLabel)
    return [label.text() for label in labels if label.objectName().endswith("_text")]


def press(commands: ChangeCommands, name: str) -> None:
    commands.dialog.findChild(QPushButton, name).click()


def test_nothing_is_said_where_nothing_has_changed(open_project, messages) -> None:
    assert open_project().dialog is None
    assert messages.problems == []


def test_asked_for_the_list_says_that_nothing_has_changed(qtbot, open_project, empty, messages) -> None:
    commands = open_project()
    with qtbot.waitSignal(empty.changed_files.found):
        commands.look()
    assert messages.texts == ["No file of the project has changed."]


def test_one_list_says_what_has_changed(open_project, images, rewrite) -> None:
    rewrite(images[0], transform=ELSEWHERE)
    rewrite(images[1], brighter=9)
    commands = open_project()
    grid, other = lines(commands)
    assert f"The image {images[0]} has its upper left corner at 450000, 5000000 now" in grid
    assert other == f"The image {images[1]} holds other pixels than when its labels were made."
    buttons = {button.objectName(): button.text() for button in commands.dialog.findChildren(QPushButton)}
    assert buttons["change_0_keep_grid"] == "Keep Old Grid"
    assert buttons["change_0_move_labels"] == "Move Labels"
    assert buttons["change_1_keep_grid"] == "Labels Still Fit"


def test_nobody_paints_on_an_image_that_has_moved(open_project, images, rewrite, empty, messages) -> None:
    rewrite(images[0], transform=ELSEWHERE)
    open_project()
    assert empty.editing.begin() is None
    assert messages.problems[-1] == (
        "The grid of north.tif has changed since its labels were painted: choose in File > Changed Files where they "
        "belong, then paint."
    )


def test_the_old_grid_is_kept(qtbot, open_project, images, rewrite, empty, session, tmp_path) -> None:
    grid = grid_of(images[0])
    rewrite(images[0], transform=ELSEWHERE)
    commands = open_project()
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_keep_grid")
    assert commands.dialog is None
    assert session.rasters.current.grid == empty.image.grid == grid
    edit = empty.editing.begin()
    assert edit is not None
    edit.revert()
    with opened_to_predict(images[0], empty) as raster:
        assert raster.grid == grid
    empty.editing.undo()
    qtbot.waitUntil(lambda: session.rasters.current.grid.transform == ELSEWHERE)
    assert empty.editing.begin() is None


def test_labels_move_with_the_grid(qtbot, open_project, images, rewrite, empty, session) -> None:
    rewrite(images[0], transform=ELSEWHERE)
    commands = open_project()
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_move_labels")
    assert commands.dialog is None
    assert session.rasters.current.grid.transform == empty.image.grid.transform == ELSEWHERE
    assert empty.project.class_pixels(1) == {0: 40}
    assert empty.editing.undo_text() == "Undo Move the labels of north with its grid"


def test_a_move_that_loses_labels_asks_first(
    qtbot, open_project, images, rewrite, empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(images[0], cut=6)
    commands = open_project()
    assert "is 594 x 400 px now" in lines(commands)[0]
    assert "and 24 labelled px lie outside it." in lines(commands)[0]
    asked: list[str] = []
    answers: list[Any] = [None, "Move Labels"]

    def choose(_window, question, explanation, _actions):
        asked.append(f"{question} {explanation}")
        return answers.pop(0)

    monkeypatch.setattr(changes, "choose", choose)
    with qtbot.waitSignal(empty.changed_files.move_planned):
        press(commands, "change_0_move_labels")
    assert "24" in asked[0]
    assert empty.project.class_pixels(1) == {0: 40}
    qtbot.waitUntil(lambda: not empty.editing.busy)
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_move_labels")
    qtbot.waitUntil(lambda: commands.dialog is None)
    north = empty.project.image("north")
    assert empty.project.class_pixels(north.id) == {0: 16}
    assert len(list(empty.project.path.parent.glob("*.before-move.bak"))) == 1


def test_the_image_in_the_window_follows_a_move_to_another_size(
    qtbot, open_project, images, rewrite, empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "choose", lambda *_: "Move Labels")
    rewrite(images[0], cut=6)
    commands = open_project()
    assert empty.image is None
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_move_labels")
    assert empty.image == empty.project.image("north")
    edit = empty.editing.begin()
    assert edit is not None
    edit.revert()


def test_a_moved_file_is_proposed(qtbot, open_project, images, empty) -> None:
    (images[1].parent / "archive").mkdir()
    images[1].rename(images[1].parent / "archive" / "renamed.tif")
    commands = open_project()
    assert lines(commands) == [f"The image {images[1]} is missing."]
    button = commands.dialog.findChild(QPushButton, "change_0_relink")
    assert button.text() == "Use archive/renamed.tif"
    with qtbot.waitSignal(empty.changed_files.found):
        button.click()
    assert commands.dialog is None
    assert empty.project.images[1].path == images[1].parent / "archive" / "renamed.tif"


def test_a_map_older_than_its_model_is_listed(qtbot, open_project, stored, images, empty, tmp_path) -> None:
    mask, model = tmp_path / "mask.tif", tmp_path / "model.safetensors"
    with rasterio.open(images[0]) as image, rasterio.open(mask, "w", **(image.profile | {"count": 1})) as dataset:
        dataset.write(np.zeros((1, 400, 600), np.uint8))
    model.write_text("another model")
    with Project.open(stored) as project:
        project.add_prediction(1, mask, None, model)
    moment = model.stat().st_mtime
    os.utime(mask, (moment - 60, moment - 60))
    commands = open_project()
    assert lines(commands) == [f"The map {mask} is older than its model {model}."]
    with qtbot.waitSignal(commands.predict_wanted):
        press(commands, "change_0_predict")
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_remove")
    assert commands.dialog is None
    assert mask.exists()


def test_a_prediction_and_an_export_of_a_moved_image_are_refused(
    open_project, images, rewrite, empty, tmp_path
) -> None:
    rewrite(images[0], transform=ELSEWHERE)
    open_project()
    with pytest.raises(ProjectError, match="upper left corner"):
        opened_to_predict(images[0], empty)
    wanted = ExportLabelsRequest("tif", ((1, tmp_path / "labels.tif"),), overwrite=False)
    with pytest.raises(ProjectError, match="File > Changed Files"):
        export_labels_work(empty.project, wanted)(lambda _event: None, JobControl())


def test_an_old_project_learns_what_its_images_hold(qtbot, empty, stored, commands) -> None:
    with closing(sqlite3.connect(stored)) as connection:
        connection.execute("UPDATE images SET content = NULL")
        connection.commit()
    with qtbot.waitSignal(empty.changed_files.found):
        empty.lifecycle.open(stored)
    assert [entry.content is not None for entry in empty.project.images] == [True, True]
    assert empty.project.history.steps[-1].name == "Rectangle"
    qtbot.waitUntil(lambda: empty.image is not None)
    empty.lifecycle.close()
    with Project.open(stored, read_only=True) as project:
        assert all(entry.content is not None for entry in project.images)


def grid_of(path: Path) -> RasterGrid:
    with RasterSource(path) as source:
        return source.grid


def opened_to_predict(path: Path, projects) -> RasterSource:
    planned = PlannedMap(path, Path("out.tif"), image=projects.images.at(path))
    return open_raster(PredictTask(model=Path("model"), maps=(planned,)), planned, HEADER)


def test_a_kept_grid_outlives_new_pixels_in_the_file(
    qtbot, open_project, images, rewrite, empty, session, runner
) -> None:
    grid = grid_of(images[0])
    rewrite(images[0], transform=ELSEWHERE)
    commands = open_project()
    with qtbot.waitSignal(empty.changed_files.found):
        press(commands, "change_0_keep_grid")
    rewrite(images[0], brighter=9)
    with qtbot.waitSignal(empty.changed_files.found):
        session.reloader.watch.look()
    qtbot.waitUntil(lambda: not runner.running)
    assert session.rasters.current.grid == grid
    assert empty.image is not None
    assert ["holds other pixels" in line for line in lines(commands)] == [True]
