"""The line with a width in metres."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import RectangleRegion, StrokeRegion

RIGHT = Qt.MouseButton.RightButton
WAY = [(500.0, 400.0), (700.0, 480.0), (820.0, 640.0), (960.0, 600.0)]
BLOCK = RectangleRegion((550, 350), (750, 550))


@pytest.fixture
def line(at_work):
    """Return somebody with the tool in hand, 7.3 m wide on an image of half a metre."""
    sitting = at_work("line")
    sitting.tools.settings.line = 7.3
    assert sitting.tools.settings.line_width == pytest.approx(14.6, rel=1e-2)  # in UTM a metre is not quite a metre
    return sitting


def band(sitting, clicks=WAY) -> StrokeRegion:
    """Return what a line along `clicks` paints now."""
    return StrokeRegion(clicks, sitting.tools.settings.line_width)


def click_all(sitting, clicks=WAY, button=Qt.MouseButton.LeftButton) -> None:
    for position in clicks:
        sitting.mouse.click(position, button)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_paints_the_band_at_full_resolution(line, key) -> None:
    line.viewport.centre_on(750, 550, 0.25)  # as seen from afar
    click_all(line)
    assert (line.labels() == 255).all()
    line.key(key)
    assert (line.labels() == line.expected(band(line), 0)).all()
    assert line.steps == [f"Line: {line.context.schema.classes[0].name}"]
    assert line.shapes("tool") == []


def test_a_double_click_sets_the_last_vertex_and_paints(line) -> None:
    click_all(line, WAY[:-1])
    line.mouse.double_click(WAY[-1])
    assert (line.labels() == line.expected(band(line), 0)).all()


def test_a_double_click_alone_paints_nothing(line) -> None:
    line.mouse.double_click(WAY[0])
    assert not line.tools.cancel()
    assert (line.labels() == 255).all()


def test_two_vertices_are_a_line_and_one_is_none(line) -> None:
    line.mouse.click(WAY[0])
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == 255).all()
    line.mouse.click(WAY[1])
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(band(line, WAY[:2]), 0)).all()


def test_it_does_not_close_at_its_first_vertex(line) -> None:
    ring = [*WAY, (504.0, 403.0)]
    click_all(line, ring)
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(band(line, ring), 0)).all()


def test_the_brackets_change_its_width_and_not_the_brush(line) -> None:
    before, brush = line.tools.settings.line, line.tools.settings.diameter
    click_all(line)
    line.key(Qt.Key.Key_BracketRight, "]")
    assert 1.08 < line.tools.settings.line / before < 1.3
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(band(line), 0)).all()
    line.key(Qt.Key.Key_BracketLeft, "[")
    line.key(Qt.Key.Key_BracketLeft, "[")
    assert line.tools.settings.line < before
    assert line.tools.settings.diameter == brush


def test_backspace_and_escape(line) -> None:
    click_all(line, [*WAY, (900.0, 900.0)])
    line.key(Qt.Key.Key_Backspace)
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(band(line), 0)).all()
    click_all(line)
    line.key(Qt.Key.Key_Escape)
    assert line.shapes("tool") == []
    line.key(Qt.Key.Key_Return)
    assert len(line.steps) == 1


def test_the_right_button_erases(line) -> None:
    line.paint(BLOCK, 3)
    click_all(line, button=RIGHT)
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(band(line), 255, line.expected(BLOCK, 3))).all()


def test_the_preview_is_the_outline_of_what_will_be_painted(line) -> None:
    sharp = [*WAY[:3], (700.0, 600.0), (750.0, 450.0)]  # turns back over itself
    line.tools.settings.line = 20
    click_all(line, sharp[:-1])
    line.mouse.move(sharp[-1])
    outline, middle = line.shapes("tool")
    region = band(line, sharp)
    box = region.bounds
    mask = region.mask(box)
    rng = np.random.default_rng(0)
    for column, row in rng.integers((0, 0), (box.width, box.height), (400, 2)):
        around = StrokeRegion(sharp, 38), StrokeRegion(sharp, 42)
        pixel = PixelWindow(box.x + int(column), box.y + int(row), 1, 1)
        if around[0].mask(pixel)[0, 0] == around[1].mask(pixel)[0, 0]:
            centre = QPointF(pixel.x + 0.5, pixel.y + 0.5)
            assert outline.path.contains(centre) == mask[row, column]
    assert middle.fill is None
    line.tools.settings.line = 10
    assert line.shapes("tool")[0].path.boundingRect().width() == pytest.approx(
        outline.path.boundingRect().width() - 20, abs=0.1
    )


def test_it_is_a_chain_of_pixels_where_a_pixel_is_wider_than_the_road(line) -> None:
    line.tools.settings.line = 0.1
    click_all(line, WAY[:2])
    line.key(Qt.Key.Key_Return)
    assert (line.labels() == line.expected(StrokeRegion(WAY[:2], 1), 0)).all()
