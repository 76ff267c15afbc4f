"""Labels from files into the project of the window, with the real importers in a real thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import PolygonRegion
from landseg_core.project.project import Project
from landseg_gui.dialogs.import_labels import ImportLabelsDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.text import pixels
from landseg_gui.workflows.import_labels import ImportLabelsFlow

WIDTH, HEIGHT = 700, 560
SECONDS = 20_000
Labels = Callable[[], np.ndarray]
Open = Callable[[Path], ImportLabelsDialog]


@pytest.fixture
def flow(session: Session, runner: JobRunner, project: Project, window: QWidget, messages) -> ImportLabelsFlow:
    return ImportLabelsFlow(session, runner, window)


@pytest.fixture
def opened(flow: ImportLabelsFlow, runner: JobRunner, qtbot: QtBot) -> Open:
    """Return what shows the dialog and chooses a file in it."""

    def choose(path: Path) -> ImportLabelsDialog:
        dialog = flow.open()
        with qtbot.waitSignal(runner.idle, timeout=SECONDS):
            dialog.findChild(QLineEdit, "import_labels_source").setText(str(path))
        return dialog

    return choose


def run(dialog: ImportLabelsDialog, runner: JobRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def choose_class(dialog: ImportLabelsDialog, value: object, name: str) -> None:
    combo = dialog.findChild(QComboBox, f"import_labels_value_{value}")
    combo.setCurrentIndex(combo.findData(name))


def test_a_mask_becomes_labels_as_the_table_says(
    opened: Open, runner: JobRunner, qtbot: QtBot, labels: Labels, write_map: Callable[..., Path], project, messages
) -> None:
    values = np.full((HEIGHT, WIDTH), 255, np.uint8)
    values[:100], values[100:200], values[200:300] = 1, 3, 42
    dialog = opened(write_map("mask.tif", values))
    names = {item.value: item.name for item in project.schema.classes}
    choose_class(dialog, 3, "")
    choose_class(dialog, 42, names[0])
    run(dialog, runner, qtbot)
    expected = np.full((HEIGHT, WIDTH), 255, np.uint8)
    expected[:100], expected[200:300] = 1, 0
    assert (labels() == expected).all()
    assert f"{pixels(140_000)} labelled.".replace("\N{NO-BREAK SPACE}", " ") in messages.texts
    assert project.history.next_undo.name == "Import mask.tif"


def test_a_large_import_is_asked_about(
    opened: Open,
    runner: JobRunner,
    qtbot: QtBot,
    labels: Labels,
    write_map: Callable[..., Path],
    messages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    questions: list[str] = []
    monkeypatch.setattr("landseg_core.limits.MOST_PIXELS", 1000)
    monkeypatch.setattr(
        "landseg_gui.workflows.large_work.choose", lambda _over, asked, *_how: questions.append(asked) or "Continue"
    )
    run(opened(write_map("mask.tif", np.ones((HEIGHT, WIDTH), np.uint8))), runner, qtbot)
    qtbot.waitUntil(lambda: (labels() == 1).all(), timeout=SECONDS)
    qtbot.waitUntil(lambda: not runner.running, timeout=SECONDS)
    assert questions == ["This is 0.392 Mpx of work. Continue?"]
    assert messages.problems == []


def test_polygons_become_labels_by_a_field(
    opened: Open, runner: JobRunner, qtbot: QtBot, labels: Labels, tmp_path: Path, project: Project
) -> None:
    ring = [(50.3, 40.1), (511.7, 61.3), (300.3, 500.2)]
    places = [list(project.images[0].grid.to_crs(*place)) for place in [*ring, ring[0]]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    geometry = {"type": "Polygon", "coordinates": [places]}
    feature = {"type": "Feature", "properties": {"kind": "lake"}, "geometry": geometry}
    path = tmp_path / "lakes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    dialog = opened(path)
    combo = dialog.findChild(QComboBox, "import_labels_attribute")
    combo.setCurrentIndex(combo.findText("kind"))
    choose_class(dialog, "lake", "water")
    run(dialog, runner, qtbot)
    water = next(item.value for item in project.schema.classes if item.name == "water")
    inside = PolygonRegion([ring]).mask(PixelWindow(0, 0, WIDTH, HEIGHT))
    assert (labels() == np.where(inside, water, 255)).all()
    project.undo()
    assert (labels() == 255).all()


def test_what_goes_wrong_is_told(
    opened: Open, runner: JobRunner, qtbot: QtBot, labels: Labels, write_map: Callable[..., Path], messages
) -> None:
    mask = write_map("mask.tif", np.ones((HEIGHT, WIDTH), np.uint8))
    dialog = opened(mask)
    mask.unlink()
    run(dialog, runner, qtbot)
    assert "mask.tif" in messages.problems[-1]
    assert (labels() == 255).all()


def test_without_an_image_there_is_no_dialog(session: Session, runner: JobRunner, window: QWidget, messages) -> None:
    assert ImportLabelsFlow(session, runner, window).open() is None
    assert messages.texts
