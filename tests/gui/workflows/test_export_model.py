"""A model as ONNX from the window, with the real exporter in a real thread."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news

from landseg_core.tasks.export import ExportModelTask
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows.export_model import ExportModelFlow

onnx = pytest.importorskip("onnx", reason="the export needs the package onnx")

SECONDS = 60_000


@pytest.fixture
def flow(session: Session, runner: JobRunner, window: QWidget, model: Path) -> ExportModelFlow:
    session.model.path = model
    return ExportModelFlow(session, runner, window)


def test_the_model_of_the_moment_is_written(
    flow: ExportModelFlow, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path
) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    dialog = flow.open()
    out = tmp_path / "new folder" / "farm.onnx"
    dialog.findChild(QLineEdit, "export_model_out").setText(str(out))
    dialog.findChild(QComboBox, "export_model_size").setCurrentIndex(0)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert [dim.dim_value for dim in onnx.load(out).graph.input[0].type.tensor_type.shape.dim] == [1, 3, 256, 256]
    assert messages == [f"Exported to {out}."]


def test_what_goes_wrong_is_told(
    flow: ExportModelFlow, session: Session, runner: JobRunner, qtbot: QtBot, model: Path, tmp_path: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    task = ExportModelTask(model=tmp_path / "gone.safetensors", out=tmp_path / "new folder" / "farm.onnx", tile=64)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        flow.start(task)
    assert "gone.safetensors does not exist" in problems[0]
    assert not task.out.parent.exists()
