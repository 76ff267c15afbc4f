"""Accepting predictions from the window, in a real project and in a real thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QRadioButton, QSlider, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from landseg_core.assistant.image_assistant import SuggestedView
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.labels.regions import PolygonRegion, RectangleRegion
from landseg_core.project.project import Project
from landseg_gui.dialogs.accept import AcceptDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.text import pixels
from landseg_gui.tools.accept import ACCEPT_SPEC, Accept
from landseg_gui.tools.accept_brush import ACCEPT_BRUSH_SPEC, AcceptBrush
from landseg_gui.tools.accept_region import ACCEPT_REGION_SPEC, AcceptRegion
from landseg_gui.workflows.accept import AcceptFlow

WIDTH, HEIGHT = 700, 560
VIEW = PixelWindow(100, 50, 300, 200)
TRIANGLE = PolygonRegion([[(10.0, 10.0), (600.0, 100.0), (300.0, 500.0)]])
SECONDS = 20_000
Labels = Callable[[], np.ndarray]


class Tools(QObject):
    """Stands for the tool manager: knows the tools that accept, and which is in hand."""

    def __init__(self) -> None:
        super().__init__()
        self.current = "pan"
        self.accept = Accept(ACCEPT_SPEC, context=None)
        self.accept_region = AcceptRegion(ACCEPT_REGION_SPEC, context=None)
        self.accept_brush = AcceptBrush(ACCEPT_BRUSH_SPEC, context=None)

    def tool(self, name: str) -> Accept | AcceptRegion | AcceptBrush:
        return getattr(self, name)

    def select(self, name: str) -> None:
        self.current = name


@pytest.fixture
def tools() -> Tools:
    return Tools()


@pytest.fixture
def flow(session: Session, runner: JobRunner, project: Project, window: QWidget, tools: Tools, messages) -> AcceptFlow:
    return AcceptFlow(session, runner, lambda: VIEW, window, tools)


@pytest.fixture
def predicted() -> np.ndarray:
    """Return (H, W) values: 1 in the upper half, 3 in the lower."""
    values = np.full((HEIGHT, WIDTH), 3, np.uint8)
    values[: HEIGHT // 2] = 1
    return values


@pytest.fixture
def prediction(project: Project, write_map: Callable[..., Path], predicted: np.ndarray) -> Path:
    """Return a prediction of the project: sure of the left half (90 %), of the right one less (40 %)."""
    percent = np.full((HEIGHT, WIDTH), 40, np.uint8)
    percent[:, : WIDTH // 2] = 90
    mask = write_map("north_mask.tif", predicted)
    project.add_prediction(project.images[0].id, mask, write_map("sureness.tif", percent), None)
    return mask


def choose(dialog: AcceptDialog, place: str) -> None:
    dialog.findChild(QRadioButton, f"accept_{place}").setChecked(True)


def run(dialog: AcceptDialog, runner: JobRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def inside(window: PixelWindow) -> np.ndarray:
    where = np.zeros((HEIGHT, WIDTH), bool)
    where[window.slices()] = True
    return where


@pytest.mark.usefixtures("prediction")
def test_what_is_in_view_becomes_labels(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, predicted: np.ndarray, messages, project: Project
) -> None:
    dialog = flow.open()
    choose(dialog, "view")
    run(dialog, runner, qtbot)
    assert (labels() == np.where(inside(VIEW), predicted, 255)).all()
    assert f"{pixels(60_000)} accepted.".replace("\N{NO-BREAK SPACE}", " ") in messages.texts
    assert project.history.next_undo.name == "Accept prediction in view"


@pytest.mark.usefixtures("prediction")
def test_the_dialog_goes_with_the_image_that_it_is_about(
    flow: AcceptFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    project: Project,
    write_map: Callable[..., Path],
) -> None:
    twin = project.add_image(write_map("twin.tif", np.zeros((HEIGHT, WIDTH), np.uint8)))
    dialog = flow.open()
    session.project_session.images.show(twin.id)
    qtbot.waitUntil(lambda: session.project_session.image == twin and not runner.running, timeout=SECONDS)
    qtbot.waitUntil(lambda: not isValid(dialog))


@pytest.mark.usefixtures("prediction")
def test_only_what_is_sure_everywhere(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, predicted: np.ndarray, session: Session
) -> None:
    dialog = flow.open()
    choose(dialog, "everywhere")
    dialog.findChild(QSlider, "accept_confidence").setValue(80)
    run(dialog, runner, qtbot)
    assert (labels() == np.where(inside(PixelWindow(0, 0, WIDTH // 2, HEIGHT)), predicted, 255)).all()
    session.project_session.editing.undo()
    assert (labels() == 255).all()


def paint(session: Session, window: PixelWindow, value: int) -> None:
    edit = session.project_session.editing.begin()
    edit.paint(
        PolygonRegion(
            [[(window.x, window.y), (window.right, window.y), (window.right, window.bottom), (window.x, window.bottom)]]
        ),
        value,
    )
    session.project_session.editing.record(edit, "Brush")


@pytest.mark.usefixtures("prediction")
@pytest.mark.parametrize("only_unlabelled", [True, False])
def test_labels_stay_or_give_way_but_for_locked_ones(
    flow: AcceptFlow,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    predicted: np.ndarray,
    session: Session,
    only_unlabelled: bool,
) -> None:
    paint(session, PixelWindow(0, 0, 50, 50), 0)
    paint(session, PixelWindow(100, 0, 50, 50), 2)
    session.project_session.paint.set_locked(2, True)  # noqa: FBT003
    dialog = flow.open()
    choose(dialog, "everywhere")
    dialog.findChild(QCheckBox, "accept_only_unlabelled").setChecked(only_unlabelled)
    run(dialog, runner, qtbot)
    expected = predicted.copy()
    expected[:50, 100:150] = 2
    if only_unlabelled:
        expected[:50, :50] = 0
    assert (labels() == expected).all()


@pytest.mark.usefixtures("prediction")
def test_polygons_are_accepted_one_by_one(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, predicted: np.ndarray, tools: Tools, messages
) -> None:
    dialog = flow.open()
    choose(dialog, "polygon")
    dialog.findChild(QSlider, "accept_confidence").setValue(80)
    dialog.action_button.click()
    assert tools.current == "accept"
    assert (labels() == 255).all()
    assert tools.accept.may_accept()
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept.accept_in(TRIANGLE)
    where = TRIANGLE.mask(PixelWindow(0, 0, WIDTH, HEIGHT)) & inside(PixelWindow(0, 0, WIDTH // 2, HEIGHT))
    assert (labels() == np.where(where, predicted, 255)).all()
    assert not any("accepted" in message for message in messages.texts)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept.accept_in(TRIANGLE)
    assert messages.texts[-1].startswith("Nothing was accepted")


@pytest.mark.usefixtures("prediction")
def test_regions_clicked_in_a_hurry_are_accepted_one_after_the_other(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, predicted: np.ndarray, tools: Tools, project
) -> None:
    areas = [RectangleRegion((60 * n, 40 * n), (60 * n + 50, 40 * n + 30)) for n in range(4)]
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        for area in areas:
            assert tools.accept_region.may_accept()
            tools.accept_region.accept(area)
    qtbot.waitUntil(lambda: len(project.history.steps) == len(areas) and not runner.running, timeout=SECONDS)
    where = np.logical_or.reduce([area.mask(PixelWindow(0, 0, WIDTH, HEIGHT)) for area in areas])
    assert (labels() == np.where(where, predicted, 255)).all()
    assert {step.name for step in project.history.steps} == {"Accept predicted region"}


@pytest.mark.usefixtures("prediction")
def test_regions_that_wait_are_dropped_with_their_prediction(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, tools: Tools, project, monkeypatch
) -> None:
    areas = [RectangleRegion((60 * n, 40 * n), (60 * n + 50, 40 * n + 30)) for n in range(4)]
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        for area in areas:
            tools.accept_region.accept(area)
        monkeypatch.setattr(flow, "_known_predictions", list)
    monkeypatch.undo()
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept_region.accept(areas[3])
    assert (labels() != 255).sum() == 2 * 50 * 30
    assert len(project.history.steps) == 2


@pytest.mark.usefixtures("prediction")
def test_a_region_is_looked_for_in_the_background(flow: AcceptFlow, qtbot: QtBot, tools: Tools, monkeypatch) -> None:
    answers: list = []
    monkeypatch.setattr(tools.accept_region, "show_answer", lambda pixel, found: answers.append((pixel, found)))
    for column in range(5):  # of those in the middle nobody wants to know any more
        tools.accept_region.ask((column, 300))
    assert answers == []
    qtbot.waitUntil(lambda: [pixel for pixel, _ in answers] == [(0, 300), (4, 300)], timeout=SECONDS)
    found = answers[-1][1]
    assert found.label == 3
    assert found.predicted.region.window == PixelWindow(0, HEIGHT // 2, WIDTH, HEIGHT // 2)
    assert not found.predicted.is_cut


@pytest.mark.usefixtures("prediction")
def test_an_answer_about_former_predictions_is_dropped(
    flow: AcceptFlow, session: Session, qtbot: QtBot, tools: Tools, monkeypatch
) -> None:
    answers: list = []
    monkeypatch.setattr(tools.accept_region, "show_answer", lambda pixel, found: answers.append(pixel))
    tools.accept_region.ask((10, 300))
    session.layers.changed.emit()
    tools.accept_region.ask((20, 300))
    qtbot.waitUntil(lambda: answers == [(20, 300)], timeout=SECONDS)


@pytest.mark.usefixtures("flow")
def test_a_prediction_that_cannot_be_read_is_a_sentence(
    qtbot: QtBot, tools: Tools, monkeypatch, prediction: Path
) -> None:
    said: list[str] = []
    monkeypatch.setattr(tools.accept_region, "show_failure", said.append)
    prediction.write_bytes(b"no raster")
    tools.accept_region.ask((10, 300))
    qtbot.waitUntil(lambda: said != [], timeout=5000)
    assert "north_mask.tif" in said[0]


def test_without_a_prediction_no_region_is_looked_for(flow: AcceptFlow, tools: Tools, messages) -> None:
    tools.accept_region.ask((10, 300))
    assert messages.texts == []
    assert not flow.running


@pytest.mark.usefixtures("prediction")
def test_the_tool_goes_on_with_a_newer_prediction_as_sure_as_before(
    flow: AcceptFlow,
    session: Session,
    project: Project,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    tools: Tools,
    write_map: Callable[..., Path],
) -> None:
    dialog = flow.open()
    choose(dialog, "polygon")
    dialog.findChild(QSlider, "accept_confidence").setValue(80)
    dialog.action_button.click()
    percent = np.full((HEIGHT, WIDTH), 90, np.uint8)
    percent[: HEIGHT // 2] = 70
    newer = write_map("newer_mask.tif", np.full((HEIGHT, WIDTH), 2, np.uint8))
    project.add_prediction(project.images[0].id, newer, write_map("newer_confidence.tif", percent), None)
    session.project_session.editing.refresh()
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept.accept_in(TRIANGLE)
    where = TRIANGLE.mask(PixelWindow(0, 0, WIDTH, HEIGHT)) & (percent == 90)
    assert (labels() == np.where(where, 2, 255)).all()


@pytest.mark.usefixtures("prediction")
def test_without_the_dialog_the_tool_accepts_all_of_the_prediction(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, labels: Labels, predicted: np.ndarray, tools: Tools
) -> None:
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept.accept_in(TRIANGLE)
    assert (labels() == np.where(TRIANGLE.mask(PixelWindow(0, 0, WIDTH, HEIGHT)), predicted, 255)).all()


def test_without_a_prediction_there_is_nothing_to_accept(flow: AcceptFlow, tools: Tools, messages) -> None:
    assert flow.open() is None
    assert "no prediction to accept" in messages.texts[-1]
    assert not tools.accept.may_accept()


def test_without_a_project_there_is_no_dialog(
    session: Session, runner: JobRunner, window: QWidget, tools: Tools, messages
) -> None:
    assert AcceptFlow(session, runner, lambda: VIEW, window, tools).open() is None
    assert "Open a project" in messages.texts[-1]


def test_a_mask_keeps_the_classes_that_the_user_gave_it(
    flow: AcceptFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    prediction: Path,
    predicted: np.ndarray,
) -> None:
    session.files.add_mask(prediction)
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running)
    layer = session.layers.masks[0]
    swapped = {1: 3, 3: 1}
    classes = (item.model_copy(update={"value": swapped.get(item.value, item.value)}) for item in layer.schema.classes)
    layer.set_schema(ClassSchema(classes=tuple(classes)))
    dialog = flow.open()
    combo = dialog.findChild(QComboBox, "accept_prediction")
    assert [combo.itemText(row) for row in range(combo.count())] == ["north_mask.tif"]
    assert dialog.findChild(QSlider, "accept_confidence").isEnabled()
    choose(dialog, "everywhere")
    run(dialog, runner, qtbot)
    assert (labels() == np.where(predicted == 1, 3, 1)).all()


def test_a_confidence_beside_an_opened_mask_is_found(
    flow: AcceptFlow, session: Session, runner: JobRunner, qtbot: QtBot, write_map: Callable[..., Path]
) -> None:
    values = np.ones((HEIGHT, WIDTH), np.uint8)
    write_map("town_confidence.tif", values)
    session.files.add_mask(write_map("town_mask.tif", values))
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running)
    assert flow.open().findChild(QSlider, "accept_confidence").isEnabled()


def test_what_is_in_sight_comes_first(
    flow: AcceptFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    project: Project,
    prediction: Path,
    write_map: Callable[..., Path],
) -> None:
    values = np.ones((HEIGHT, WIDTH), np.uint8)
    project.add_prediction(project.images[0].id, write_map("older.tif", values), None, None)
    for path in (write_map("lower.tif", values), write_map("upper.tif", values)):
        session.files.add_mask(path)
        qtbot.waitUntil(lambda path=path: session.layers.masks[:1] != [] and session.layers.masks[0].path == path)
    session.layers.masks[0].visible, session.layers.masks[1].visible = False, True
    combo = flow.open().findChild(QComboBox, "accept_prediction")
    names = [combo.itemText(row) for row in range(combo.count())]
    assert names == ["lower.tif", "upper.tif", "older", "north_mask"]


def test_what_is_left_out_is_told(
    flow: AcceptFlow, session: Session, runner: JobRunner, qtbot: QtBot, project: Project, prediction: Path, messages
) -> None:
    classes = tuple(item for item in project.schema.classes if item.value != 3)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        session.project_session.editing.run(
            "Classes", lambda _on_event, _control: project.change_schema(ClassSchema(classes=classes), "Classes")
        )
    dialog = flow.open()
    choose(dialog, "everywhere")
    half = HEIGHT * WIDTH // 2
    name = load_classes("landcover-dubai").classes[3].name
    before = dialog.findChild(QLabel, "accept_left_out")
    counted = f"{name} ({pixels(half)}, 50.0\N{NO-BREAK SPACE}%): its pixels are left out"
    qtbot.waitUntil(lambda: counted in before.text(), timeout=SECONDS)
    run(dialog, runner, qtbot)
    after = f"{pixels(half)} accepted; {pixels(half)} left out, because the project does not have these classes: {name}"
    assert messages.texts[-1].startswith(after.replace("\N{NO-BREAK SPACE}", " "))


def test_where_all_is_left_out_nothing_else_is_blamed(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, project: Project, write_map, session: Session, messages
) -> None:
    classes = tuple(item for item in project.schema.classes if item.value != 3)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        session.project_session.editing.run(
            "Classes", lambda _on_event, _control: project.change_schema(ClassSchema(classes=classes), "Classes")
        )
    project.add_prediction(1, write_map("m.tif", np.full((HEIGHT, WIDTH), 3, np.uint8)), None, None)
    dialog = flow.open()
    choose(dialog, "everywhere")
    run(dialog, runner, qtbot)
    assert messages.texts[-1].startswith("Nothing was accepted; ")
    assert "the project does not have these classes" in messages.texts[-1]


@pytest.mark.usefixtures("prediction")
def test_nothing_new_is_told(flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, messages) -> None:
    for _ in range(2):
        dialog = flow.open()
        choose(dialog, "everywhere")
        run(dialog, runner, qtbot)
    assert messages.texts[-1].startswith("Nothing was accepted")


def test_a_prediction_that_has_gone_is_told(
    flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, prediction: Path, labels: Labels, messages
) -> None:
    dialog = flow.open()
    choose(dialog, "everywhere")
    prediction.unlink()
    run(dialog, runner, qtbot)
    assert "north_mask.tif" in messages.problems[-1]
    assert (labels() == 255).all()


def test_a_map_that_is_not_the_one_shown_is_refused(
    flow: AcceptFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    prediction: Path,
    write_map: Callable[..., Path],
    messages,
) -> None:
    session.files.add_mask(prediction)
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running)
    dialog = flow.open()
    choose(dialog, "everywhere")
    write_map("other.tif", np.full((HEIGHT, WIDTH), 2, np.uint8)).replace(prediction)
    run(dialog, runner, qtbot)
    assert any("has changed on disk" in problem for problem in messages.problems)
    assert (labels() == 255).all()


# --- the suggestion


def suggest(session: Session, values: np.ndarray, confidence: int | np.ndarray = 255, level: int = 0) -> None:
    """Show a suggestion, as if the assistant had made it."""
    suggestions = session.suggestions
    window = PixelWindow(0, 0, values.shape[1], values.shape[0])
    request = suggestions._asked = SimpleNamespace(schema=session.project_session.schema)
    sure = np.broadcast_to(np.asarray(confidence, np.uint8), values.shape)
    suggestions._show(request, SuggestedView(level, window, values, sure, None))


@pytest.fixture
def suggested(flow: AcceptFlow, session: Session) -> np.ndarray:
    """Return the (H, W) values that are suggested: 0 left, 2 right; above with 90 % confidence, below with 50 %."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[:, WIDTH // 2 :] = 2
    confidence = np.full((HEIGHT, WIDTH), 128, np.uint8)
    confidence[:200] = 230
    suggest(session, values, confidence)
    return values


def accept_in_dialog(flow: AcceptFlow, runner: JobRunner, qtbot: QtBot, above: int = 0) -> AcceptDialog:
    dialog = flow.open_suggestion()
    qtbot.waitUntil(lambda: dialog._counts is not None, timeout=SECONDS)
    dialog.findChild(QSlider, "accept_confidence").setValue(above)
    said = dialog.findChild(QLabel, "accept_amount").text()
    run(dialog, runner, qtbot)
    return said.split(" ")[0].replace("\N{NO-BREAK SPACE}px", "")


def test_a_suggestion_in_view_becomes_labels_where_it_is_sure(
    flow: AcceptFlow,
    suggested: np.ndarray,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    project: Project,
    session: Session,
) -> None:
    paint(session, PixelWindow(120, 60, 50, 50), 3)
    paint(session, PixelWindow(400, 60, 20, 20), 1)
    before = labels()
    said = accept_in_dialog(flow, runner, qtbot, above=80)
    where = inside(VIEW) & inside(PixelWindow(0, 0, WIDTH, 200)) & (before == 255)
    assert (labels() == np.where(where, suggested, before)).all()
    assert said == pixels(int(where.sum())).split("\N{NO-BREAK SPACE}")[0]
    assert project.history.next_undo.name == "Accept suggestion in view"
    session.project_session.editing.undo()
    assert (labels() == before).all()


def test_a_coarse_suggestion_is_not_shifted(
    flow: AcceptFlow, session: Session, runner: JobRunner, qtbot: QtBot, labels: Labels
) -> None:
    coarse = np.random.default_rng(3).choice([0, 1, 2], (HEIGHT // 4, WIDTH // 4)).astype(np.uint8)
    suggest(session, coarse, level=2)
    accept_in_dialog(flow, runner, qtbot)
    expected = coarse.repeat(4, 0).repeat(4, 1)
    assert (labels() == np.where(inside(VIEW), expected, 255)).all()


def test_without_a_suggestion_there_is_no_dialog(flow: AcceptFlow, messages) -> None:
    assert flow.open_suggestion() is None
    assert "no suggestion to accept" in messages.texts[-1]


@pytest.mark.usefixtures("prediction")
def test_what_lies_topmost_is_accepted(
    flow: AcceptFlow,
    suggested: np.ndarray,
    predicted: np.ndarray,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    tools: Tools,
    monkeypatch,
) -> None:
    answers: list = []
    monkeypatch.setattr(tools.accept_region, "show_answer", lambda pixel, found: answers.append(found))
    tools.accept_region.ask((10, 300))
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=SECONDS)
    assert (answers[0].label, answers[0].predicted.region.window) == (0, PixelWindow(0, 0, WIDTH // 2, HEIGHT))
    area = RectangleRegion((300, 260), (400, 300))
    where = area.mask(PixelWindow(0, 0, WIDTH, HEIGHT))
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept_region.accept(area)
    assert (labels() == np.where(where, suggested, 255)).all()
    session.project_session.editing.undo()
    session.layers.suggestion.visible = False
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        tools.accept_region.accept(area)
    assert (labels() == np.where(where, predicted, 255)).all()


def test_the_brush_gets_what_is_shown(flow: AcceptFlow, suggested: np.ndarray, session: Session, tools: Tools) -> None:
    values, known = tools.accept_brush.suggested().values.read(VIEW)
    assert known.all()
    assert (values == suggested[VIEW.slices()]).all()
    session.layers.suggestion.visible = False
    assert tools.accept_brush.suggested() is None


def test_a_click_that_waits_means_the_suggestion_that_was_shown(
    flow: AcceptFlow,
    suggested: np.ndarray,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    tools,
    project,
) -> None:
    areas = [RectangleRegion((300, 100 * n), (400, 100 * n + 50)) for n in range(3)]
    for area in areas:
        tools.accept_region.accept(area)
    suggest(session, np.full((HEIGHT, WIDTH), 1, np.uint8))
    qtbot.waitUntil(lambda: len(project.history.steps) == len(areas) and not runner.running, timeout=SECONDS)
    where = np.logical_or.reduce([area.mask(PixelWindow(0, 0, WIDTH, HEIGHT)) for area in areas])
    assert (labels() == np.where(where, suggested, 255)).all()
    assert {step.name for step in project.history.steps} == {"Accept suggested region"}


@pytest.mark.usefixtures("suggested")
def test_a_new_suggestion_drops_the_region_of_the_former(
    flow, session: Session, tools: Tools, qtbot, monkeypatch
) -> None:
    answers: list = []
    monkeypatch.setattr(tools.accept_region, "show_answer", lambda pixel, found: answers.append(found))
    tools.accept_region.ask((10, 300))
    suggest(session, np.full((HEIGHT, WIDTH), 1, np.uint8))
    tools.accept_region.ask((20, 300))
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=SECONDS)
    assert answers[0].label == 1
