"""The window with a model that segments by clicks: chosen in its dialog, used by mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from support.click_models import RADIUS, SIDE, sam_pair
from support.viewing import wait_until_sharp

from landseg_core.geo.window import PixelWindow
from landseg_gui.main_window.window import MainWindow
from landseg_gui.tools.segmenter import SegmenterState

pytest.importorskip("onnxruntime", reason="models run with the extra `fast`")

SECONDS = 20_000
HERE = (800.5, 600.5)


@pytest.fixture
def project(qtbot, window: MainWindow, picture: Path, schema):
    session = window.session.project_session
    session.lifecycle.create(picture.with_name("labels.landseg"), schema, [picture])
    qtbot.waitUntil(lambda: session.image is not None and window.session.layers.labels is not None)
    wait_until_sharp(qtbot, window.viewport)
    return session.project


def choose_model(window: MainWindow, qtbot, folder: Path) -> None:
    window.actions_by_name["action_assistant_model"].trigger()
    (dialog,) = (child for child in window.children() if child.objectName() == "dialog_assistant_model")
    for name, path in zip(("encoder", "decoder"), sam_pair(folder), strict=True):
        dialog.findChild(QLineEdit, f"assistant_model_{name}").setText(str(path))
    qtbot.waitUntil(dialog.action_button.isEnabled, timeout=SECONDS)
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def click(window: MainWindow, position: tuple[float, float]) -> None:
    at = QPointF(*window.viewport.frame.to_device(*position)) / window.viewport.devicePixelRatioF()
    QTest.mouseMove(window.viewport.viewport(), at.toPoint())
    QTest.mouseClick(window.viewport.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())


def test_a_model_is_chosen_and_a_click_and_enter_paint_its_outline(
    qtbot, window: MainWindow, project, tmp_path: Path
) -> None:
    hint = window.findChild(QLabel, "tool_hint")
    QTest.keyClick(window.viewport, Qt.Key.Key_Z)
    assert hint.text() == "Choose a model in Settings"
    choose_model(window, qtbot, tmp_path)
    segmenter = window.session.segmenter
    qtbot.waitUntil(lambda: segmenter.state is SegmenterState.READY, timeout=SECONDS)
    assert hint.text().startswith("Click an object")
    QTest.keyClick(window.viewport, Qt.Key.Key_3)
    click(window, HERE)
    QTest.keyClick(window.viewport, Qt.Key.Key_Return)
    labels = window.session.project_session.labels
    qtbot.waitUntil(lambda: project.history.position == 1, timeout=SECONDS)
    whole = labels.read(PixelWindow(0, 0, 1500, 1100))
    assert whole[600, 800] == 2
    view = window.viewport.view_window()
    reach = RADIUS * max(view.width, view.height) / SIDE
    assert (whole == 2).sum() == pytest.approx(3.1416 * reach**2, rel=0.1)
