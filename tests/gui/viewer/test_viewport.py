from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QNativeGestureEvent, QPainter, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from support.rasters import HEIGHT, WIDTH, coordinate_pixels
from support.viewing import grab_rgb, image_layer, mask_layer, to_rgb, turn_wheel, wait_until_sharp

from landseg_gui.viewer.scale_bar import ScaleBar

FLAT = (90, 140, 60)
ODD_SCALES = (0.21, 0.337, 0.5, 0.61803, 0.9999, 1.0, 1.37, 2.6, 7.77)


@pytest.fixture
def flat(qtbot, layers, viewport, make_raster):
    """Return a viewport with a picture of one colour under a mask of one class."""
    pixels = np.broadcast_to(np.array(FLAT, np.uint8)[:, None, None], (3, HEIGHT, WIDTH))
    layers.set_image(image_layer(make_raster("flat.tif", pixels)))
    return viewport


def inside_raster(viewport, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the pixels of the viewport that show the raster, without its own outer edge."""
    left, top = (math.ceil(value) + 1 for value in viewport.frame.to_device(0, 0))
    right, bottom = (math.floor(value) - 1 for value in viewport.frame.to_device(*size))
    return picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]


@pytest.mark.parametrize("scale", ODD_SCALES)
def test_no_seams_at_any_zoom(qtbot, flat, scale: float) -> None:
    flat.centre_on(733.3, 541.7, scale)
    wait_until_sharp(qtbot, flat)
    seen = inside_raster(flat, grab_rgb(flat), (WIDTH, HEIGHT))
    assert seen.size > 10_000
    assert (seen == FLAT).all()


@pytest.mark.parametrize("scale", ODD_SCALES)
def test_no_seams_under_a_half_transparent_mask(qtbot, layers, flat, make_raster, schema, scale: float) -> None:
    mask = make_raster("mask.tif", np.full((1, HEIGHT, WIDTH), 1, np.uint8))
    layers.add_mask(mask_layer(mask, schema))
    layers.masks[0].opacity = 0.5
    flat.centre_on(733.3, 541.7, scale)
    wait_until_sharp(qtbot, flat)
    seen = inside_raster(flat, grab_rgb(flat), (WIDTH, HEIGHT))
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) == 1
    middle = (np.array(FLAT) + schema.classes[1].rgb) / 2
    assert np.abs(seen[0, 0] - middle).max() <= 1


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2.0])
def test_no_seams_on_a_dense_screen(qtbot, flat, ratio: float) -> None:
    flat.centre_on(733.3, 541.7, 0.71)
    wait_until_sharp(qtbot, flat)
    image = QImage(int(700 * ratio), int(500 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    grab_rgb(flat)  # hides what lies over the picture
    with QPainter(image) as painter:
        flat.viewport().render(painter, QPoint())
    seen = to_rgb(image)[10:-10, 10:-10]
    assert (seen == FLAT).all()


def test_the_picture_has_its_colours_and_its_place(shown, qtbot) -> None:
    shown.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, shown)
    picture = grab_rgb(shown)
    for x, y in ((0, 0), (350, 250), (699, 499)):
        column, row = (math.floor(value) for value in shown.raster_position(QPointF(x, y)))
        assert tuple(picture[y, x]) == (column % 256, row % 256, 60)


def test_pixels_beyond_100_percent_are_sharp_squares(shown, qtbot) -> None:
    shown.centre_on(640, 512, 8.0)
    wait_until_sharp(qtbot, shown)
    picture = grab_rgb(shown)
    for y in range(0, 500, 7):
        for x in range(0, 700, 11):
            column, row = (math.floor(value) for value in shown.raster_position(QPointF(x + 0.5, y + 0.5)))
            assert tuple(picture[y, x]) == (column % 256, row % 256, 60)


def test_a_raster_is_shown_whole_at_first_and_stays_so(qtbot, shown) -> None:
    left, top = shown.frame.to_device(0, 0)
    right, bottom = shown.frame.to_device(1500, 1100)
    assert (left >= 0, top >= 0, right <= 700, bottom <= 500) == (True, True, True, True)
    shown.resize(400, 300)
    qtbot.waitUntil(lambda: shown.frame.width == 400)
    assert shown.scale_factor == pytest.approx(shown.frame.fitted(1500, 1100).scale)
    shown.zoom_to(1.0)
    shown.resize(500, 400)
    qtbot.waitUntil(lambda: shown.frame.width == 500)
    assert shown.scale_factor == 1.0


def test_the_wheel_zooms_at_the_cursor(shown) -> None:
    at = QPointF(420, 180)
    position = shown.raster_position(at)
    before = shown.scale_factor
    for _ in range(6):
        turn_wheel(shown, at, 1)
    assert shown.scale_factor == pytest.approx(8 * before)
    assert math.dist(shown.raster_position(at), position) < 1e-6
    for _ in range(3):
        turn_wheel(shown, at, -1)
    assert math.dist(shown.raster_position(at), position) < 1e-6


def test_the_wheel_ends_at_32_to_1_and_1_to_64(shown) -> None:
    turn_wheel(shown, QPointF(350, 250), 60)
    assert shown.scale_factor == 32
    turn_wheel(shown, QPointF(350, 250), -60)
    assert shown.scale_factor == 1 / 64


@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton])
def test_dragging_pans(shown, button) -> None:
    shown.zoom_to(2.0)
    position = shown.raster_position(QPointF(300, 200))
    surface = shown.viewport()
    QTest.mousePress(surface, button, Qt.KeyboardModifier.NoModifier, QPoint(300, 200))
    assert surface.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    QTest.mouseMove(surface, QPoint(340, 170))
    QTest.mouseRelease(surface, button, Qt.KeyboardModifier.NoModifier, QPoint(340, 170))
    assert shown.raster_position(QPointF(340, 170)) == pytest.approx(position)
    assert surface.cursor().shape() == Qt.CursorShape.OpenHandCursor
    frame = shown.frame
    QTest.mouseMove(surface, QPoint(100, 100))
    assert shown.frame == frame


def test_panning_ends_where_the_middle_reaches_the_edge(shown) -> None:
    shown.zoom_to(1.0)
    shown.pan_by(1e6, -1e6)
    assert shown.raster_position(QPointF(350, 250)) == pytest.approx((0, 1100))


def test_arrow_keys_pan(shown) -> None:
    shown.zoom_to(1.0)
    left = shown.frame.left
    QTest.keyClick(shown, Qt.Key.Key_Right)
    assert shown.frame.left == pytest.approx(left + 0.15 * 700)
    QTest.keyClick(shown, Qt.Key.Key_Left)
    assert shown.frame.left == pytest.approx(left)


def test_pinching_zooms(shown) -> None:
    before = shown.scale_factor
    gesture = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        QPointF(100, 100),
        QPointF(100, 100),
        QPointF(100, 100),
        0.5,
        QPointF(),
    )
    QApplication.sendEvent(shown.viewport(), gesture)
    assert shown.scale_factor == pytest.approx(1.5 * before)


def test_the_cursor_tells_its_place(qtbot, shown) -> None:
    with qtbot.waitSignal(shown.hovered) as heard:
        QTest.mouseMove(shown.viewport(), QPoint(123, 45))
    assert heard.args == pytest.approx(list(shown.raster_position(QPointF(123, 45))))
    with qtbot.waitSignal(shown.left):
        QApplication.sendEvent(shown.viewport(), QEvent(QEvent.Type.Leave))


def test_the_view_window_is_what_is_in_sight(shown, viewport) -> None:
    shown.centre_on(750, 550, 1.0)
    seen = shown.view_window()
    assert (seen.x, seen.y, seen.width, seen.height) == (400, 300, 700, 500)
    shown.fit()
    assert shown.view_window() == shown.frame.visible(1500, 1100)


def test_an_empty_viewport_takes_everything_calmly(viewport) -> None:
    assert viewport.view_window() is None
    viewport.fit()
    viewport.zoom_by(2)
    viewport.pan_by(5, 5)
    turn_wheel(viewport, QPointF(10, 10), 1)
    QTest.mouseMove(viewport.viewport(), QPoint(20, 20))
    assert viewport.scale_factor == 1.0


def test_the_scale_bar_measures_true_metres(shown) -> None:
    bar = shown.findChild(ScaleBar)
    shown.zoom_to(1.0)
    assert bar.unit == "m"
    # Half-metre pixels of UTM: within its scale error of 0.04 %.
    assert bar.length / bar.bar_width == pytest.approx(0.5, rel=1e-3)


def test_a_raster_without_crs_is_measured_in_pixels(layers, viewport, make_raster) -> None:
    layers.set_image(image_layer(make_raster("nowhere.tif", coordinate_pixels(300, 200), crs=None)))
    assert viewport.findChild(ScaleBar).unit == "px"
