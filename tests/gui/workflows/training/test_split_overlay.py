"""The blocks that a run would train and validate on, over the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from pytestqt.qtbot import QtBot
from support.messages import collect_news

from landseg_core.data.loading.project import label_blocks
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.viewer.overlay import Shape
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.training import split_overlay
from landseg_gui.workflows.training.split_overlay import SplitOverlay


class Overlay:
    """Takes the place of the viewport's overlay and keeps what is shown."""

    def __init__(self) -> None:
        self.groups: dict[str, Sequence[Shape]] = {}

    def show(self, name: str, shapes: Sequence[Shape]) -> None:
        self.groups[name] = shapes

    def clear(self, name: str) -> None:
        self.groups.pop(name, None)

    def set_scale(self, _scale: float) -> None:
        pass


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, view: Viewport) -> Overlay:
    overlay = Overlay()
    monkeypatch.setattr(view, "overlay", overlay)
    return overlay


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[Viewport]:
    view = Viewport(session.layers)
    qtbot.addWidget(view)
    yield view
    view.canvas.close()


@pytest.fixture
def blocks(
    session: Session, runner: JobRunner, view: Viewport, drawn: Overlay, painted_project: Project
) -> SplitOverlay:
    return SplitOverlay(session, runner, view)


def wait(runner: JobRunner, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not runner.running, timeout=20_000)


def windows(shape: Shape) -> list[tuple[float, float, float, float]]:
    rects = [polygon.boundingRect() for polygon in shape.path.toSubpathPolygons()]
    return [(rect.x(), rect.y(), rect.width(), rect.height()) for rect in rects]


def numbers(window: PixelWindow) -> tuple[int, int, int, int]:
    return window.x, window.y, window.width, window.height


def erase(project: Project, image_id: int, box: tuple[int, int, int, int]) -> None:
    edit = project.labels(image_id).begin()
    edit.paint(RectangleRegion(box[:2], box[2:]), 255)
    project.record(image_id, edit.finish(), "Erase")


def test_the_blocks_of_the_image_in_the_window_are_shown(
    blocks: SplitOverlay, drawn: Overlay, session: Session, runner: JobRunner, qtbot: QtBot, painted_project: Project
) -> None:
    erase(painted_project, 2, (64, 0, 128, 128))
    assert drawn.groups == {}
    blocks.set_shown(True)
    wait(runner, qtbot)
    split = label_blocks(painted_project, seed=0, chip=256)
    assert split[1] != split[2]
    train, val = drawn.groups["blocks"]
    assert windows(train) == [numbers(window) for window in split[1].train] != []
    assert windows(val) == [numbers(window) for window in split[1].val] != []
    assert (train.dashed, val.dashed) == (False, True)
    assert train.line != val.line
    session.project_session.images.show_next()
    wait(runner, qtbot)
    qtbot.waitUntil(lambda: windows(drawn.groups["blocks"][0]) == [numbers(window) for window in split[2].train])
    blocks.set_shown(False)
    assert drawn.groups == {}


def test_the_settings_of_the_training_dialog_count(
    blocks: SplitOverlay, drawn: Overlay, runner: JobRunner, qtbot: QtBot, painted_project: Project
) -> None:
    FormSettings("train").save({"seed": "7", "chip": "32"})
    blocks.set_shown(True)
    wait(runner, qtbot)
    split = label_blocks(painted_project, seed=7, chip=32)
    assert split != label_blocks(painted_project, seed=0, chip=256)
    assert windows(drawn.groups["blocks"][1]) == [numbers(window) for window in split[1].val]


def test_strokes_count_when_the_blocks_are_shown_anew(
    blocks: SplitOverlay, drawn: Overlay, runner: JobRunner, qtbot: QtBot, painted_project: Project
) -> None:
    blocks.set_shown(True)
    wait(runner, qtbot)
    before = [windows(shape) for shape in drawn.groups["blocks"]]
    erase(painted_project, 1, (0, 0, 128, 60))
    assert [windows(shape) for shape in drawn.groups["blocks"]] == before
    blocks.refresh()
    wait(runner, qtbot)
    assert [windows(shape) for shape in drawn.groups["blocks"]] != before


def test_too_few_labels_are_told_in_a_sentence(
    blocks: SplitOverlay, drawn: Overlay, session: Session, runner: JobRunner, qtbot: QtBot, painted_project: Project
) -> None:
    painted_project.undo()
    painted_project.undo()
    messages: list[str] = []
    collect_news(session.notifier, messages)
    blocks.set_shown(True)
    wait(runner, qtbot)
    assert messages == ["Nothing is labelled yet; label some areas of each class first."]
    assert drawn.groups == {}


def test_nothing_is_left_of_a_closed_project_and_the_next_one_is_shown(
    blocks: SplitOverlay, drawn: Overlay, session: Session, runner: JobRunner, qtbot: QtBot, painted_project: Project
) -> None:
    blocks.set_shown(True)
    wait(runner, qtbot)
    assert session.project_session.lifecycle.close()
    assert drawn.groups == {}
    blocks.refresh()
    assert runner.running == []
    session.project_session.lifecycle.open(painted_project.path)
    qtbot.waitUntil(lambda: "blocks" in drawn.groups, timeout=20_000)


def test_a_broken_setting_counts_as_none(blocks: SplitOverlay, drawn: Overlay, runner: JobRunner, qtbot: QtBot) -> None:
    FormSettings("train").save({"seed": "many"})
    blocks.set_shown(True)
    wait(runner, qtbot)
    assert "blocks" in drawn.groups


def test_the_blocks_are_split_as_a_run_would_split_them(
    blocks: SplitOverlay,
    drawn: Overlay,
    runner: JobRunner,
    qtbot: QtBot,
    painted_project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(split_overlay, "TrainConfig", lambda: TrainConfig(split="images", buffer=0))
    blocks.set_shown(True)
    wait(runner, qtbot)
    split = label_blocks(painted_project, seed=0, chip=256, split="images", buffer=0)
    assert split != label_blocks(painted_project, seed=0, chip=256)
    assert [windows(shape) for shape in drawn.groups["blocks"]] == [
        [numbers(window) for window in side] for side in (split[1].train, split[1].val)
    ]
