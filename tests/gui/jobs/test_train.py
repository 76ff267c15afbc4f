"""Training from the window, with the real trainer in a real thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.models.header import read_header
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.jobs.requests import TrainRequest
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.jobs.train import TrainFlow
from landseg_gui.panels.training import TrainingPanel
from landseg_gui.session import Session

SECONDS = 60_000


@pytest.fixture
def flow(session: Session, runner: JobRunner, window: QWidget) -> TrainFlow:
    return TrainFlow(session, runner, window)


@pytest.fixture
def panel(flow: TrainFlow, qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.show()
    flow.started.connect(panel.follow)
    return panel


@pytest.fixture
def fill(flow: TrainFlow, data_set: Path, tmp_path: Path) -> Callable[[int], TrainDialog]:
    """Return what opens the dialog and fills it in for a small run of so many epochs."""

    def open_and_fill(epochs: int) -> TrainDialog:
        dialog = flow.open()
        for name, value in (
            ("train_images", data_set / "images"),
            ("train_masks", data_set / "masks"),
            ("train_out", tmp_path / "run"),
        ):
            dialog.findChild(QLineEdit, name).setText(str(value))
        dialog.findChild(QComboBox, "train_classes").setCurrentText("landcover-dubai")
        for name, number in (("train_chip", 64), ("train_batch", 4), ("train_epochs", epochs)):
            dialog.findChild(QSpinBox, name).setValue(number)
        return dialog

    return open_and_fill


def press(dialog: TrainDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def state(panel: TrainingPanel) -> str:
    return panel.findChild(QLabel, "training_state").text()


def test_a_run_from_the_dialog_to_a_model_in_use(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner, tmp_path: Path
) -> None:
    messages: list[str] = []
    session.message.connect(messages.append)
    press(fill(2), qtbot)
    assert flow.running
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        pass
    assert not flow.running
    assert session.model_path == tmp_path / "run" / "model.safetensors"
    assert read_header(session.model_path).architecture == "unet16"
    assert "ready to predict" in messages[-1]
    assert state(panel).startswith("Finished")
    assert panel.findChild(QLabel, "iou_land").text() != "–"
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines].count("epoch") == 2


def test_pause_resume_and_stop(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner
) -> None:
    press(fill(10_000), qtbot)
    qtbot.waitUntil(lambda: "step" in state(panel), timeout=SECONDS)
    pause, stop = (panel.findChild(QPushButton, f"training_{name}") for name in ("pause", "stop"))
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    assert state(panel) == "Paused"
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.findChild(QLabel, "training_figures").text() != "", timeout=SECONDS)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert state(panel).startswith("Stopped after")
    assert session.model_path is not None
    assert read_header(session.model_path).schema.names[0] == "land"


def test_a_stopped_run_goes_on_with_its_own_settings(
    flow: TrainFlow, session: Session, qtbot: QtBot, fill, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    session.problem.connect(messages.append)
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    monkeypatch.setattr("landseg_gui.dialogs.train.choose", lambda *_question: "Go on with that run")
    dialog = fill(3)
    dialog.findChild(QSpinBox, "train_batch").setValue(8)
    press(dialog, qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    assert messages == []
    assert read_header(session.model_path).training["settings"]["batch"] == 4


def test_data_that_does_not_fit_is_told_in_a_sentence(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner, data_set: Path
) -> None:
    (data_set / "masks" / "south.tif").unlink()
    problems: list[str] = []
    session.problem.connect(problems.append)
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    (sentence,) = problems
    assert "south" in sentence
    assert state(panel) == f"Failed: {sentence}"
    assert session.model_path is None


def test_only_one_run_at_a_time(flow: TrainFlow, session: Session, runner: JobRunner, qtbot: QtBot, fill) -> None:
    messages: list[str] = []
    session.message.connect(messages.append)
    press(fill(10_000), qtbot)
    assert flow.open() is None
    assert "under way" in messages[0]


def test_escape_starts_nothing(flow: TrainFlow, runner: JobRunner, qtbot: QtBot, fill) -> None:
    qtbot.keyClick(fill(1), Qt.Key.Key_Escape)
    assert not flow.running
    assert runner.running == []


def test_a_run_without_figures_is_told_apart(flow: TrainFlow, session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    class Result:
        model_path, best_miou, best_epoch, reason = tmp_path / "model.safetensors", None, None, "stopped"

    messages: list[str] = []
    session.message.connect(messages.append)
    flow._take_model(Result())
    assert "not validated" in messages[0]


def test_requests_are_frozen(fill) -> None:
    request: TrainRequest = fill(1).request()
    with pytest.raises(AttributeError):
        request.resume = True


def test_the_job_is_told_with_its_classes(flow: TrainFlow, qtbot: QtBot, fill) -> None:
    told: list[tuple[Job, object]] = []
    flow.started.connect(lambda job, schema: told.append((job, schema)))
    dialog = fill(10_000)
    press(dialog, qtbot)
    (job, schema) = told[0]
    assert job.title == "Train unet16 in run"
    assert schema == dialog.request().schema
