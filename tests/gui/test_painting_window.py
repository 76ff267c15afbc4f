"""The window with a project: what is composed here works together."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDockWidget, QLabel, QToolButton
from support.viewing import wait_until_sharp

from landseg_core.geo.window import PixelWindow
from landseg_core.project.project import Project
from landseg_gui.dialogs.new_project import NewProjectDialog
from landseg_gui.main_window.window import MainWindow


@pytest.fixture
def project(qtbot, window: MainWindow, picture: Path, schema) -> Project:
    """Return the project that the window works on: one image, in sight and sharp."""
    session = window.session.project_session
    session.lifecycle.create(picture.with_name("labels.landseg"), schema, [picture])
    qtbot.waitUntil(lambda: session.image is not None and window.session.layers.labels is not None)
    wait_until_sharp(qtbot, window.viewport)
    return session.project


def stroke(window: MainWindow, *points: tuple[float, float], button=Qt.MouseButton.LeftButton) -> None:
    """Drag the mouse over points given in raster px."""
    view = window.viewport.viewport()
    ratio = window.viewport.devicePixelRatioF()
    pixels = [QPointF(*window.viewport.frame.to_device(*point)) / ratio for point in points]
    QTest.mousePress(view, button, pos=pixels[0].toPoint())
    for pixel in pixels:
        QTest.mouseMove(view, pixel.toPoint())
    QTest.mouseRelease(view, button, pos=pixels[-1].toPoint())


def key(window: MainWindow, key: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.viewport, key, modifiers)


def painted(window: MainWindow, column: int, row: int) -> int:
    labels = window.session.project_session.labels
    return int(labels.read(PixelWindow(column, row, 1, 1))[0, 0])


def test_paint_undo_redo_by_keys_and_mouse(qtbot, window, project) -> None:
    actions = window.actions_by_name
    assert not actions["action_undo"].isEnabled()
    key(window, Qt.Key.Key_B)
    key(window, Qt.Key.Key_3)
    stroke(window, (700, 500), (800, 550))
    assert painted(window, 750, 525) == 2
    assert actions["action_undo"].text() == "Undo Brush: vegetation"
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert painted(window, 750, 525) == 255
    assert actions["action_redo"].text() == "Redo Brush: vegetation"
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert painted(window, 750, 525) == 2
    stroke(window, (700, 500), (800, 550), button=Qt.MouseButton.RightButton)
    assert painted(window, 750, 525) == 255


def test_undo_takes_back_the_stroke_under_way_first(window, project) -> None:
    key(window, Qt.Key.Key_B)
    stroke(window, (300, 300), (320, 300))
    view = window.viewport.viewport()
    at = QPointF(*window.viewport.frame.to_device(900, 600)).toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(view, at + QPoint(5, 5))
    assert painted(window, 900, 600) != 255
    window.label_commands.undo()
    assert painted(window, 900, 600) == 255
    assert project.history.position == 1


def test_the_classes_panel_follows_what_is_painted(qtbot, window, project) -> None:
    rows = {row.value: row for row in window.findChildren(QDialog.__base__, "label_class")}
    key(window, Qt.Key.Key_2)
    assert [value for value, row in rows.items() if row.property("active")] == [1]
    qtbot.mouseClick(rows[3], Qt.MouseButton.LeftButton)
    assert window.session.project_session.paint.active_value == 3
    key(window, Qt.Key.Key_B)
    stroke(window, (700, 500))
    text = window.findChild(QLabel, "label_class_pixels_3").text()
    assert text == f"{project.class_pixels(project.images[0].id)[3]:,}\u00a0px"
    window.findChild(QToolButton, "label_class_lock_3").click()
    stroke(window, (700, 500), button=Qt.MouseButton.RightButton)
    assert painted(window, 700, 500) == 3
    window.findChild(QToolButton, "label_class_eye_3").click()
    assert not window.session.layers.labels.shows(3)


def test_all_is_on_disk_and_comes_back(qtbot, window, make_window, project, picture) -> None:
    key(window, Qt.Key.Key_B)
    key(window, Qt.Key.Key_5)
    stroke(window, (700, 500), (740, 520))
    status = window.findChild(QLabel, "status_stored")
    qtbot.waitUntil(lambda: status.text() == "Saved")
    path = project.path
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert sorted(file.name for file in path.parent.glob("*.landseg*")) == ["labels.landseg"]
    again = make_window()
    again.commands.open_paths([path])
    qtbot.waitUntil(lambda: again.session.project_session.labels is not None)
    qtbot.waitUntil(lambda: again.session.layers.labels is not None)
    assert painted(again, 720, 510) == 4
    assert again.tools.current.name == "brush"
    assert again.windowTitle() == "labels.landseg: picture - landseg"
    again.label_commands.undo()
    assert painted(again, 720, 510) == 255
    qtbot.waitUntil(lambda: not again.session.project_session.editing.busy)
    again.label_commands.close_project()
    assert again.session.project_session.project is None


def test_painting_without_a_project_offers_to_make_one(qtbot, window, picture) -> None:
    window.commands.open_paths([picture])
    qtbot.waitUntil(lambda: window.session.rasters.current is not None)
    wait_until_sharp(qtbot, window.viewport)
    key(window, Qt.Key.Key_B)
    stroke(window, (700, 500))
    dialog = window.findChild(NewProjectDialog)
    assert dialog.isVisible()
    dialog.accept()
    qtbot.waitUntil(lambda: window.session.project_session.image is not None)
    qtbot.waitUntil(lambda: window.session.layers.labels is not None)
    stroke(window, (700, 500))
    assert painted(window, 700, 500) != 255
    window.label_commands.close_project()


def test_the_class_editor_changes_the_project_in_one_step(qtbot, window, project) -> None:
    key(window, Qt.Key.Key_B)
    key(window, Qt.Key.Key_2)
    stroke(window, (700, 500))
    window.label_commands.edit_classes()
    editor = window.findChild(QDialog, "dialog_classes")
    editor.draft = editor.draft.deleted(1, heir=3)
    editor.accept()
    session = window.session.project_session
    qtbot.waitUntil(
        lambda: session.schema.names == ("land", "vegetation", "water", "road") and not session.editing.busy
    )
    assert painted(window, 700, 500) == 3
    assert window.actions_by_name["action_undo"].text() == "Undo Delete class building"
    window.label_commands.undo()
    qtbot.waitUntil(lambda: "building" in session.schema.names and not session.editing.busy)
    assert painted(window, 700, 500) == 1


def test_panels_come_up(window) -> None:
    dock = window.findChild(QDockWidget, "dock_history")
    window.docks.bring_up("history")
    window.docks.make_room_for_curves()
    assert dock.isVisible()


def test_a_message_does_not_move_the_picture(window, project) -> None:
    before = window.viewport.geometry()
    window.session.notifier.info("The network is ready")
    assert window.findChild(QLabel, "message_text").isVisible()
    assert window.viewport.geometry() == before
