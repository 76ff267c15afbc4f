"""The runs panel in the window: where it stands, and what brings it up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDockWidget, QLineEdit
from pytestqt.qtbot import QtBot
from support.runs import write_run

from landseg_core.project.project import Project
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.main_window.window import MainWindow


@pytest.fixture
def dock(window: MainWindow) -> QDockWidget:
    return window.findChild(QDockWidget, "dock_runs")


def test_it_is_out_of_sight_until_it_is_wanted(window: MainWindow, dock: QDockWidget) -> None:
    assert not dock.isVisible()
    window.actions_by_name["action_runs"].trigger()
    assert dock.isVisible()
    assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea


def test_runs_of_a_project_take_the_place_of_those_of_a_folder(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, schema
) -> None:
    write_run(tmp_path / "runs" / "of a folder")
    FormSettings("train").save({"runs": str(tmp_path / "runs")})
    with Project.create(tmp_path / "a.landseg", schema) as project:
        project.add_run(write_run(tmp_path / "inside"), "tiny", ("land",), "", {})
        project.add_run(tmp_path / "gone", "tiny", ("land",), "", {})
    window.actions_by_name["action_runs"].trigger()
    shelf = window.runs_panel.catalogue
    qtbot.waitUntil(lambda: [run.name for run in shelf.runs] == ["of a folder"])
    window.commands.open_paths([tmp_path / "a.landseg"])
    qtbot.waitUntil(lambda: {run.name for run in shelf.runs} == {"inside", "gone"})
    assert {run.name: str(run.status) for run in shelf.runs} == {"inside": "finished", "gone": "missing"}
    shelf.delete(shelf.runs)
    qtbot.waitUntil(lambda: len(shelf.runs) == 0)
    assert window.session.project_session.project.runs == ()
    assert not (tmp_path / "inside").exists()
    assert window.session.project_session.lifecycle.close()


def test_continue_opens_the_dialog_with_the_runs_folder(window: MainWindow, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run-7")
    window.runs_panel.resume_wanted.emit(folder)
    dialog = window.findChild(TrainDialog)
    assert dialog.isVisible()
    assert dialog.windowTitle() == "Resume run-7"
    assert dialog.findChild(QLineEdit, "train_out").text() == str(folder)
    dialog.reject()


def test_fine_tune_opens_the_dialog_for_a_new_run(window: MainWindow, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run-7")
    window.runs_panel.fine_tune_wanted.emit(folder)
    dialog = window.findChild(TrainDialog)
    assert dialog.windowTitle() == "Fine-Tune run-7"
    assert dialog.findChild(QComboBox, "train_start_from").currentText() == str(folder / "model.safetensors")
    dialog.reject()
