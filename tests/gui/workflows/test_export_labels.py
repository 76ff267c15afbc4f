"""Labels of the window's project to files, with the real exporters in a real thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.formats.exporters import EXPORTERS
from landseg_core.labels.regions import PolygonRegion
from landseg_core.project.project import Project
from landseg_gui.dialogs.export_labels import ExportLabelsDialog
from landseg_gui.dialogs.import_labels import ImportLabelsRequest
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows.export_labels import ExportLabelsFlow
from landseg_gui.workflows.import_labels import import_labels_work

SECONDS = 20_000
Labels = Callable[[], np.ndarray]


@pytest.fixture
def flow(session: Session, runner: JobRunner, project: Project, window: QWidget, messages) -> ExportLabelsFlow:
    """Return the flow in a project with a painted triangle."""
    edit = session.project_session.editing.begin()
    edit.paint(PolygonRegion([[(50.0, 40.0), (600.0, 60.0), (300.0, 500.0)]]), 3)
    session.project_session.editing.record(edit, "Polygon")
    return ExportLabelsFlow(session, runner, window)


def fill(flow: ExportLabelsFlow, form: str, out: Path) -> ExportLabelsDialog:
    dialog = flow.open()
    combo = dialog.findChild(QComboBox, "export_labels_form")
    combo.setCurrentIndex(combo.findData(form))
    dialog.findChild(QLineEdit, "export_labels_out").setText(str(out))
    return dialog


def run(dialog: ExportLabelsDialog, runner: JobRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("form", EXPORTERS)
def test_what_is_written_can_be_read_again(
    flow: ExportLabelsFlow,
    session: Session,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    tmp_path: Path,
    form: str,
    messages,
) -> None:
    out = tmp_path / "new folder" / f"labels{EXPORTERS[form].suffix}"
    run(fill(flow, form, out), runner, qtbot)
    assert messages.problems == []
    assert messages.texts[-1] == f"Exported to {out}."
    painted, project = labels(), session.project_session.project
    session.project_session.editing.undo()
    qtbot.waitUntil(lambda: not session.project_session.editing.busy)  # on a busy machine it takes several turns
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        work = import_labels_work(project, project.images[0], ImportLabelsRequest(out, {}, None))
        session.project_session.editing.run("Import", work)
    assert (labels() == painted).all()


def test_all_images_at_once(
    flow: ExportLabelsFlow, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path, messages
) -> None:
    project = session.project_session.project
    with (
        rasterio.open(project.images[0].path) as north,
        rasterio.open(tmp_path / "south.tif", "w", **north.profile) as south,
    ):
        south.write(north.read())
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        session.project_session.images.add([tmp_path / "south.tif"])
    dialog = fill(flow, "tif", tmp_path / "x.tif")
    dialog.findChild(QRadioButton, "export_labels_all").setChecked(True)
    dialog.findChild(QLineEdit, "export_labels_folder").setText(str(tmp_path / "all"))
    run(dialog, runner, qtbot)
    assert sorted(path.name for path in (tmp_path / "all").glob("*.tif")) == ["north_labels.tif", "south_labels.tif"]
    assert messages.texts[-1] == f"Exported to 2 files in {tmp_path / 'all'}."
    assert not flow.running


def test_a_large_export_is_asked_about(
    flow: ExportLabelsFlow,
    project: Project,
    runner: JobRunner,
    qtbot: QtBot,
    tmp_path: Path,
    messages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    questions: list[str] = []
    monkeypatch.setattr("landseg_core.limits.MOST_PIXELS", 1000)
    monkeypatch.setattr("landseg_gui.workflows.large_work.choose", lambda _over, asked, *_how: questions.append(asked))
    run(fill(flow, "tif", tmp_path / "labels.tif"), runner, qtbot)
    qtbot.waitUntil(lambda: questions == ["This is 0.392 Mpx of work. Continue?"])
    assert not (tmp_path / "labels.tif").exists()
    monkeypatch.setattr("landseg_gui.workflows.large_work.choose", lambda *_asked: "Continue")
    flow.start(project, fill(flow, "tif", tmp_path / "labels.tif").request())
    qtbot.waitUntil((tmp_path / "labels.tif").exists, timeout=SECONDS)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert messages.problems == []


def test_what_goes_wrong_is_told(
    flow: ExportLabelsFlow, project: Project, runner: JobRunner, qtbot: QtBot, tmp_path: Path, messages
) -> None:
    dialog = fill(flow, "tif", tmp_path / "labels.tif")
    request = dialog.request()
    (tmp_path / "labels.tif").touch()  # it has come to be since the dialog asked
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        flow.start(project, request)
    assert "labels.tif" in messages.problems[-1]
    assert (tmp_path / "labels.tif").stat().st_size == 0


def test_without_a_project_there_is_no_dialog(session: Session, runner: JobRunner, window: QWidget, messages) -> None:
    assert ExportLabelsFlow(session, runner, window).open() is None
    assert "Open a project" in messages.texts[-1]
