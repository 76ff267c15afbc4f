"""What is too large to begin unasked is asked about, with its size; only then it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors

from landseg_core import limits
from landseg_core.data.sources.folders import Folders
from landseg_core.inference import predictor
from landseg_core.labels.classes import load_classes
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.export import ExportTask, MaskFile
from landseg_core.tasks.predict import PlannedMap, PredictTask
from landseg_core.tasks.train import TrainTask
from landseg_core.training import preparation
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows import large_work
from landseg_gui.workflows.export import ExportFlow
from landseg_gui.workflows.predict import PredictFlow
from landseg_gui.workflows.training.flow import TrainFlow

SECONDS = 60_000


class Answers:
    """Stands for the user: what was asked, and what is answered."""

    def __init__(self) -> None:
        self.answer: str | None = None
        self.asked: list[tuple[str, str]] = []

    def choose(self, _parent: QWidget, question: str, explanation: str, _actions: object) -> str | None:
        self.asked.append((question, explanation))
        return self.answer


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Have 16,384 px be too many."""
    answers = Answers()
    monkeypatch.setattr(large_work, "choose", answers.choose)
    monkeypatch.setattr(limits, "MOST_PIXELS", 128 * 128 - 1)
    return answers


@pytest.mark.parametrize(("wanted", "asked"), [([True, True], 1), ([True, False], 1), ([False], 0)])
def test_what_is_no_longer_wanted_is_not_begun(
    answers: Answers, runner: JobRunner, window: QWidget, qtbot: QtBot, wanted: list[bool], asked: int
) -> None:
    """Its project may have closed before the question, or while it was on the screen."""
    answers.answer, begun = "Continue", []
    told = iter(wanted)

    def refused(*_how: object) -> None:
        raise limits.LargeWorkError(limits.WorkSize("the map", 10**6), "the map is large")

    job = runner.start("Work", refused)
    last: list[bool] = []
    large_work.ask_if_large(
        job, window, lambda: begun.append(job), is_wanted=lambda: last.append(next(told)) or last[-1]
    )
    qtbot.waitUntil(lambda: last == wanted, timeout=SECONDS)
    assert begun == [job] * all(wanted)
    assert len(answers.asked) == asked
    qtbot.waitUntil(lambda: not runner.running)


@pytest.mark.parametrize("style", ["index", "geotiff"])
def test_an_export(
    answers: Answers,
    session: Session,
    runner: JobRunner,
    window: QWidget,
    qtbot: QtBot,
    image_folders: Path,
    tmp_path: Path,
    style: str,
) -> None:
    flow, out = ExportFlow(session, runner, lambda: None, window), tmp_path / "map.tif"
    mask, schema = image_folders / "masks" / "north.tif", load_classes("landcover-dubai")
    task = ExportTask(mask=MaskFile(mask, schema), style=style, out=out)
    flow.start(task)
    qtbot.waitUntil(lambda: len(answers.asked) == 1, timeout=SECONDS)
    question, explanation = answers.asked[0]
    assert question == "This is 0.0164 Mpx of work. Continue?"
    assert explanation == f"{out}: 0.0164 Mpx, more than 0.0164 Mpx."
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert not out.exists()
    answers.answer = "Continue"
    flow.start(task)
    qtbot.waitUntil(out.exists, timeout=SECONDS)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert len(answers.asked) == 2


def test_predictions_are_asked_about_together_and_before_the_first(
    answers: Answers,
    session: Session,
    runner: JobRunner,
    window: QWidget,
    qtbot: QtBot,
    image_folders: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 2 * 128 * 128 - 1)
    raster = image_folders / "images" / "north.tif"
    maps = tuple(PlannedMap(raster, tmp_path / "maps" / f"{name}.tif") for name in "ab")
    task = PredictTask(model=model, maps=maps, tile=64, overlap=16, device="cpu")
    flow = PredictFlow(session, runner, lambda: None, window)
    flow.start(task)
    qtbot.waitUntil(lambda: len(answers.asked) == 1, timeout=SECONDS)
    assert answers.asked[0][0] == "This is 0.0328 Mpx of work. Continue?"
    assert answers.asked[0][1].startswith("The maps of 2 images: 0.0328 Mpx")
    assert not (tmp_path / "maps").exists()
    answers.answer = "Continue"
    flow.start(task)
    qtbot.waitUntil(lambda: all(one.path.exists() for one in maps), timeout=SECONDS)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)


def test_maps_that_are_there_are_not_made_again(
    answers: Answers,
    session: Session,
    runner: JobRunner,
    window: QWidget,
    qtbot: QtBot,
    image_folders: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The throughput may become known only by a trial on the second image."""
    monkeypatch.setattr(limits, "MOST_PIXELS", 10**9)
    raster = image_folders / "images" / "north.tif"
    maps = first, second = tuple(PlannedMap(raster, tmp_path / "maps" / f"{name}.tif") for name in "ab")
    task = PredictTask(model=model, maps=maps, tile=64, overlap=16, device="cpu")

    def refuse_after_the_first(work: limits.WorkSize, *, large: bool) -> None:
        if first.path.exists() and not large:
            raise limits.LargeWorkError(work, "too long")

    monkeypatch.setattr(predictor, "require_agreed", refuse_after_the_first)
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    answers.answer = "Continue"
    PredictFlow(session, runner, lambda: None, window).start(task)
    qtbot.waitUntil(lambda: second.path.exists() or problems != [], timeout=SECONDS)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert (len(answers.asked), problems) == (1, [])


def test_a_run_of_hours_is_asked_about_once_its_data_is_read(
    answers: Answers,
    session: Session,
    runner: JobRunner,
    window: QWidget,
    qtbot: QtBot,
    image_folders: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 10**9)
    monkeypatch.setattr(preparation, "_WORTH_A_TRIAL", 0)
    monkeypatch.setattr(preparation, "seconds_per_megapixel", lambda *_: 1e6)
    config = TrainConfig(model="unet16", epochs=1, chip=64, batch=2, device="cpu")
    folders = Folders(images=image_folders / "images", masks=image_folders / "masks")
    settings, run = config.model_dump(exclude_defaults=True), tmp_path / "runs" / "run-1"
    task = TrainTask(out=run, source=folders, classes=load_classes("landcover-dubai"), settings=settings)
    flow = TrainFlow(session, runner, window)
    flow.start(task, config)
    qtbot.waitUntil(lambda: len(answers.asked) == 1, timeout=SECONDS)
    assert answers.asked[0][1].startswith("The run: about ")
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert not run.exists()
    answers.answer = "Continue"
    flow.start(task, config)
    qtbot.waitUntil((run / "config.json").exists, timeout=SECONDS)
    runner.stop_all()
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
