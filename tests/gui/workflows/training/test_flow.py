"""Training from the window, with the real trainer in a real thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news
from support.models import random_bundle

from landseg_core.data.sources.folders import Folders
from landseg_core.events import JobControl, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.header import read_header
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.preview import PreviewMade, PreviewRequest
from landseg_core.tasks.train import TrainTask
from landseg_core.training.loop import TrainResult
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.panels.runs.training import TrainingPanel
from landseg_gui.session.model_choice import proposed_model
from landseg_gui.session.session import Session
from landseg_gui.workflows.training.estimate import ThroughputMemory
from landseg_gui.workflows.training.flow import TrainFlow, training_work

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
def fill(flow: TrainFlow, image_folders: Path, tmp_path: Path) -> Callable[[int], TrainDialog]:
    """Return what opens the dialog and fills it in for a small run of so many epochs."""

    def open_and_fill(epochs: int) -> TrainDialog:
        dialog = flow.open()
        for name, value in (
            ("train_images", image_folders / "images"),
            ("train_masks", image_folders / "masks"),
            ("train_out", tmp_path / "run"),
        ):
            dialog.findChild(QLineEdit, name).setText(str(value))
        dialog.findChild(QComboBox, "train_classes").setCurrentText("landcover-dubai")
        dialog.findChild(QComboBox, "train_model").setCurrentText("unet16")
        for name, number in (("train_chip", 32), ("train_batch", 4), ("train_epochs", epochs)):
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
    collect_news(session.notifier, messages)
    press(fill(2), qtbot)
    assert flow.running
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        pass
    assert not flow.running
    assert session.model.path == tmp_path / "run" / "model.safetensors"
    assert read_header(session.model.path).architecture == "unet16"
    assert "ready to predict" in messages[-1]
    assert state(panel).startswith("Finished")
    assert panel.findChild(QLabel, "iou_land").text() != "–"
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines].count("epoch") == 2


def test_pause_resume_and_stop(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner
) -> None:
    press(fill(1000), qtbot)
    qtbot.waitUntil(lambda: "step" in state(panel), timeout=SECONDS)
    pause, stop = (panel.findChild(QPushButton, f"training_{name}") for name in ("pause", "stop"))
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    assert state(panel) == "Paused"
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.findChild(QLabel, "training_figures").text() != "", timeout=SECONDS)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert state(panel).startswith("Stopped after")
    assert session.model.path is not None
    assert read_header(session.model.path).schema.names[0] == "land"


def test_a_stopped_run_goes_on_with_its_own_settings(
    flow: TrainFlow, session: Session, qtbot: QtBot, fill, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    collect_errors(session.notifier, messages)
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    monkeypatch.setattr("landseg_gui.dialogs.train.choose", lambda *_question: "Resume This Run")
    dialog = fill(3)
    dialog.findChild(QSpinBox, "train_batch").setValue(8)
    press(dialog, qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    assert messages == []
    assert read_header(session.model.path).training["settings"]["batch"] == 4


def test_a_run_that_goes_on_from_a_model_takes_its_network(image_folders: Path, tmp_path: Path) -> None:
    folders = Folders(images=image_folders / "images", masks=image_folders / "masks")
    data = {"source": folders, "classes": "landcover-dubai"}
    small = {"model": "unet16", "chip": 32, "batch": 4, "epochs": 1}
    training_work(TrainTask(**data, out=tmp_path / "first", settings=small))(ignore_event, JobControl())
    going_on = {"chip": 32, "batch": 4, "epochs": 1, "start_from": str(tmp_path / "first")}
    result = training_work(TrainTask(**data, out=tmp_path / "second", settings=going_on))(ignore_event, JobControl())
    assert result.bundle.header.architecture == "unet16"


def test_a_stopped_run_can_be_continued_from_the_panel(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner, tmp_path: Path
) -> None:
    told: list[tuple[bool, bool]] = []
    flow.next_steps.connect(lambda *answer: told.append(answer))
    press(fill(1000), qtbot)
    qtbot.waitUntil(lambda: "step" in state(panel), timeout=SECONDS)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        panel.findChild(QPushButton, "training_stop").click()
    assert told == [(True, True)]
    dialog = flow.resume()
    assert not dialog.findChild(QSpinBox, "train_epochs").isEnabled()
    assert (dialog.config().epochs, dialog.config().model) == (1000, "unet16")
    press(dialog, qtbot)
    assert flow.trains_in(tmp_path / "run")
    qtbot.waitUntil(lambda: "step" in state(panel), timeout=SECONDS)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        panel.findChild(QPushButton, "training_stop").click()
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    starts = [line["first_step"] for line in lines if line["event"] == "run_started"]
    assert len(starts) == 2
    assert starts[1] > 0


def test_a_finished_run_is_not_offered(
    flow: TrainFlow, panel: TrainingPanel, qtbot: QtBot, fill, runner: JobRunner
) -> None:
    told: list[tuple[bool, bool]] = []
    flow.next_steps.connect(lambda *answer: told.append(answer))
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    assert [resumable for resumable, _ in told] == [False]


def test_a_run_that_is_no_more_is_told(flow: TrainFlow, session: Session, tmp_path: Path) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    assert flow.resume(tmp_path / "gone") is None
    assert flow.fine_tune(tmp_path / "gone") is None
    assert "gone" in problems[0]
    assert len(problems) == 2
    assert flow.resume() is None  # nothing was trained yet


def test_training_further_starts_a_new_run_with_the_same_settings(
    flow: TrainFlow, qtbot: QtBot, fill, runner: JobRunner, tmp_path: Path
) -> None:
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    dialog = flow.fine_tune()
    request = dialog.request()
    assert request.out != tmp_path / "run"
    assert (dialog.config().chip, dialog.config().model, request.resume) == (32, "unet16", False)


def test_what_is_looked_at_is_predicted_after_each_epoch(
    flow: TrainFlow, qtbot: QtBot, fill, runner: JobRunner, image_folders: Path
) -> None:
    class Looking:
        def wanted(self) -> PreviewRequest:
            return PreviewRequest(image_folders / "images" / "north.tif", PixelWindow(10, 20, 100, 80))

    flow.preview = Looking()
    previews: list[PreviewMade] = []
    flow.started.connect(
        lambda job, _schema: job.reported.connect(
            lambda event: previews.append(event) if isinstance(event, PreviewMade) else None
        )
    )
    press(fill(2), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    assert [made.epoch for made in previews] == [1, 2]
    assert {made.window for made in previews} == {PixelWindow(10, 20, 100, 80)}


def test_the_throughput_of_a_run_is_kept_for_the_next_estimate(
    flow: TrainFlow, qtbot: QtBot, fill, runner: JobRunner
) -> None:
    dialog = fill(15)
    config = dialog.config()
    press(dialog, qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    assert ThroughputMemory(FormSettings("pace")).known(config) is not None


def test_data_that_does_not_fit_is_told_in_a_sentence(
    flow: TrainFlow, panel: TrainingPanel, session: Session, qtbot: QtBot, fill, runner: JobRunner, image_folders: Path
) -> None:
    (image_folders / "masks" / "south.tif").unlink()
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    press(fill(1), qtbot)
    qtbot.waitSignal(runner.idle, timeout=SECONDS).wait()
    (sentence,) = problems
    assert "south" in sentence
    assert state(panel) == f"Failed: {sentence}"
    assert session.model.path is None


def test_only_one_run_at_a_time(
    flow: TrainFlow, session: Session, runner: JobRunner, qtbot: QtBot, fill, tmp_path: Path
) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    press(fill(1000), qtbot)
    assert flow.trains_in(tmp_path / "run")
    assert not flow.trains_in(tmp_path / "other")
    assert flow.open() is None
    assert "under way" in messages[0]


def test_escape_starts_nothing(flow: TrainFlow, runner: JobRunner, qtbot: QtBot, fill) -> None:
    qtbot.keyClick(fill(1), Qt.Key.Key_Escape)
    assert not flow.running
    assert runner.running == []


@pytest.mark.parametrize(("high", "in_use"), [(-0.01, "parent"), (0.01, "new")])
def test_a_model_that_is_worse_than_its_parent_is_offered_only(
    flow: TrainFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    high: float,
    in_use: str,
) -> None:
    files = {name: tmp_path / name / "model.safetensors" for name in ("parent", "new")}
    for file in files.values():
        file.parent.mkdir()
        file.touch()
    beside = {"other_miou": 0.6, "difference": -0.1, "interval": [-0.2, high]}
    bundle = random_bundle("unet16")
    bundle = replace(bundle, header=replace(bundle.header, training={"beside_parent": beside}))
    result = TrainResult(files["new"], bundle, 1, 0.5, "finished")
    monkeypatch.setattr("landseg_gui.workflows.training.flow.run_train", lambda *_task, **_how: result)
    task = TrainTask(
        out=files["new"].parent, source=Folders(images=tmp_path, masks=tmp_path), classes="landcover-dubai"
    )
    offers: list[tuple[str, Callable[[], object]]] = []
    session.notifier.offered.connect(lambda text, _button, accept: offers.append((text, accept)))
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        flow.start(task, TrainConfig(start_from=str(files["parent"])))
    assert session.model.path == files[in_use]
    assert len(offers) == (in_use == "parent")
    for text, accept in offers:
        assert "worse than parent" in text
        assert "50.0\xa0% instead of 60.0\xa0%. Predictions still use parent" in text
        accept()
        assert session.model.path == files["new"]


def test_a_run_without_metrics_is_said_to_have_none(
    flow: TrainFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    result = TrainResult(tmp_path / "run" / "model.safetensors", random_bundle("unet16"), None, None, "stopped")
    monkeypatch.setattr("landseg_gui.workflows.training.flow.run_train", lambda *_task, **_how: result)
    task = TrainTask(out=tmp_path / "run", source=Folders(images=tmp_path, masks=tmp_path), classes="landcover-dubai")
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        flow.start(task, TrainConfig())
    assert "not validated" in messages[0]


def test_requests_are_frozen(fill) -> None:
    request: TrainTask = fill(1).request()
    with pytest.raises(ValidationError):
        request.resume = True


def test_the_job_is_told_with_its_classes(flow: TrainFlow, qtbot: QtBot, fill) -> None:
    told: list[tuple[Job, object]] = []
    flow.started.connect(lambda job, schema: told.append((job, schema)))
    dialog = fill(1000)
    press(dialog, qtbot)
    (job, schema) = told[0]
    assert job.title == "Train unet16 in run"
    assert schema == dialog.request().classes


# --- the labels of a project


@pytest.fixture
def fill_for_project(flow: TrainFlow, painted_project: Project) -> Callable[[int], TrainDialog]:
    """Return what opens the dialog, which offers the project, and fills it in for a run of so many epochs."""

    def open_and_fill(epochs: int) -> TrainDialog:
        dialog = flow.open()
        dialog.findChild(QComboBox, "train_model").setCurrentText("unet16")
        for name, number in (("train_chip", 32), ("train_batch", 4), ("train_epochs", epochs)):
            dialog.findChild(QSpinBox, name).setValue(number)
        return dialog

    return open_and_fill


def test_a_run_on_the_open_project_is_entered_in_it(
    session: Session, qtbot: QtBot, fill_for_project, runner: JobRunner, painted_project: Project, tmp_path: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    seen = painted_project.history.state
    press(fill_for_project(1), qtbot)
    edit = painted_project.labels(1).begin()  # painting goes on
    edit.paint(RectangleRegion((0, 110), (50, 128)), 1)
    qtbot.waitUntil(lambda: (tmp_path / "farm-runs" / "run-001" / "labels" / "labels.json").exists(), timeout=SECONDS)
    session.project_session.project.record(1, edit.finish(), "Paint")
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert problems == []
    (run,) = painted_project.runs
    assert (run.folder, run.label_state) == (tmp_path / "farm-runs" / "run-001", seen)
    assert run.label_state != painted_project.history.state
    assert session.model.path == run.folder / "model.safetensors"


def test_the_next_run_gets_the_next_folder(flow: TrainFlow, painted_project: Project, tmp_path: Path) -> None:
    (tmp_path / "farm-runs" / "run-007").mkdir(parents=True)
    assert flow.open().request().out == tmp_path / "farm-runs" / "run-008"


def test_a_run_is_entered_in_its_project_though_that_is_closed_by_now(
    session: Session, qtbot: QtBot, fill_for_project, runner: JobRunner, painted_project: Project, tmp_path: Path
) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    press(fill_for_project(1), qtbot)
    metrics = tmp_path / "farm-runs" / "run-001" / "metrics.jsonl"
    qtbot.waitUntil(metrics.exists, timeout=SECONDS)
    assert session.project_session.lifecycle.close()
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert any("The model of farm.landseg is ready to predict with" in message for message in messages)
    assert session.model.path is None  # nothing is chosen without a project
    run = tmp_path / "farm-runs" / "run-001"
    with Project.open(tmp_path / "farm.landseg") as again:
        assert [entry.folder for entry in again.runs] == [run]
        assert proposed_model(again) == run / "model.safetensors"


def test_too_few_labels_are_told_and_leave_no_folder(
    flow: TrainFlow, session: Session, qtbot: QtBot, fill_for_project, runner: JobRunner, painted_project: Project
) -> None:
    for image in painted_project.images:
        edit = painted_project.labels(image.id).begin()
        edit.paint(RectangleRegion((0, 0), (128, 128)), 255)
        edit.paint(RectangleRegion((5, 5), (15, 15)), 1)
        painted_project.record(image.id, edit.finish(), "Paint")
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    press(fill_for_project(1), qtbot)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    (sentence,) = problems
    assert "label larger areas" in sentence
    assert not (painted_project.path.parent / "farm-runs").exists()
