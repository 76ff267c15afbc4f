"""How long a run will take about: what is measured, what is remembered, what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from landseg_core.data.loading.extent import Extent
from landseg_core.data.sources.folders import Folders
from landseg_core.data.sources.landcover_ai import LandCoverAi
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.data.sources.source import DataSource
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, RunStarted, StepFinished
from landseg_core.labels.classes import load_classes
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.train import data_options
from landseg_gui.form_settings import FormSettings
from landseg_gui.session.session import Session
from landseg_gui.workflows.training.estimate import (
    EpochEstimator,
    ThroughputMemory,
    ThroughputMeter,
    estimate_text,
    throughput_key,
)

SCHEMA = load_classes("landcover-dubai")
CONFIG = TrainConfig(model="unet16", minutes=10, chip=64)
STARTED = RunStarted("unet16", 1, "cpu", "bf16", SCHEMA.names, 1000, 100, 20, None, 10, batch=4, chip=50)


@pytest.fixture
def memory(tmp_path: Path) -> ThroughputMemory:
    return ThroughputMemory(FormSettings("pace", QSettings(str(tmp_path / "pace.ini"), QSettings.Format.IniFormat)))


@pytest.fixture
def source(image_folders: Path) -> Folders:
    return Folders(images=image_folders / "images", masks=image_folders / "masks")


@pytest.fixture
def asked(session: Session, memory: ThroughputMemory) -> Callable[..., tuple[EpochEstimator, list[str]]]:
    def ask(source: object, config: TrainConfig = CONFIG) -> tuple[EpochEstimator, list[str]]:
        estimator = EpochEstimator(session.project_session, memory, session)
        told: list[str] = []
        estimator.answered.connect(told.append)
        estimator.ask(source, SCHEMA, config)
        return estimator, told

    return ask


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


# --- in words


@pytest.mark.parametrize(
    ("seconds", "length", "words"),
    [
        (120, {"minutes": 10}, "About 2 min per pass over the data; 10 min make about 5 passes."),
        (500, {"minutes": 10}, "About 8 min per pass over the data; 10 min make about one pass."),
        (1000, {"minutes": 5}, "About 17 min per pass over the data; 5 min cover 30 % of it."),
        (30, {"epochs": 20}, "About 30 s per epoch; about 10 min for 20 epochs."),
        (0.5, {"epochs": 1}, "About 1 s for 1 epoch."),
    ],
)
def test_an_estimate_in_words(seconds: float, length: dict[str, float], words: str) -> None:
    assert plain(estimate_text(seconds, TrainConfig(**length))) == words


# --- how much there is to learn from


def extent_of(source: DataSource, config: TrainConfig) -> Extent:
    return source.extent(data_options(config), JobControl())


def test_folders_are_measured_by_their_headers(source: Folders, image_folders: Path) -> None:
    whole = extent_of(source, CONFIG)
    assert (whole.train, whole.val) == pytest.approx((0.8 * 2 * 128**2, 0.2 * 2 * 128**2))
    (image_folders / "train.txt").write_text("north")
    for one_list in (
        source.model_copy(update={"train_list": image_folders / "train.txt"}),
        source.model_copy(update={"val_list": image_folders / "train.txt"}),
    ):
        split = extent_of(one_list, CONFIG)
        assert (split.train, split.val) == (128**2, 128**2)


def test_images_are_measured_as_they_are_resampled(
    source: Folders, image_folders: Path, painted_project: Project
) -> None:
    coarse = CONFIG.model_copy(update={"resolution_m": 1.0})
    (image_folders / "train.txt").write_text("north")
    listed = source.model_copy(update={"train_list": image_folders / "train.txt"})
    for one in (source, listed, ProjectLabels(project=painted_project.path)):
        own, seen = (extent_of(one, config) for config in (CONFIG, coarse))
        assert (seen.train, seen.val) == pytest.approx((own.train / 4, own.val / 4))


def test_landcover_ai_is_counted_in_tiles(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a_1\na_2\na_3\n")
    (tmp_path / "val.txt").write_text("b_1\n")
    assert extent_of(LandCoverAi(landcover_ai=tmp_path), CONFIG).train == 3 * 512**2


def test_a_project_is_measured_in_its_blocks(painted_project: Project) -> None:
    extent = extent_of(ProjectLabels(project=painted_project.path), CONFIG)
    assert 0 < extent.val <= extent.train <= 2 * 128**2


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        extent_of(Folders(images=tmp_path / "no", masks=tmp_path / "no"), CONFIG)


# --- the throughput


def test_a_throughput_is_remembered_by_what_it_depends_on(memory: ThroughputMemory) -> None:
    memory.save(CONFIG, 1.25)
    assert memory.known(CONFIG) == 1.25
    assert memory.known(CONFIG.model_copy(update={"minutes": 3, "blur": 0.5})) == 1.25
    assert memory.known(CONFIG.model_copy(update={"model": "unet32"})) is None


def test_a_throughput_is_that_of_what_ran_not_of_what_was_asked_for() -> None:
    meter = ThroughputMeter()
    assert meter.measured(CONFIG) == CONFIG
    meter.take(STARTED)
    asked = CONFIG.model_copy(update={"model": "lite0", "batch": 8})
    assert throughput_key(meter.measured(asked)) == throughput_key(CONFIG.model_copy(update={"batch": 4, "chip": 50}))


@pytest.mark.parametrize("seconds_per_mpx", [float("nan"), -1.0, float("inf")])
def test_a_throughput_that_makes_no_sense_is_none(memory: ThroughputMemory, seconds_per_mpx: float) -> None:
    memory.save(CONFIG, seconds_per_mpx)
    assert memory.known(CONFIG) is None


def test_a_run_is_measured_without_its_first_steps_and_validations() -> None:
    meter = ThroughputMeter()
    meter.take(STARTED)
    seconds = 0.0
    for number in range(1, 31):
        seconds += 9 if number <= 3 else 100 if number == 16 else 0.5  # a validation comes before the second epoch
        meter.take(StepFinished(1 + number // 16, number, 0.5, 0.001, 0.1, seconds, None))
    assert meter.seconds_per_mpx == pytest.approx(0.5 / (4 * 50**2) * 1e6)


def test_too_few_steps_tell_nothing() -> None:
    meter = ThroughputMeter()
    meter.take(STARTED)
    for number in range(1, 8):
        meter.take(StepFinished(1, number, 0.5, 0.001, 0.1, float(number), None))
    assert meter.seconds_per_mpx is None


# --- in the background


def test_a_known_throughput_is_not_tried(
    asked, memory: ThroughputMemory, source: Folders, qtbot: QtBot, monkeypatch
) -> None:
    monkeypatch.setattr("landseg_gui.workflows.training.estimate.import_undisturbed", None)  # trying would fail
    memory.save(CONFIG, 1e6 / (2 * 128**2))
    _, told = asked(source)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=20_000)
    assert plain(told[1]) == "About 1 s per pass over the data; 10 min make about 690 passes."


def test_an_unknown_one_is_tried_once(asked, source: Folders, qtbot: QtBot, session: Session, runner) -> None:
    estimator, told = asked(source)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=60_000)
    assert "per pass over the data" in told[1]
    estimator.ask(source, SCHEMA, CONFIG.model_copy(update={"minutes": 3}))
    assert "; 3 min make about" in plain(told[-1])
    assert not runner.running


def test_a_question_that_is_taken_back_is_not_answered(asked, source: Folders, qtbot: QtBot, runner) -> None:
    estimator, told = asked(source)
    qtbot.waitUntil(lambda: bool(runner.running), timeout=20_000)
    estimator.cancel()
    qtbot.waitUntil(lambda: not runner.running, timeout=60_000)
    assert len(told) == 1


def test_a_dialog_that_is_gone_is_not_answered(asked, source: Folders, qtbot: QtBot, session: Session, runner) -> None:
    estimator, told = asked(source)
    qtbot.waitUntil(lambda: bool(session.background_jobs), timeout=60_000)
    delete(estimator)
    qtbot.waitUntil(lambda: not runner.running, timeout=60_000)
    assert len(told) == 1  # that it is being found out


def test_data_that_cannot_be_read_is_told_by_the_run_not_here(asked, tmp_path: Path, qtbot: QtBot) -> None:
    _, told = asked(Folders(images=tmp_path / "no", masks=tmp_path / "no"))
    qtbot.waitUntil(lambda: len(told) == 2, timeout=20_000)
    assert told[1] == ""


def test_another_length_does_not_begin_anew(asked, source: Folders, qtbot: QtBot, session: Session, runner) -> None:
    estimator, told = asked(source)
    qtbot.waitUntil(lambda: bool(runner.running), timeout=20_000)
    (job,) = runner.running
    estimator.ask(source, SCHEMA, CONFIG.model_copy(update={"minutes": 3}))
    assert not job.control.stop_requested
    qtbot.waitUntil(lambda: len(told) == 2, timeout=60_000)
    assert "; 3 min make about" in plain(told[1])


def test_another_ground_resolution_is_another_question(asked, source: Folders, qtbot: QtBot, runner) -> None:
    estimator, told = asked(source)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=60_000)
    estimator.ask(source, SCHEMA, CONFIG.model_copy(update={"resolution_m": 1.0}))
    assert told[-1] == "Estimating the duration…"
    estimator.cancel()
    qtbot.waitUntil(lambda: not runner.running, timeout=60_000)


def test_another_network_does(asked, source: Folders, qtbot: QtBot, session: Session, runner) -> None:
    estimator, _ = asked(source)
    qtbot.waitUntil(lambda: bool(runner.running), timeout=20_000)
    (job,) = runner.running
    estimator.ask(source, SCHEMA, CONFIG.model_copy(update={"model": "unet32"}))
    assert job.control.stop_requested
    estimator.cancel()
    qtbot.waitUntil(lambda: not runner.running, timeout=60_000)
