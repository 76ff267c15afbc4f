from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView, QStackedWidget
from support.open_project import labelled_pixels, paint_square
from support.viewing import to_rgb

from landseg_core.project.history import Step
from landseg_gui.panels.history import TIME, HistoryModel, HistoryPanel, time_text


@pytest.fixture
def panel(qtbot, empty) -> HistoryPanel:
    panel = HistoryPanel(empty)
    qtbot.addWidget(panel)
    panel.resize(320, 400)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def view(panel: HistoryPanel) -> QListView:
    return panel.findChild(QListView, "history_list")


def names(panel: HistoryPanel) -> list[str]:
    model = view(panel).model()
    return [model.index(row).data() for row in range(model.rowCount())]


def click(panel: HistoryPanel, row: int) -> None:
    centre = view(panel).visualRect(view(panel).model().index(row)).center()
    QTest.mouseClick(view(panel).viewport(), Qt.MouseButton.LeftButton, pos=centre)


@pytest.fixture
def painted(panel, opened):
    """Return a session with three steps on the first of two images."""
    for side in (10, 20, 30):
        paint_square(opened, side, f"Brush: {side}")
    return opened


def test_steps_are_listed_by_name_image_and_time(panel, painted, make_image) -> None:
    assert names(panel) == ["Start", "Brush: 10 · north", "Brush: 20 · north", "Brush: 30 · north"]
    painted.project.add_image(make_image("east.tif"))
    painted.editing.refresh()
    assert names(panel)[-1] == "Add east"
    model = view(panel).model()
    assert model.index(0).data(TIME) == ""
    assert model.index(3).data(TIME) == f"{datetime.now():%H:%M}" or model.index(3).data(TIME).count(":") == 1


def test_one_image_needs_no_name(qtbot, panel, empty, project_path, schema, images) -> None:
    empty.lifecycle.create(project_path, schema, images[:1])
    qtbot.waitUntil(lambda: empty.image is not None)
    paint_square(empty, 10, "Brush")
    assert names(panel) == ["Start", "Brush"]


def test_a_click_goes_there_and_back(qtbot, panel, painted) -> None:
    for row, pixels in ((1, 100), (3, 900), (0, 0)):
        click(panel, row)
        qtbot.waitUntil(lambda: not painted.editing.busy)
        assert painted.project.history.position == row
        assert labelled_pixels(painted) == pixels
        assert view(panel).currentIndex().row() == row


def test_what_is_undone_is_told_from_what_is_done(panel, painted) -> None:
    painted.editing.undo()
    model = view(panel).model()
    assert [model.is_undone(row) for row in range(4)] == [False, False, False, True]
    assert model.position == 2
    tips = [model.index(row).data(Qt.ItemDataRole.ToolTipRole) for row in (1, 2, 3)]
    assert tips == ["Undo back to this step", "The current state of the project", "Redo up to this step"]


def test_undone_steps_are_drawn_faint(panel, painted) -> None:
    def darkest(row: int) -> int:
        box = view(panel).visualRect(view(panel).model().index(row))
        return int(to_rgb(view(panel).viewport().grab(box).toImage())[:, 12:120].min())

    painted.editing.undo()
    assert darkest(3) > darkest(1) + 30


def test_without_a_project_the_list_is_empty(panel, painted) -> None:
    assert painted.lifecycle.close()
    assert panel.findChild(QStackedWidget).currentIndex() == 0
    assert names(panel) == ["Start"]


def test_of_a_thousand_steps_only_those_in_sight_are_drawn(panel, monkeypatch) -> None:
    model, read = view(panel).model(), set()
    data = HistoryModel.data

    def noted(model: HistoryModel, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        read.add(index.row())
        return data(model, index, role)

    monkeypatch.setattr(HistoryModel, "data", noted)
    steps = tuple(Step(n, f"Brush: {n}", 1, "2026-11-23T11:00:00+00:00", 100, is_large=False) for n in range(1, 1001))
    panel.findChild(QStackedWidget).setCurrentIndex(1)
    for position in (1000, 999, 10):
        model.show(steps, position, {1: "north"})
        view(panel).scrollTo(model.index(position))
        panel.grab()
    assert model.rowCount() == 1001
    assert 20 < len(read) < 200


def test_a_step_of_another_day_shows_the_day() -> None:
    today = datetime.fromisoformat("2026-11-23T12:00:00").astimezone()
    assert time_text("2026-11-21T09:30:00", today) == "21 Nov"
    assert time_text("2026-11-23T09:05:00", today) == "09:05"
    assert time_text("no time", today) == ""


def test_the_model_without_steps_is_the_beginning() -> None:
    model = HistoryModel()
    assert (model.rowCount(), model.position) == (1, 0)
