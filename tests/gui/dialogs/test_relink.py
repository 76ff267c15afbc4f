from __future__ import annotations

from pathlib import Path

import pytest
from affine import Affine
from PySide6.QtWidgets import QLabel, QLineEdit

from landseg_core.geo.grid import RasterGrid
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.relink import FindImagesDialog, RelinkDialog


@pytest.fixture
def gone(tmp_path) -> ImageEntry:
    """Return an image whose folder is gone too."""
    grid = RasterGrid(96, 64, Affine.identity(), None)
    return ImageEntry(7, tmp_path / "moved" / "away" / "town.tif", grid, missing=True, fingerprint="")


def entries(gone: ImageEntry, count: int) -> list[ImageEntry]:
    return [ImageEntry(n, Path(f"/gone/{n}.tif"), gone.grid, missing=True, fingerprint="") for n in range(count)]


def test_the_search_for_a_file_begins_where_it_was(qtbot, gone, tmp_path, orthophoto) -> None:
    dialog = RelinkDialog(gone)
    qtbot.addWidget(dialog)
    line = dialog.findChild(QLineEdit, "relink_file")
    assert line.text() == str(tmp_path)
    assert dialog.findChild(QLabel, "relink_former").text() == str(gone.path)
    assert not dialog.action_button.isEnabled()
    line.setText(str(tmp_path / "none.tif"))
    assert dialog.findChild(QLabel, "relink_file_problem").text() == "There is no such file."
    line.setText(str(orthophoto))
    assert dialog.action_button.isEnabled()
    assert dialog.path() == orthophoto


def test_a_folder_is_asked_for_all_that_are_missing(qtbot, gone, tmp_path) -> None:
    dialog = FindImagesDialog(entries(gone, 8))
    qtbot.addWidget(dialog)
    assert dialog.findChild(QLabel, "find_images_missing").text() == "0.tif, 1.tif, 2.tif, 3.tif, 4.tif and 3 more"
    line = dialog.findChild(QLineEdit, "find_images_folder")
    assert not dialog.action_button.isEnabled()
    line.setText(str(tmp_path / "none"))
    assert dialog.findChild(QLabel, "find_images_folder_problem").text() == "There is no such folder."
    line.setText(str(tmp_path))
    assert dialog.action_button.isEnabled()
    assert dialog.folder() == tmp_path
