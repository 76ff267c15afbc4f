from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QRegion
from support.viewing import grab_rgb, image_layer, to_rgb, wait_until_sharp

from landseg_gui.viewer.overlay import Shape, halo_colour
from landseg_gui.viewer.viewport import Viewport

WHITE, BLACK, ORANGE = QColor("#ffffff"), QColor("#000000"), QColor("#d55e00")


def upright(column: float) -> QPainterPath:
    """Return a line down the whole picture."""
    path = QPainterPath(QPointF(column, 0))
    path.lineTo(column, 1100)
    return path


def ring(column: float, row: float, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(column, row), radius, radius)
    return path


def changed(view: Viewport, act) -> np.ndarray:
    """Return where (H, W) the viewport looks different after `act`."""
    before = grab_rgb(view)
    act()
    return (grab_rgb(view) != before).any(axis=-1)


@pytest.fixture
def view(shown: Viewport) -> Viewport:
    shown.centre_on(750, 550, 1.0)
    return shown


@pytest.mark.parametrize("scale", [1 / 64, 0.3, 1.0, 5.0, 32.0])
def test_a_line_is_as_wide_at_every_zoom(qtbot, view, scale: float) -> None:
    view.centre_on(750, 550, scale)
    wait_until_sharp(qtbot, view)
    touched = changed(view, lambda: view.overlay.show("tool", [Shape(upright(750), WHITE)]))
    row = touched[250]
    assert 4 <= row.sum() <= 6  # 1.5 px of line, 1 px of halo on each side, and what smoothing adds
    assert abs(np.flatnonzero(row).mean() + 0.5 - 350) <= 1


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_line_is_as_wide_on_every_screen(qtbot, view, ratio: float) -> None:
    view.overlay.show("tool", [Shape(upright(750), WHITE, width=10)])
    image = QImage(int(700 * ratio), int(500 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    with QPainter(image) as painter:
        view.viewport().render(painter, QPoint())
    assert (to_rgb(image)[int(200 * ratio)] == 255).all(axis=-1).sum() == pytest.approx(10 * ratio, abs=1)


@pytest.mark.parametrize("line", [WHITE, BLACK, ORANGE])
@pytest.mark.parametrize("ground", [0, 128, 255])
def test_a_line_is_seen_on_any_ground(qtbot, layers, viewport, make_raster, line, ground: int) -> None:
    layers.set_image(image_layer(make_raster("ground.tif", np.full((3, 400, 600), ground, np.uint8))))
    viewport.centre_on(300, 200, 1.0)
    wait_until_sharp(qtbot, viewport)
    viewport.overlay.show("tool", [Shape(upright(300), line)])
    assert np.abs(grab_rgb(viewport)[250].astype(int) - ground).max() > 60


def test_the_halo_is_the_opposite_of_the_line() -> None:
    assert halo_colour(WHITE).lightness() < 50
    assert halo_colour(BLACK).lightness() > 200


def test_an_inside_is_filled_and_a_dashed_line_has_gaps(view) -> None:
    square = QPainterPath()
    square.addRect(QRectF(700, 500, 100, 100))
    fill = QColor(255, 0, 0)
    view.overlay.show("areas", [Shape(square, fill=fill)])
    picture = grab_rgb(view)
    assert (picture[205:295, 305:395] == (255, 0, 0)).all()
    assert picture[195, 295, 2] == 60  # the picture beside it
    view.overlay.show("areas", [Shape(upright(750), BLACK, dashed=True, width=4)])
    along = (grab_rgb(view)[50:450, 350] == 0).all(axis=-1)
    assert 0.3 < along.mean() < 0.7
    assert sum(one != other for one, other in itertools.pairwise(along)) > 10


def test_groups_come_and_go_by_name(view) -> None:
    def shown(act) -> bool:
        return bool(changed(view, act).any())

    assert shown(lambda: view.overlay.show("tool", [Shape(upright(700), WHITE)]))
    assert shown(lambda: view.overlay.show("tool", [Shape(upright(600), WHITE)]))
    assert shown(lambda: view.overlay.set_visible("tool", False))  # noqa: FBT003
    assert not shown(lambda: view.overlay.show("tool", [Shape(upright(650), WHITE)]))
    assert not shown(lambda: view.overlay.clear("tool"))
    assert not shown(lambda: view.overlay.show("tool", [Shape(upright(650), WHITE)]))
    assert shown(lambda: view.overlay.set_visible("tool", True))  # noqa: FBT003
    assert shown(lambda: view.overlay.clear("tool"))
    assert not shown(lambda: view.overlay.clear("never shown"))
    assert len(view.scene().items()) == view.canvas.item_count + 1


def test_the_cursor_lies_above_tool_and_areas(view) -> None:
    for name, colour in (("cursor", WHITE), ("tool", BLACK), ("areas", ORANGE)):
        view.overlay.show(name, [Shape(upright(750), colour, width=20)])
    assert tuple(grab_rgb(view)[250, 350]) == (255, 255, 255)
    view.overlay.clear("cursor")
    assert tuple(grab_rgb(view)[250, 350]) == (0, 0, 0)


class PaintWatch(QObject):
    """Gathers what of a viewport is painted anew."""

    def __init__(self, view: Viewport) -> None:
        super().__init__()
        self.region = QRegion()
        view.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.region |= event.region()
        return False


@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
def test_what_a_ring_has_covered_is_painted_anew_and_no_more(qtbot, view, scale: float) -> None:
    view.centre_on(750, 550, scale)
    view.overlay.show("cursor", [Shape(ring(750, 550, 30 / scale), WHITE)])
    qtbot.waitUntil(lambda: view.canvas.is_sharp)  # tiles that come are painted as well
    qtbot.wait(20)
    watch = PaintWatch(view)
    view.overlay.show("cursor", [Shape(ring(750 + 100 / scale, 550, 30 / scale), WHITE)])
    qtbot.waitUntil(lambda: not watch.region.isEmpty())
    for x in (350, 450):
        assert watch.region.contains(QRect(x - 32, 250 - 32, 64, 64))
    assert not watch.region.intersects(QRect(350 - 40, 0, 200, 250 - 40))
