"""A run in the window: its panel, its layer, and what the user can do about both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from landseg_core.events import Event, JobControl, OnEvent
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.project.project import Project
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewSource
from landseg_gui.main_window.window import MainWindow

SCHEMA = load_classes("landcover-dubai")


class ScriptedRun:
    """A run that predicts one class wherever somebody looks, until it is to end."""

    def __init__(self, preview: PreviewSource) -> None:
        self.preview, self.end, self.epochs = preview, threading.Event(), 0
        self.refuses = False

    def __call__(self, on_event: OnEvent, control: JobControl) -> None:
        while not self.end.wait(0.05) and not control.stop_requested:
            request = self.preview.wanted()
            if request is not None:
                self.epochs += 1
                on_event(self._told(request))

    def finish(self, window: MainWindow, qtbot: QtBot) -> None:
        """End; a window that closes while a run goes on is another matter."""
        self.end.set()
        qtbot.waitUntil(lambda: not window.runner.running, timeout=20_000)

    def _told(self, request) -> Event:
        if self.refuses:
            return PreviewRefused(request, "picture.tif has no band 4")
        return PreviewMade(self.epochs, request, request.window, np.ones((10, 10), np.uint8))


@pytest.fixture
def run(window: MainWindow, picture: Path, qtbot: QtBot) -> Iterator[ScriptedRun]:
    """Return a run under way over a picture."""
    window.commands.open_paths([picture])
    qtbot.waitUntil(lambda: window.session.rasters.current is not None and not window.runner.running, timeout=20_000)
    run = ScriptedRun(window.live)
    follow(window, run)
    yield run
    run.end.set()


def follow(window: MainWindow, run: ScriptedRun) -> None:
    """Begin the run in what is open now."""
    job = window.session.project_session.start_in_background("Train", run)  # closing the window must not ask
    window.commands.train_flow.started.emit(job, SCHEMA)


def test_the_view_is_predicted_as_a_layer_of_its_own(window: MainWindow, run: ScriptedRun, qtbot: QtBot) -> None:
    def names() -> list[str]:
        return [label.text() for label in window.findChildren(QLabel, "layer_name")]

    # the cards of before are still children until the event loop has deleted them
    qtbot.waitUntil(lambda: names() == ["Live prediction", "picture.tif"])
    assert window.commands.train_flow.preview is window.live
    run.finish(window, qtbot)


def test_it_follows_the_view(window: MainWindow, run: ScriptedRun, qtbot: QtBot) -> None:
    window.viewport.centre_on(700, 500, 4.0)
    now = window.viewport.view_window()
    assert window.live.wanted().window == now
    run.finish(window, qtbot)


def test_the_check_box_switches_it(window: MainWindow, run: ScriptedRun, qtbot: QtBot) -> None:
    layers, box = window.session.layers, window.findChild(QCheckBox, "training_live")
    qtbot.waitUntil(lambda: layers.preview is not None)
    box.click()
    assert layers.preview is None
    assert window.live.wanted() is None
    box.click()
    qtbot.waitUntil(lambda: layers.preview is not None)
    run.finish(window, qtbot)


def test_why_there_is_none_is_told(window: MainWindow, run: ScriptedRun, qtbot: QtBot) -> None:
    run.refuses = True
    problem = window.findChild(QLabel, "training_live_problem")
    qtbot.waitUntil(lambda: problem.text() == "No live prediction: picture.tif has no band 4.")
    run.finish(window, qtbot)


def test_it_follows_the_colours_of_the_project(
    window: MainWindow, run: ScriptedRun, qtbot: QtBot, tmp_path: Path, picture: Path
) -> None:
    first, *others = SCHEMA.classes
    other = ClassSchema(classes=(first.model_copy(update={"colour": "#123456"}), *others))
    with Project.create(tmp_path / "a.landseg", other) as project:
        project.add_image(picture)
    window.session.project_session.lifecycle.open(tmp_path / "a.landseg")
    qtbot.waitUntil(lambda: window.session.project_session.image is not None, timeout=20_000)
    follow(window, run)
    window.session.project_session.editing.schema_changed.emit()
    qtbot.waitUntil(lambda: window.session.layers.preview is not None)
    assert window.session.layers.preview.class_of(first.value).colour == "#123456"
    run.finish(window, qtbot)
    assert window.session.project_session.lifecycle.close()
