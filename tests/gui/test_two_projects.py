"""Two projects in one window, one after the other: model, run, live prediction and proposals are each one's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news
from support.runs import write_evaluation, write_model, write_run, write_samples

from landseg_core.events import EpochFinished, JobControl, OnEvent, RunStarted, StepFinished
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.project.project import Project
from landseg_core.runs.preview import PreviewMade
from landseg_core.tasks.predict import MapFinished, PlannedMap, PredictTask
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.dialogs.export_model import ExportModelDialog
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.main_window.window import MainWindow
from landseg_gui.panels.runs.curves import CurvesView
from landseg_gui.panels.runs.samples import ImageRow

SECONDS = 20_000
SCHEMA = load_classes("landcover-dubai")
MakeProject = Callable[..., Path]


@pytest.fixture
def make_project(tmp_path: Path, picture: Path) -> MakeProject:
    """Return what makes a project with the picture and runs of these names, each with a model."""

    def make(name: str, *runs: str) -> Path:
        path = tmp_path / f"{name}.landseg"
        with Project.create(path, SCHEMA) as project:
            project.add_image(picture)
            for run in runs:
                folder = write_run(tmp_path / f"{name}-runs" / run)
                write_model(folder)
                write_evaluation(folder)
                write_samples(folder)
                project.add_run(folder, "tiny", ("land",), "", {})
        return path

    return make


@pytest.fixture
def open_(window: MainWindow, qtbot: QtBot) -> Iterator[Callable[[Path | None], None]]:
    """Return what opens a project in the window, or closes the one that is open."""

    def open_project(path: Path | None) -> None:
        projects = window.session.project_session
        if path is None:
            assert projects.lifecycle.close()
        else:
            window.commands.open_paths([path])
            qtbot.waitUntil(lambda: projects.owner == path and projects.image is not None, timeout=SECONDS)

    yield open_project
    assert window.runner.shut_down(20)


class HeldRun:
    """Work that continues until it is released; it emits what it is given."""

    def __init__(self, *events: object) -> None:
        self.events, self.end = list(events), threading.Event()

    def __call__(self, on_event: OnEvent, control: JobControl) -> None:
        while not self.end.wait(0.01) and not control.stop_requested:
            while self.events:
                on_event(self.events.pop(0))


def begin(window: MainWindow, run: HeldRun) -> None:
    """Begin a training run in what is open now."""
    job = window.session.project_session.start_in_background("Train", run)
    window.commands.train_flow.started.emit(job, SCHEMA)


def label(window: MainWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    return found.text().replace("\N{NO-BREAK SPACE}", " ") if found and found.isVisibleTo(window) else ""


# --- the model


def test_each_project_has_the_model_of_its_last_run(window, open_, make_project, tmp_path: Path) -> None:
    a, b, c = make_project("a", "run-1", "run-2"), make_project("b", "run-1"), make_project("c")
    for project, model in ((a, "a-runs/run-2"), (b, "b-runs/run-1"), (c, None), (a, "a-runs/run-2")):
        open_(project)
        assert window.session.model.path == (tmp_path / model / "model.safetensors" if model else None)


def test_the_model_chosen_is_kept_with_its_project(window, open_, make_project, tmp_path: Path) -> None:
    a, b = make_project("a", "run-1", "run-2"), make_project("b", "run-1")
    window.session.model.path = tmp_path / "of no project"
    open_(a)
    window.session.model.path = tmp_path / "a-runs" / "run-1" / "model.safetensors"
    open_(b)
    assert window.session.model.path == tmp_path / "b-runs" / "run-1" / "model.safetensors"
    open_(a)
    assert window.session.model.path == tmp_path / "a-runs" / "run-1" / "model.safetensors"
    open_(None)
    assert window.session.model.path == tmp_path / "of no project"


def test_a_model_that_is_gone_gives_way_to_the_next(window, open_, make_project, tmp_path: Path) -> None:
    a = make_project("a", "run-1", "run-2")
    open_(a)
    (tmp_path / "a-runs" / "run-2" / "model.safetensors").unlink()
    window.session.model.drop()
    assert window.session.model.path == tmp_path / "a-runs" / "run-1" / "model.safetensors"


def test_a_project_without_runs_has_the_model_of_its_last_map(
    window, open_, make_project, own_map: Path, tmp_path: Path
) -> None:
    write_model(tmp_path)
    c = make_project("c")
    with Project.open(c) as project:
        project.add_prediction(1, own_map, None, tmp_path / "model.safetensors")
    open_(c)
    assert window.session.model.path == tmp_path / "model.safetensors"


def test_a_model_that_comes_for_a_closed_project_is_its_own(window, qtbot, open_, make_project, tmp_path) -> None:
    a, b = make_project("a", "run-1"), make_project("b", "run-1")
    model = tmp_path / "a-runs" / "run-1" / "other.safetensors"
    model.touch()
    open_(b)
    window.session.model.give(a, model)
    qtbot.waitUntil(lambda: not window.runner.running, timeout=SECONDS)
    assert window.session.model.path == tmp_path / "b-runs" / "run-1" / "model.safetensors"
    open_(a)
    assert window.session.model.path == model


# --- the training panel


def test_the_panel_shows_the_last_run_of_the_project(window, qtbot, open_, make_project, tmp_path: Path) -> None:
    a, b, c = make_project("a", "run-1", "run-2"), make_project("b", "run-7"), make_project("c")
    assert "No training run yet" in label(window, "training_empty")
    open_(a)
    qtbot.waitUntil(lambda: label(window, "training_title") == "run-2", timeout=SECONDS)
    state = label(window, "training_state")
    assert state == "tiny for 2 epochs on cpu · Finished after 6 min 40 s · epoch 2"
    assert label(window, "training_figures") == "Best mIoU 76.5 % in epoch 2 · accuracy 87.5 %"
    assert window.findChild(QLabel, "iou_land").text() == "80.0\N{NO-BREAK SPACE}%"
    curves = window.findChild(CurvesView)
    assert curves.miou.series.x.tolist() == [1, 2]
    assert curves.train_steps.series.x == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert len(window.findChildren(ImageRow)) == 3
    open_(b)
    qtbot.waitUntil(lambda: label(window, "training_title") == "run-7", timeout=SECONDS)
    open_(c)
    assert label(window, "training_title") == ""
    assert label(window, "training_empty").startswith("c.landseg has no training run yet.")


def test_runs_that_are_not_there_are_not_no_runs(window, qtbot, open_, make_project, tmp_path: Path) -> None:
    a = make_project("a", "run-1")
    (tmp_path / "a-runs").rename(tmp_path / "elsewhere")
    open_(a)
    gone = f"The last training run is no longer in {tmp_path / 'a-runs' / 'run-1'}."
    qtbot.waitUntil(lambda: label(window, "training_empty") == gone, timeout=SECONDS)


def test_the_panel_goes_on_with_the_run_that_it_shows(window, qtbot, open_, make_project, tmp_path: Path) -> None:
    open_(make_project("a", "run-1"))
    qtbot.waitUntil(lambda: label(window, "training_title") == "run-1", timeout=SECONDS)
    window.findChild(QPushButton, "training_further").click()
    dialog = window.findChild(TrainDialog)
    assert dialog.windowTitle() == "Fine-Tune run-1"
    dialog.reject()


def test_a_run_under_way_stays_with_its_project(window, qtbot, open_, make_project) -> None:
    a, b = make_project("a"), make_project("b", "run-7")
    open_(a)
    started = RunStarted("tiny", 9, "cpu", "fp32", SCHEMA.names, 100, 10, None, 5.0, 10, 2, 32)
    run = HeldRun(started)
    begin(window, run)
    qtbot.waitUntil(lambda: label(window, "training_title") == "tiny for 5 min 0 s on cpu (fp32)", timeout=SECONDS)
    open_(b)
    qtbot.waitUntil(lambda: label(window, "training_title") == "run-7", timeout=SECONDS)
    assert label(window, "training_other") == "A training run of a.landseg is under way."
    run.events += [StepFinished(1, 1, 0.5, 0.1, 0.1, 1.0, None)]
    run.events += [EpochFinished(1, 43, 0.5, 0.6, 0.9, 0.4, dict.fromkeys(SCHEMA.names, 0.4), 0.1, 1.0, best=True)]
    show = window.findChild(QPushButton, "training_show_other")
    show.click()
    assert label(window, "training_whose") == "This run belongs to a.landseg."
    qtbot.waitUntil(lambda: "mIoU 40.0 %" in label(window, "training_figures"), timeout=SECONDS)
    show.click()
    assert label(window, "training_title") == "run-7"
    open_(a)
    assert label(window, "training_title") == "tiny for 5 min 0 s on cpu (fp32)"
    assert label(window, "training_whose") == label(window, "training_other") == ""
    open_(b)
    qtbot.waitUntil(lambda: label(window, "training_title") == "run-7", timeout=SECONDS)
    run.end.set()
    qtbot.waitUntil(lambda: label(window, "training_other") == "", timeout=SECONDS)
    assert label(window, "training_title") == "run-7"


def test_the_live_prediction_stays_with_its_project(window, qtbot, open_, make_project) -> None:
    a, b = make_project("a"), make_project("b")
    open_(a)
    run = HeldRun()
    begin(window, run)
    wish = window.live.wanted()
    assert wish is not None
    run.events.append(PreviewMade(1, wish, wish.window, np.ones((10, 10), np.uint8)))
    qtbot.waitUntil(lambda: window.session.layers.preview is not None, timeout=SECONDS)
    open_(b)
    assert window.session.layers.preview is None
    assert window.live.wanted() is None
    with qtbot.waitSignal(window.runner.running[0].reported):  # one that was under way
        run.events.append(PreviewMade(2, wish, wish.window, np.ones((10, 10), np.uint8)))
    assert window.session.layers.preview is None
    open_(a)
    assert window.live.wanted() is not None
    run.end.set()
    qtbot.waitUntil(lambda: not window.runner.running, timeout=SECONDS)


def test_the_runs_of_another_project_leave_the_list_at_once(window, qtbot, open_, make_project) -> None:
    a, b = make_project("a", "run-1"), make_project("b", "run-7")
    window.actions_by_name["action_runs"].trigger()
    open_(a)
    shelf = window.runs_panel.catalogue
    qtbot.waitUntil(lambda: [run.name for run in shelf.runs] == ["run-1"], timeout=SECONDS)
    listed: list[list[str]] = []
    window.session.project_session.project_changed.connect(lambda: listed.append([run.name for run in shelf.runs]))
    open_(b)
    assert listed == [[], []]
    qtbot.waitUntil(lambda: [run.name for run in shelf.runs] == ["run-7"], timeout=SECONDS)


# --- masks and maps


def test_masks_go_with_the_project_they_were_laid_in(window, qtbot, open_, make_project, own_map, plain_mask) -> None:
    a, b = make_project("a"), make_project("b")
    session = window.session
    open_(a)
    session.files.add_mask(own_map)
    qtbot.waitUntil(lambda: len(session.layers.masks) == 1, timeout=SECONDS)
    open_(b)
    assert session.layers.masks == []
    session.project_session.lifecycle.close()
    session.files.add_mask(plain_mask, SCHEMA)
    qtbot.waitUntil(lambda: len(session.layers.masks) == 1, timeout=SECONDS)
    open_(a)
    assert [mask.path for mask in session.layers.masks] == [plain_mask]  # of the picture, not of a project


def test_a_map_that_comes_after_its_project_is_entered_there_and_not_shown(
    window, qtbot, open_, make_project, own_map: Path, picture: Path
) -> None:
    a, b = make_project("a"), make_project("b")
    open_(a)
    owner = window.session.project_session.owner
    open_(b)
    task = PredictTask(model=Path("m"), maps=(PlannedMap(picture, own_map),))
    flow = window.commands.predict_flow
    messages: list[str] = []
    collect_news(window.session.notifier, messages)
    flow._take(MapFinished(task.maps[0], SCHEMA, placed=True), task, owner)
    qtbot.waitUntil(lambda: not window.runner.running, timeout=SECONDS)
    assert f"The map of a.landseg was saved as {own_map}." in messages
    assert window.session.layers.masks == []
    assert window.session.project_session.project.predictions(1) == ()
    open_(a)
    assert [entry.mask for entry in window.session.project_session.project.predictions(1)] == [own_map]


def test_what_cannot_be_entered_in_a_closed_project_is_told(window, qtbot, open_, make_project, tmp_path) -> None:
    open_(make_project("b"))
    problems: list[str] = []
    collect_errors(window.session.notifier, problems)
    window.session.model.give(tmp_path / "gone.landseg", tmp_path / "m")
    qtbot.waitUntil(lambda: problems != [], timeout=SECONDS)
    assert problems[0].startswith("The new model was not stored in gone.landseg. ")


# --- proposals


def test_dialogs_about_a_project_go_with_it(window, qtbot, open_, make_project) -> None:
    a, b = make_project("a", "run-1"), make_project("b")
    open_(a)
    window.actions_by_name["action_predict"].trigger()
    dialog = window.findChild(PredictDialog)
    assert dialog.isVisible()
    gone: list[int] = []
    dialog.finished.connect(gone.append)
    window.session.project_session.lifecycle.open(b)
    qtbot.waitUntil(lambda: window.session.project_session.owner == b, timeout=SECONDS)
    assert set(gone) == {int(PredictDialog.DialogCode.Rejected)}
    qtbot.waitUntil(lambda: not window.runner.running, timeout=SECONDS)


def test_proposals_are_those_of_the_project(tmp_path: Path, schema: ClassSchema) -> None:
    with Project.create(tmp_path / "a.landseg", schema) as a, Project.create(tmp_path / "b.landseg", schema) as b:
        FormSettings("train").save_proposals({"images": "of none"})
        FormSettings("train", project=a).save_proposals({"images": "of a", "masks": "of a"})
        FormSettings("train", project=a).save({"chip": "64"})
        assert FormSettings("train").proposal("images") == "of none"
        assert FormSettings("train", project=a).proposal("masks") == "of a"
        assert FormSettings("train", project=b).proposal("images", "nothing") == "nothing"
        assert FormSettings("predict", project=a).proposal("images") == ""
        assert FormSettings("train", project=b).text("chip") == "64"  # how somebody works goes along
    with Project.open(tmp_path / "a.landseg") as a:
        assert FormSettings("train", project=a).proposal("images") == "of a"


def test_no_dialog_proposes_what_another_project_used(
    window, qtbot, open_, make_project, own_map, tmp_path: Path
) -> None:
    a, b = make_project("a", "run-1"), make_project("b")
    open_(a)
    for form in ("train", "predict", "export", "export_labels", "export_model"):
        fields = ("model", "folder", "images", "masks", "list", "val_list", "landcover_ai", "runs", "classes")
        project = window.session.project_session.project
        FormSettings(form, project=project).save_proposals({field: str(tmp_path / "of a") for field in fields})
    open_(b)
    window.session.files.add_mask(own_map)
    qtbot.waitUntil(lambda: window.session.layers.masks != [], timeout=SECONDS)
    commands, labels = window.commands, window.label_commands
    openers = (commands.train, commands.predict, commands.export, commands.export_model, labels.export_labels)
    for open_dialog in openers:
        open_dialog()
    texts = [line.text() for line in window.findChildren(QLineEdit)]
    texts += [box.currentText() for box in window.findChildren(QComboBox)]
    assert [text for text in texts if "of a" in text or "a-runs" in text] == []
    assert window.findChild(ExportDialog)
    assert window.findChild(ExportModelDialog)
    for dialog in window.findChildren(QDialog):
        dialog.reject()
    qtbot.waitUntil(lambda: not window.runner.running, timeout=SECONDS)
