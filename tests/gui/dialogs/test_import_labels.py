from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QTableWidget
from pytestqt.qtbot import QtBot
from rasterio.crs import CRS

from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import load_classes
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.import_labels import ImportLabelsDialog
from landseg_gui.jobs.runner import JobRunner

SCHEMA = load_classes("landcover-dubai")
TRANSFORM = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
GRID = RasterGrid(96, 64, TRANSFORM, CRS.from_epsg(32632))


@pytest.fixture
def dialog(qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> ImportLabelsDialog:
    image = ImageEntry(1, tmp_path / "north.tif", GRID, missing=False, fingerprint="")
    dialog = ImportLabelsDialog(image, SCHEMA, runner)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """Return a mask of the image's size: mostly the value 1, some 3 and 77."""
    values = np.ones((64, 96), np.uint8)
    values[:10], values[10, :5] = 3, 77
    return write_mask(tmp_path / "mask.tif", values)


def write_mask(path: Path, values: np.ndarray, transform: Affine = TRANSFORM) -> Path:
    height, width = values.shape
    profile = {"driver": "GTiff", "count": 1, "height": height, "width": width, "dtype": "uint8", "crs": GRID.crs}
    with rasterio.open(path, "w", transform=transform, **profile) as dataset:
        dataset.write(values[np.newaxis])
    return path


def write_polygons(path: Path, *fields: dict[str, object]) -> Path:
    ring = [[9.0, 45.0], [9.1, 45.0], [9.1, 45.1], [9.0, 45.0]]
    features = [
        {"type": "Feature", "properties": each, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for each in fields
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def source(dialog: ImportLabelsDialog) -> QLineEdit:
    return dialog.findChild(QLineEdit, "import_labels_source")


def choose_file(dialog: ImportLabelsDialog, path: Path, qtbot: QtBot, runner: JobRunner) -> None:
    with qtbot.waitSignal(runner.idle, timeout=20_000):
        source(dialog).setText(str(path))


def problem(dialog: ImportLabelsDialog, field: str = "source") -> str:
    label = dialog.findChild(QLabel, f"import_labels_{field}_problem")
    return label.text() if label.isVisible() else ""


def class_of(dialog: ImportLabelsDialog, value: object) -> QComboBox:
    return dialog.findChild(QComboBox, f"import_labels_value_{value}")


Choose = Callable[[Path], None]


@pytest.fixture
def choose(dialog: ImportLabelsDialog, qtbot: QtBot, runner: JobRunner) -> Choose:
    """Return what types the path of a file and waits until it is read."""
    return lambda path: choose_file(dialog, path, qtbot, runner)


def test_at_first_a_file_is_wanted(dialog: ImportLabelsDialog) -> None:
    assert problem(dialog) == "Choose a mask or a polygon file."
    assert not dialog.action_button.isEnabled()


def test_the_values_of_a_mask_become_classes(dialog: ImportLabelsDialog, choose: Choose, mask: Path) -> None:
    choose(mask)
    names = {item.value: item.name for item in SCHEMA.classes}
    assert class_of(dialog, 1).currentText() == names[1]
    assert class_of(dialog, 3).currentText() == names[3]
    assert class_of(dialog, 77).currentText() == "leave unlabelled"
    assert "3 values" in dialog.findChild(QLabel, "import_labels_facts").text()
    assert not dialog.findChild(QComboBox, "import_labels_attribute").isVisible()


def test_the_answer_for_a_mask(dialog: ImportLabelsDialog, choose: Choose, mask: Path) -> None:
    choose(mask)
    combo = class_of(dialog, 77)
    combo.setCurrentIndex(combo.findData("water"))
    dialog.action_button.click()
    request = dialog.request()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (request.source, request.attribute) == (mask, None)
    assert {key: name for key, name in request.mapping.items() if name == "water"}.keys() >= {"77"}
    assert set(request.mapping) == {"1", "3", "77"}


def test_polygons_are_told_by_a_field(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    fields = [{"kind": "water", "code": 7}, {"kind": "meadow", "code": 7}, {"kind": "water", "code": 8}]
    choose(write_polygons(tmp_path / "p.geojson", *fields))
    combo = dialog.findChild(QComboBox, "import_labels_attribute")
    assert combo.isVisible()
    assert combo.currentText() == "kind"
    assert class_of(dialog, "water").currentText() == "water"
    assert class_of(dialog, "meadow").currentText() == "leave unlabelled"
    combo.setCurrentIndex(combo.findText("code"))
    assert "water" not in dialog.request().mapping
    class_of(dialog, 7).setCurrentIndex(1)
    request = dialog.request()
    assert request.attribute == "code"
    assert request.mapping == {"7": SCHEMA.names[0], "8": ""}


def test_polygons_may_all_be_of_one_class(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    choose(write_polygons(tmp_path / "p.geojson", {"id": 1}, {"id": 2}))
    assert dialog.findChild(QComboBox, "import_labels_attribute").currentData() is None
    assert problem(dialog, "values") == "Map at least one value to a class."
    class_of(dialog, "").setCurrentIndex(1)
    assert dialog.action_button.isEnabled()
    request = dialog.request()
    assert (request.attribute, request.mapping) == (None, {"": SCHEMA.names[0]})


def test_polygons_without_fields_are_of_one_class(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    choose(write_polygons(tmp_path / "p.geojson", {}))
    assert not dialog.findChild(QComboBox, "import_labels_attribute").isVisible()
    class_of(dialog, "").setCurrentIndex(1)
    assert dialog.request().mapping == {"": SCHEMA.names[0]}


def test_a_field_of_far_too_many_values_is_told(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    fields = [{"kind": "water", "name": f"lake {number}"} for number in range(300)]
    choose(write_polygons(tmp_path / "p.geojson", *fields))
    combo = dialog.findChild(QComboBox, "import_labels_attribute")
    combo.setCurrentIndex(combo.findText("name"))
    assert "has 300 values" in problem(dialog, "values")
    assert not dialog.action_button.isEnabled()


def test_a_mask_on_other_pixels_is_resampled(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    choose(write_mask(tmp_path / "coarse.tif", np.ones((32, 48), np.uint8), TRANSFORM @ Affine.scale(2)))
    assert "different grid" in dialog.findChild(QLabel, "import_labels_facts").text()


def test_what_is_wrong_with_the_file_is_told(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    source(dialog).setText(str(tmp_path / "nowhere.tif"))
    assert problem(dialog) == "There is no such file."
    source(dialog).setText(str(tmp_path))
    assert problem(dialog) == "This is a folder; choose a file."
    (tmp_path / "text.tif").write_text("text")
    choose(tmp_path / "text.tif")
    assert "text.tif" in problem(dialog)
    elsewhere = TRANSFORM @ Affine.translation(10_000, 0)
    choose(write_mask(tmp_path / "far.tif", np.ones((64, 96), np.uint8), elsewhere))
    assert "does not overlap the image" in problem(dialog)
    assert not dialog.action_button.isEnabled()


def test_an_empty_mask_has_nothing_to_import(dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path) -> None:
    choose(write_mask(tmp_path / "empty.tif", np.full((64, 96), 255, np.uint8)))
    class_of(dialog, 255).setCurrentIndex(0)
    assert problem(dialog, "values") == "Map at least one value to a class."


def test_only_the_file_chosen_last_counts(
    dialog: ImportLabelsDialog, choose: Choose, mask: Path, tmp_path: Path
) -> None:
    source(dialog).setText(str(mask))
    assert problem(dialog) == "Reading the file…"
    choose(write_polygons(tmp_path / "p.geojson", {"kind": "water"}))
    assert "77" not in dialog.request().mapping
    assert class_of(dialog, "water") is not None


def test_closing_ends_the_reading(dialog: ImportLabelsDialog, mask: Path, runner: JobRunner, qtbot: QtBot) -> None:
    source(dialog).setText(str(mask))
    with qtbot.waitSignal(runner.idle, timeout=20_000):
        dialog.reject()
    assert "77" not in dialog.request().mapping


def test_what_255_is_has_to_be_chosen_in_a_mask_of_0_and_255(
    dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path
) -> None:
    values = np.zeros((64, 96), np.uint8)
    values[:10, :30] = 255
    choose(write_mask(tmp_path / "binary.tif", values))
    combo = class_of(dialog, 255)
    table = dialog.findChild(QTableWidget, "import_labels_value")
    assert [table.item(row, 0).text() for row in range(2)] == ["value 0", "value 255"]
    assert table.item(1, 1).text() == "300"
    assert combo.currentIndex() == -1
    assert problem(dialog, "values") == "Choose a class, or leave unlabelled: 255."
    assert not dialog.action_button.isEnabled()
    combo.setCurrentIndex(combo.findData("water"))
    assert dialog.action_button.isEnabled()
    dialog.action_button.click()
    assert dialog.request().mapping == {"0": SCHEMA.names[SCHEMA.values.index(0)], "255": "water"}


def test_255_beside_other_values_is_listed_and_stays_unlabelled_unless_it_is_mapped(
    dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path
) -> None:
    values = np.ones((64, 96), np.uint8)
    values[:10, :30], values[20] = 255, 2
    choose(write_mask(tmp_path / "some.tif", values))
    assert class_of(dialog, 255).currentText() == "leave unlabelled"
    assert dialog.action_button.isEnabled()
    assert dialog.request().mapping["255"] == ""


@pytest.mark.parametrize(("values", "said"), [((1, 2, 3, 4, 5), True), ((1, 2, 3, 4), True), ((0, 1, 2), False)])
def test_values_that_may_be_shifted_are_said(
    dialog: ImportLabelsDialog, choose: Choose, tmp_path: Path, values: tuple[int, ...], said: bool
) -> None:
    assert SCHEMA.values == (0, 1, 2, 3, 4)
    choose(write_mask(tmp_path / "mask.tif", np.resize(np.array(values, np.uint8), (64, 96))))
    assert ("offset by one" in dialog.findChild(QLabel, "import_labels_facts").text()) == said
