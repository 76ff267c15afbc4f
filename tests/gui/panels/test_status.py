from __future__ import annotations

import pytest
from affine import Affine
from PySide6.QtWidgets import QLabel
from rasterio.crs import CRS

from landseg_core.geo.grid import RasterGrid
from landseg_gui.panels.status import StatusBar, coordinates_text, zoom_text


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (1, "100 %"),
        (32, "3,200 %"),
        (12.3456, "1,235 %"),
        (0.25, "25 % (1:4)"),
        (1 / 64, "1.56 % (1:64)"),
        (2**-0.5, "70.7 % (1:1.41)"),
    ],
)
def test_zoom_is_written_as_percent_and_ratio(scale: float, text: str) -> None:
    assert zoom_text(scale) == text


def test_degrees_need_more_digits_than_metres() -> None:
    assert coordinates_text(7.98765432, 46.3, degrees=True) == "7.987654  46.300000"
    assert coordinates_text(2_642_123.456, -5.0, degrees=False) == "2,642,123.46  -5.00"


@pytest.fixture
def bar(qtbot) -> StatusBar:
    bar = StatusBar()
    qtbot.addWidget(bar)
    return bar


def text(bar: StatusBar, name: str) -> str:
    return bar.findChild(QLabel, f"status_{name}").text()


def test_a_position_is_shown_in_both_ways(bar) -> None:
    grid = RasterGrid(100, 100, Affine(0.001, 0, 7, 0, -0.001, 46), CRS.from_epsg(4326))
    bar.set_crs_name("EPSG:4326")
    bar.show_position(grid, 10.9, 20.1, "water")
    assert text(bar, "crs") == "7.010900  45.979900  EPSG:4326"
    assert text(bar, "pixel") == "Pixel 10, 20"
    assert text(bar, "class") == "water"
    bar.clear_position()
    assert text(bar, "crs") == text(bar, "pixel") == text(bar, "class") == ""


def test_without_georeference_there_are_only_pixels(bar) -> None:
    bar.show_position(RasterGrid(100, 100, Affine.identity(), None), -0.5, 3, "")
    assert text(bar, "crs") == ""
    assert text(bar, "pixel") == "Pixel -1, 3"


def test_the_zoom_can_be_emptied(bar) -> None:
    bar.show_zoom(0.5)
    assert text(bar, "zoom") == "50 % (1:2)"
    bar.show_zoom(None)
    assert text(bar, "zoom") == ""


def test_a_field_that_shows_itself_stands_at_the_right_end(qtbot, bar) -> None:
    field = QLabel("Saved")
    bar.add_field(field)
    bar.resize(500, 30)
    bar.show()
    assert field.isVisible()
    assert field.x() > bar.findChild(QLabel, "status_zoom").x()


def test_a_long_text_does_not_widen_the_window(bar) -> None:
    grid = RasterGrid(100, 100, Affine.identity(), None)
    bar.show_position(grid, 1, 2, "water")
    before = bar.minimumSizeHint().width()
    bar.show_position(grid, 1, 2, "Suggestion: " + "background 43 %, as at 3699, 4424; " * 9)
    assert bar.minimumSizeHint().width() == before
