"""Export from the window, with the real exporters in a real thread."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QRadioButton, QSlider, QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows.export import ExportFlow

SECONDS = 30_000
VIEW = PixelWindow(16, 32, 40, 24)


@pytest.fixture
def flow(session: Session, runner: JobRunner, window: QWidget, qtbot: QtBot, image_folders: Path) -> ExportFlow:
    """Return the flow in a session with a picture, a mask over it and a view."""
    session.files.open_raster(image_folders / "images" / "north.tif")
    qtbot.waitUntil(lambda: session.rasters.current is not None)
    session.files.add_mask(image_folders / "masks" / "north.tif", load_classes("landcover-dubai"))
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running)
    return ExportFlow(session, runner, lambda: VIEW, window)


def fill(flow: ExportFlow, qtbot: QtBot, out: Path, style: str) -> ExportDialog:
    dialog = flow.open()
    combo = dialog.findChild(QComboBox, "export_style")
    combo.setCurrentIndex(combo.findData(style))
    dialog.findChild(QLineEdit, "export_out").setText(str(out))
    return dialog


def run(dialog: ExportDialog, runner: JobRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)


def truth(image_folders: Path) -> np.ndarray:
    with rasterio.open(image_folders / "masks" / "north.tif") as mask:
        return mask.read(1)


def test_an_index_png_holds_the_values(
    flow: ExportFlow, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new folder" / "map.png"
    run(fill(flow, qtbot, out, "index"), runner, qtbot)
    with rasterio.open(out) as written:
        assert (written.read(1) == truth(image_folders)).all()


def test_a_colour_png_of_the_view(
    flow: ExportFlow, session: Session, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> None:
    session.layers.masks[0].set_colour(0, "#010203")
    dialog = fill(flow, qtbot, tmp_path / "map.png", "colour")
    dialog.findChild(QRadioButton, "export_view").setChecked(True)
    run(dialog, runner, qtbot)
    colours = cv2.cvtColor(cv2.imread(str(tmp_path / "map.png")), cv2.COLOR_BGR2RGB)
    values = truth(image_folders)[VIEW.slices()]
    assert colours.shape == (VIEW.height, VIEW.width, 3)
    assert (values == 0).any()
    assert (colours[values == 0] == (1, 2, 3)).all()


def test_an_overlay_png_keeps_the_picture_at_no_opacity(
    flow: ExportFlow, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> None:
    dialog = fill(flow, qtbot, tmp_path / "map.png", "overlay")
    dialog.findChild(QSlider, "export_opacity").setValue(0)
    run(dialog, runner, qtbot)
    with (
        rasterio.open(image_folders / "images" / "north.tif") as picture,
        rasterio.open(tmp_path / "map.png") as written,
    ):
        assert (written.read((1, 2, 3)) == picture.read()).all()


def test_a_geotiff_keeps_its_place(
    flow: ExportFlow, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> None:
    dialog = fill(flow, qtbot, tmp_path / "map.tif", "geotiff")
    dialog.findChild(QRadioButton, "export_view").setChecked(True)
    run(dialog, runner, qtbot)
    with rasterio.open(tmp_path / "map.tif") as written, rasterio.open(image_folders / "masks" / "north.tif") as mask:
        assert (written.read(1) == truth(image_folders)[VIEW.slices()]).all()
        assert written.transform @ (0, 0) == pytest.approx(mask.transform @ (VIEW.x, VIEW.y))
        assert written.crs == mask.crs


def test_a_map_of_the_view_can_be_exported_again(
    flow: ExportFlow, session: Session, runner: JobRunner, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = fill(flow, qtbot, tmp_path / "part.tif", "geotiff")
    dialog.findChild(QRadioButton, "export_view").setChecked(True)
    run(dialog, runner, qtbot)
    session.files.add_mask(tmp_path / "part.tif", session.layers.masks[0].schema, "part")
    qtbot.waitUntil(lambda: len(session.layers.masks) == 2 and not runner.running)
    run(fill(flow, qtbot, tmp_path / "again.tif", "geotiff"), runner, qtbot)
    with rasterio.open(tmp_path / "again.tif") as written:
        assert written.shape == (128, 128)
        assert (written.read(1) != 255).sum() == VIEW.pixels


def test_a_mask_that_has_gone_is_told(
    flow: ExportFlow, session: Session, runner: JobRunner, qtbot: QtBot, image_folders: Path, tmp_path: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    dialog = fill(flow, qtbot, tmp_path / "map.png", "index")
    (image_folders / "masks" / "north.tif").unlink()
    run(dialog, runner, qtbot)
    assert "north.tif" in problems[0]
    assert not (tmp_path / "map.png").exists()
    assert not flow.running


def test_without_a_mask_there_is_no_dialog(session: Session, runner: JobRunner) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    assert ExportFlow(session, runner, lambda: None).open() is None
    assert "no mask to export" in messages[0]
