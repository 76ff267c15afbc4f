from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QLabel, QProgressBar, QPushButton, QTabWidget, QToolButton
from pytestqt.qtbot import QtBot

from landseg_core.errors import DatasetError
from landseg_core.events import (
    EpochFinished,
    Event,
    JobControl,
    Notice,
    OnEvent,
    Progress,
    RunFinished,
    RunStarted,
    StepFinished,
)
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.limits import LargeWorkError, WorkSize
from landseg_core.runs.samples import ValidationSample, ValidationSamples
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.panels.runs.curves import CurvesView
from landseg_gui.panels.runs.samples import SampleRow
from landseg_gui.panels.runs.training import TrainingPanel

SCHEMA = load_classes("landcover-dubai")
STARTED = RunStarted("unet16", 1_900_000, "cpu", "bf16", SCHEMA.names, 1000, 100, 20, None, 10, 8, 256)
IOU = {"land": 0.8, "building": 0.25, "vegetation": 0.5, "water": None, "road": 0.0}


def step(number: int, loss: float = 0.5) -> StepFinished:
    epoch = (number - 1) // 10 + 1
    return StepFinished(epoch, number, loss, 0.001, number / 200, number, 200.0 - number)


def epoch(number: int, miou: float, *, best: bool) -> EpochFinished:
    return EpochFinished(number, 10 * number, 0.5, 0.6, 0.9, miou, IOU, 0.001, 1.0, best=best)


class ScriptedRun:
    """A run that emits what the test pushes, and pauses and stops as a real one does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.beats = 0
        self.outcome: Exception | None = None
        self.finish = threading.Event()

    def __call__(self, on_event: OnEvent, control: JobControl) -> str:
        while not self.finish.wait(0.002) and not control.stop_requested:
            control.wait_while_paused()
            self.beats += 1
            while self.events:
                on_event(self.events.pop(0))
        if self.outcome:
            raise self.outcome
        return "model"


@pytest.fixture
def panel(qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.resize(360, 700)
    panel.show()
    return panel


@pytest.fixture
def run() -> ScriptedRun:
    return ScriptedRun()


@pytest.fixture
def job(runner: JobRunner, panel: TrainingPanel, run: ScriptedRun) -> Job:
    job = runner.start("Train unet16", run)
    panel.follow(job, SCHEMA)
    return job


def text(panel: TrainingPanel, name: str) -> str:
    return panel.findChild(QLabel, name).text().replace("\N{NO-BREAK SPACE}", " ")


def button(panel: TrainingPanel, name: str) -> QPushButton:
    return panel.findChild(QPushButton, f"training_{name}")


def test_before_the_first_run_the_panel_says_what_to_do(panel: TrainingPanel) -> None:
    assert "Train" in text(panel, "training_empty")
    assert panel.findChild(QLabel, "training_empty").isVisible()


def test_a_run_is_prepared_before_it_tells_anything(panel: TrainingPanel, job: Job) -> None:
    assert text(panel, "training_state") == "Preparing…"
    assert panel.findChild(QProgressBar).maximum() == 0
    assert button(panel, "stop").isEnabled()


def test_steps_move_the_bar_and_the_time_left(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [STARTED, step(1), step(70, 0.25)]
    qtbot.waitUntil(lambda: text(panel, "training_time_left") == "2 min 10 s left")
    assert text(panel, "training_title") == "unet16 for 20 epochs on cpu (bf16)"
    assert text(panel, "training_state") == "Epoch 7 of 20 · step 70 · loss 0.250"
    assert panel.findChild(QProgressBar).value() == 350


def test_a_run_by_minutes_has_no_last_epoch(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [replace(STARTED, epochs=None, minutes=1.5), step(3)]
    qtbot.waitUntil(lambda: text(panel, "training_state").startswith("Epoch 1 ·"))
    assert text(panel, "training_title") == "unet16 for 1 min 30 s on cpu (bf16)"


def test_an_epoch_shows_its_figures_and_the_best(
    panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot
) -> None:
    run.events += [STARTED, epoch(1, 0.4, best=True), epoch(2, 0.35, best=False)]
    qtbot.waitUntil(lambda: "35.0 %" in text(panel, "training_figures"))
    assert text(panel, "training_figures") == "mIoU 35.0 % · best 40.0 % in epoch 1 · accuracy 90.0 %"
    assert [text(panel, f"iou_{name}") for name in SCHEMA.names] == ["80.0 %", "25.0 %", "50.0 %", "–", "0.0 %"]


def test_curves_hold_what_was_told(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [STARTED, *(step(number, 1 / number) for number in range(1, 21)), epoch(1, 0.4, best=True)]
    qtbot.waitUntil(lambda: text(panel, "training_figures") != "")
    curves = panel.findChild(CurvesView)
    assert curves.train_steps.series.x[[0, -1]] == pytest.approx([0.1, 2.0])
    assert curves.train_steps.series.y[-1] == pytest.approx(1 / 20)
    assert (curves.val_loss.series.x.tolist(), curves.val_loss.series.y.tolist()) == ([1.0], [0.6])
    assert curves.miou.series.y == pytest.approx([40.0])
    curves.draw()
    assert len(curves.loss_plot.listDataItems()[0].getData()[0]) == 20


def test_another_run_begins_with_empty_curves(
    panel: TrainingPanel, job: Job, run: ScriptedRun, runner: JobRunner, qtbot: QtBot
) -> None:
    run.events += [STARTED, step(1), epoch(1, 0.4, best=True)]
    qtbot.waitUntil(lambda: text(panel, "training_figures") != "")
    run.finish.set()
    qtbot.waitSignal(job.ended).wait()
    second = ScriptedRun()
    panel.follow(runner.start("Train unet32", second), SCHEMA)
    assert text(panel, "training_figures") == ""
    assert text(panel, "iou_land") == "–"
    second.events.append(STARTED)
    qtbot.waitUntil(lambda: len(panel.findChild(CurvesView).train_steps.series) == 0)


def test_pause_holds_the_run_and_resume_lets_it_go_on(
    panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot
) -> None:
    run.events += [STARTED, step(1)]
    qtbot.waitUntil(lambda: text(panel, "training_time_left") != "")
    button(panel, "pause").click()
    assert job.control.paused
    job.reported.emit(step(2))  # one that was under way
    assert text(panel, "training_state") == "Paused"
    assert button(panel, "pause").text() == "Resume"
    qtbot.waitUntil(lambda: not run.events)
    before = run.beats
    button(panel, "pause").click()
    assert not job.control.paused
    assert button(panel, "pause").text() == "Pause"
    qtbot.waitUntil(lambda: run.beats > before + 2)


def test_stop_wakes_a_paused_run(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    button(panel, "pause").click()
    with qtbot.waitSignal(job.finished):
        button(panel, "stop").click()
        assert text(panel, "training_state").startswith("Stopping…")
        assert not button(panel, "stop").isEnabled()
    assert button(panel, "pause").text() == "Pause"


def test_an_estimate_from_few_labels_shows_its_interval_first(
    panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot
) -> None:
    run.events += [STARTED, replace(epoch(1, 0.44, best=True), miou_interval=(0.31, 0.58))]
    qtbot.waitUntil(lambda: text(panel, "training_figures") != "")
    wanted = "mIoU 31.0–58.0 % (about 44 %) · best 44.0 % in epoch 1 · accuracy 90.0 %"
    assert text(panel, "training_figures") == wanted


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("finished", "Finished after 1 min 15 s · epoch 3"),
        ("stopped", "Stopped after 1 min 15 s · epoch 3"),
        ("not_finite", "Stopped after 1 min 15 s: the loss diverged; try a lower learning rate · epoch 3"),
    ],
)
def test_the_end_is_shown_with_its_reason(
    panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot, reason: str, state: str
) -> None:
    run.events += [STARTED, step(1), RunFinished(reason, 3, 30, 2, 0.4, 75.0)]
    qtbot.waitUntil(lambda: text(panel, "training_state") == state)
    run.finish.set()
    qtbot.waitSignal(job.ended).wait()
    assert text(panel, "training_state") == state
    assert not button(panel, "stop").isEnabled()
    assert text(panel, "training_time_left") == ""


def test_a_failure_is_told(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.outcome = DatasetError("no image has a mask")
    run.finish.set()
    qtbot.waitUntil(lambda: text(panel, "training_state") == "Failed: No image has a mask.")
    assert panel.findChild(QProgressBar).maximum() > 0


def test_a_run_that_is_too_large_says_so(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    work = WorkSize("the run", seconds=90_000.0)
    run.outcome = LargeWorkError(work, work.objection)
    run.finish.set()
    wanted = "Not started: the run: about 25 h 0 min of work, more than 2 h."
    qtbot.waitUntil(lambda: text(panel, "training_state") == wanted)
    assert not button(panel, "stop").isEnabled()


def test_notices_and_validation_are_shown(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [Notice("one class only"), Progress("reading masks", 1, 4, 0.1)]
    qtbot.waitUntil(lambda: text(panel, "training_state") == "Reading masks: 25 %")
    assert text(panel, "training_notice") == "One class only."
    assert panel.findChild(QLabel, "training_notice").isVisible()


def test_all_notices_unfold(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [Notice("one class only"), Notice("little ground"), Notice("one class only"), Notice("no CRS")]
    qtbot.waitUntil(lambda: text(panel, "training_notice") == "No CRS.")
    assert text(panel, "training_notice_count") == "3 notices"
    assert not panel.findChild(QLabel, "training_all_notices").isVisible()
    panel.findChild(QToolButton, "training_unfold_notices").click()
    assert panel.findChild(QLabel, "training_all_notices").isVisible()
    assert text(panel, "training_all_notices").splitlines() == ["• No CRS.", "• One class only.", "• Little ground."]


def test_warnings_stand_beside_the_accuracy(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    warned = replace(epoch(1, 0.4, best=True), warnings=("road is never found", "water was never validated"))
    run.events += [STARTED, warned]
    qtbot.waitUntil(lambda: panel.findChild(QLabel, "training_warnings").isVisible())
    assert text(panel, "training_warnings") == "Road is never found.\nWater was never validated."
    run.events.append(epoch(2, 0.5, best=True))
    qtbot.waitUntil(lambda: not panel.findChild(QLabel, "training_warnings").isVisible())


def test_pictures_and_figures_have_tabs(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    mask = np.zeros((8, 8), np.uint8)
    shot = ValidationSample("a", PixelWindow(0, 0, 8, 8), np.zeros((8, 8, 3), np.uint8), mask, mask, 0.5, 0.5)
    run.events += [STARTED, ValidationSamples(1, {"worst": (shot,)}), epoch(1, 0.4, best=True)]
    qtbot.waitUntil(lambda: panel.findChild(SampleRow) is not None)
    tabs = panel.findChild(QTabWidget, "training_tabs")
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Curves", "Samples", "Metrics"]
    assert not panel.findChild(SampleRow).isVisible()
    tabs.setCurrentIndex(1)
    assert panel.findChild(SampleRow).isVisible()
    tabs.setCurrentIndex(2)
    assert panel.findChild(QLabel, "iou_land").isVisible()


def test_colours_change_and_figures_stay(panel: TrainingPanel, job: Job, run: ScriptedRun, qtbot: QtBot) -> None:
    run.events += [STARTED, epoch(1, 0.4, best=True)]
    qtbot.waitUntil(lambda: text(panel, "iou_land") == "80.0 %")
    first, *others = SCHEMA.classes
    panel.recolour(ClassSchema(classes=(first.model_copy(update={"colour": "#123456"}), *others)))
    assert text(panel, "iou_land") == "80.0 %"


def test_the_live_prediction_is_a_wish(panel: TrainingPanel, job: Job, qtbot: QtBot) -> None:
    box = panel.findChild(QCheckBox, "training_live")
    assert box.isChecked()
    with qtbot.waitSignal(panel.live_wanted) as wanted:
        box.click()
    assert wanted.args == [False]
    panel.show_live_problem("town.tif has no band 4")
    assert text(panel, "training_live_problem") == "No live prediction: town.tif has no band 4."
    panel.show_live_problem("")
    assert not panel.findChild(QLabel, "training_live_problem").isVisible()


def test_after_the_end_it_offers_to_go_on(panel: TrainingPanel, job: Job, runner: JobRunner, qtbot: QtBot) -> None:
    panel.offer_next_steps(resume=True, fine_tune=False)
    assert button(panel, "continue").isVisible()
    assert not button(panel, "further").isVisible()
    with qtbot.waitSignal(panel.resume_wanted):
        button(panel, "continue").click()
    panel.follow(runner.start("Train unet32", lambda *_: None), SCHEMA)
    assert not button(panel, "continue").isVisible()


def test_curves_follow_light_and_dark(qtbot: QtBot) -> None:
    curves = CurvesView()
    qtbot.addWidget(curves)
    for ground, ink in (("#ffffff", "#000000"), ("#111111", "#eeeeee")):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Window, QColor(ground))
        palette.setColor(QPalette.ColorRole.Base, QColor(ground))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(ink))
        palette.setColor(QPalette.ColorRole.Text, QColor(ink))
        curves.setPalette(palette)
        assert curves.loss_plot.backgroundBrush().color() == QColor(ground)
        assert curves.loss_plot.getAxis("left").textPen().color() == QColor(ink)


def test_a_hundred_thousand_steps_are_few_points_to_draw(qtbot: QtBot) -> None:
    curves = CurvesView()
    qtbot.addWidget(curves)
    curves.resize(360, 400)
    curves.show()
    curves.begin(1000)
    for number in range(1, 100_001):
        curves.add_step(step(number, 1 + math.sin(number / 500)))
    curves.draw()
    curves.grab()
    assert len(curves.train_loss.series) <= 4096
    assert curves.train_steps.series.x[-1] > 99
