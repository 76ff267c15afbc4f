"""The model of the user in a session: it encodes and answers in threads, and what is stale is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from support.click_models import sam2_pair, sam_pair
from support.messages import collect_errors

from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.assistant.click_segment.model import Click, ClickModel
from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_gui.notifier import Notifier
from landseg_gui.session.assistant import click_segmenter
from landseg_gui.session.assistant.click_segmenter import ClickSegmenter, ModelFiles
from landseg_gui.tools.segmenter import Question, SegmenterState

pytest.importorskip("onnxruntime", reason="models run with the extra `fast`")

LONG_MS = 20_000
CLICK = Click(60.5, 40.5)
State = SegmenterState


@pytest.fixture
def notifier(qapp) -> Notifier:
    return Notifier()


@pytest.fixture
def make(notifier: Notifier) -> Iterator[Callable[[], ClickSegmenter]]:
    made: list[ClickSegmenter] = []

    def segmenter() -> ClickSegmenter:
        made.append(ClickSegmenter(notifier))
        return made[-1]

    yield segmenter
    for item in made:
        item.close()


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    return ModelFiles(*sam_pair(tmp_path))


@pytest.fixture
def segmenter(make: Callable[[], ClickSegmenter], files: ModelFiles) -> ClickSegmenter:
    segmenter = make()
    segmenter.use(files)
    return segmenter


def crop(x: int = 0) -> Crop:
    return Crop(np.full((90, 120, 3), 80, np.uint8), x, 0)


def wait_for(segmenter: ClickSegmenter, state: State, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: segmenter.state is state, timeout=LONG_MS)


def answers_of(segmenter: ClickSegmenter) -> list:
    answers: list = []
    segmenter.answered.connect(lambda question, segment: answers.append((question, segment)))
    return answers


def test_a_view_is_encoded_and_clicks_are_answered(segmenter: ClickSegmenter, qtbot: QtBot) -> None:
    assert segmenter.state is State.IDLE
    answers = answers_of(segmenter)
    segmenter.ask(Question((CLICK,)))  # nothing is encoded yet
    segmenter.encode(crop())
    assert segmenter.state is State.ENCODING
    wait_for(segmenter, State.READY, qtbot)
    segmenter.ask(Question((CLICK,)))
    qtbot.waitUntil(lambda: bool(answers), timeout=LONG_MS)
    ((question, segment),) = answers
    assert question == Question((CLICK,))
    assert segment.region.mask(PixelWindow(60, 40, 1, 1)).all()


def test_the_files_are_remembered(make: Callable[[], ClickSegmenter], files: ModelFiles) -> None:
    first = make()
    assert first.state is State.NO_MODEL
    first.use(files)
    assert make().files == files


def test_a_missing_file_is_one_message(
    segmenter: ClickSegmenter, notifier: Notifier, files: ModelFiles, qtbot: QtBot
) -> None:
    problems: list[str] = []
    collect_errors(notifier, problems)
    files.decoder.unlink()
    segmenter.encode(crop())
    wait_for(segmenter, State.FAILED, qtbot)
    segmenter.encode(crop(5))
    assert segmenter.state is State.FAILED
    assert problems == [f"{files.decoder} does not exist; check the name."]
    sam_pair(files.decoder.parent)  # it is back
    segmenter.retry()
    segmenter.encode(crop())
    wait_for(segmenter, State.READY, qtbot)
    assert len(problems) == 1


def test_another_model_drops_what_was_encoded(segmenter: ClickSegmenter, tmp_path: Path, qtbot: QtBot) -> None:
    segmenter.encode(crop())
    wait_for(segmenter, State.READY, qtbot)
    pair = sam2_pair(tmp_path)
    segmenter.use(ModelFiles(*pair), ClickModel(*pair))
    assert segmenter.state is State.IDLE
    segmenter.encode(crop())
    wait_for(segmenter, State.READY, qtbot)


class HeldModel:
    """A model that encodes only when it may, and says which views it has been asked for."""

    def __init__(self, *_files: Path) -> None:
        self.may = threading.Semaphore(0)
        self.begun: list[int] = []
        self.stops = True
        self.failing: set[int] = set()

    def encode(self, view: Crop, control) -> int:
        self.begun.append(view.x)
        self.may.acquire(timeout=20)
        if self.stops:
            control.checkpoint()
        if view.x in self.failing:
            raise ModelError(f"view {view.x} cannot be encoded")
        return view.x

    def segment(self, encoded: int, clicks, former) -> str:
        return f"{encoded}: {len(clicks)}"


@pytest.fixture
def held(segmenter: ClickSegmenter, files: ModelFiles) -> Iterator[HeldModel]:
    model = HeldModel()
    segmenter.use(files, model)
    yield model
    for _ in range(9):
        model.may.release()


def test_while_another_view_is_encoded_the_former_answers(
    segmenter: ClickSegmenter, held: HeldModel, qtbot: QtBot
) -> None:
    answers = answers_of(segmenter)
    held.may.release()
    segmenter.encode(crop(1))
    wait_for(segmenter, State.READY, qtbot)
    segmenter.encode(crop(2))
    segmenter.ask(Question((CLICK,)))
    qtbot.waitUntil(lambda: bool(answers), timeout=LONG_MS)
    assert answers == [(Question((CLICK,)), "1: 1")]
    assert segmenter.state is State.ENCODING


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_a_view_that_was_left_is_dropped(
    segmenter: ClickSegmenter, held: HeldModel, notifier: Notifier, qtbot: QtBot, stops: bool, fails: bool
) -> None:
    """Also where the encoder was about to end, or to fail, when it was asked to stop."""
    answers, states, problems = answers_of(segmenter), [], []
    collect_errors(notifier, problems)
    held.stops, held.failing = stops, {1} if fails else set()
    segmenter.encode(crop(1))
    qtbot.waitUntil(lambda: held.begun == [1], timeout=LONG_MS)
    segmenter.encode(crop(2))
    segmenter.changed.connect(lambda: states.append(segmenter.state))
    held.may.release()
    qtbot.waitUntil(lambda: held.begun == [1, 2], timeout=LONG_MS)
    qtbot.wait(1)  # what the first one has emitted arrives
    held.may.release()
    wait_for(segmenter, State.READY, qtbot)
    assert states == [State.READY]
    assert problems == []
    segmenter.ask(Question((CLICK,)))
    qtbot.waitUntil(lambda: bool(answers), timeout=LONG_MS)
    assert answers == [(Question((CLICK,)), "2: 1")]


def test_the_same_view_is_not_encoded_twice(segmenter: ClickSegmenter, held: HeldModel, qtbot: QtBot) -> None:
    held.may.release()
    segmenter.encode(crop(1))
    wait_for(segmenter, State.READY, qtbot)
    segmenter.encode(crop(2))
    segmenter.encode(crop(1))  # back again
    assert segmenter.state is State.READY
    other = crop(1)
    other.rgb[5, 5] = 0
    segmenter.encode(other)
    assert segmenter.state is State.ENCODING


def test_pausing_stops_the_encoder(segmenter: ClickSegmenter, held: HeldModel) -> None:
    segmenter.encode(crop(1))
    segmenter.pause()
    assert segmenter.state is State.IDLE


def test_an_answer_about_another_image_is_dropped(
    segmenter: ClickSegmenter, held: HeldModel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = answers_of(segmenter), threading.Event()
    monkeypatch.setattr(held, "segment", lambda *_: asked.set() or "late", raising=False)
    held.may.release()
    segmenter.encode(crop(1))
    wait_for(segmenter, State.READY, qtbot)
    segmenter.ask(Question((CLICK,)))
    assert asked.wait(20)
    segmenter.reset()
    segmenter._answering.close()
    qtbot.wait(1)  # what was emitted arrives
    assert answers == []
    assert segmenter.state is State.IDLE


def test_a_decoder_that_fails_is_one_message(
    segmenter: ClickSegmenter, held: HeldModel, notifier: Notifier, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[str] = []
    collect_errors(notifier, problems)

    def fail(*_: object) -> None:
        raise ModelError("it fails; choose another")

    monkeypatch.setattr(held, "segment", fail, raising=False)
    held.may.release()
    segmenter.encode(crop(1))
    wait_for(segmenter, State.READY, qtbot)
    segmenter.ask(Question((CLICK,)))
    wait_for(segmenter, State.FAILED, qtbot)
    segmenter.ask(Question((CLICK,)))
    assert problems == ["It fails; choose another."]


def test_a_damaged_setting_counts_as_none(make: Callable[[], ClickSegmenter]) -> None:
    click_segmenter.FormSettings("assistant_model").save({"encoder": "a.onnx", "decoder": ""})
    assert make().state is State.NO_MODEL
