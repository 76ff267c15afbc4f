"""Fill, fill holes and the magic wand."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication
from support.rasters import HEIGHT, WIDTH
from support.viewing import grab_rgb, image_layer, wait_until_sharp

from landseg_core.errors import ProjectError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.edit import LabelEdit
from landseg_core.labels.filling import similar_region
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import MaskRegion, RectangleRegion
from landseg_gui.tools.fill_extent import MAX_FILL_PIXELS, FillExtent, spread_limit

RIGHT = Qt.MouseButton.RightButton
RING, HOLE = RectangleRegion((600, 400), (800, 600)), RectangleRegion((650, 450), (700, 500))
FURTHER = RectangleRegion((850, 400), (900, 450))


@pytest.fixture
def with_ring(at_work):
    """Return what takes a tool in hand over a ring of class 3 with a hole, and a block of class 3 apart from it."""

    def select(name: str):
        sitting = at_work(name)
        for region, value in ((RING, 3), (HOLE, 255), (FURTHER, 3)):
            sitting.paint(region, value)
        return sitting

    return select


# --- fill


def test_fill_paints_the_region_under_the_cursor(with_ring) -> None:
    sitting = with_ring("fill")
    before = sitting.labels()
    sitting.context.active_value = 1
    sitting.mouse.click((610, 410))
    expected = before.copy()
    expected[400:600, 600:800][before[400:600, 600:800] == 3] = 1
    assert (sitting.labels() == expected).all()
    assert sitting.steps == [f"Fill: {sitting.context.schema.names[1]}"]


def test_fill_paints_the_hole_under_the_cursor(with_ring) -> None:
    sitting = with_ring("fill")
    before = sitting.labels()
    sitting.mouse.click((660, 460))
    assert (sitting.labels() == sitting.expected(HOLE, 0, before)).all()


def test_fill_with_the_right_button_erases_a_region(with_ring) -> None:
    sitting = with_ring("fill")
    sitting.mouse.click((610, 410), RIGHT)
    assert (sitting.labels() == sitting.expected(FURTHER, 3)).all()
    assert sitting.steps == ["Fill: erase"]


def test_fill_does_nothing_beyond_the_image_or_where_painting_is_not_allowed(with_ring) -> None:
    sitting = with_ring("fill")
    before = sitting.labels()
    sitting.viewport.centre_on(0, 0, 1.0)
    sitting.mouse.click((-10, -10))
    sitting.context.project.read_only = True
    sitting.mouse.click((10, 10))
    assert (sitting.labels() == before).all()
    assert sitting.context.refusals == 1


def test_fill_says_where_it_had_to_end(with_ring, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.tools.fill_extent.MAX_FILL_PIXELS", 300 * 300)
    sitting = with_ring("fill")
    sitting.mouse.click((660, 460))
    assert sitting.said == []
    sitting.mouse.click((1000, 700))
    assert sitting.said == ["Fill is limited to the area near the view: click beyond its edge to continue."]
    assert (sitting.labels()[550:850, 850:1150] == 0).all()
    assert sitting.labels()[700, 1151] == 255


def test_a_fill_that_fails_halfway_changes_nothing(with_ring, monkeypatch) -> None:
    def broken(edit, *_args) -> None:
        paint(edit, HOLE, 5)
        raise ProjectError("tile 3 is damaged")

    sitting = with_ring("fill")
    before, paint = sitting.labels(), LabelEdit.paint
    monkeypatch.setattr(LabelEdit, "paint", broken)
    sitting.mouse.click((610, 410))
    assert sitting.problems == ["Tile 3 is damaged."]
    assert (sitting.labels() == before).all()
    monkeypatch.setattr(LabelEdit, "paint", paint)
    sitting.mouse.click((610, 410))
    assert len(sitting.steps) == 1


# --- fill holes


def test_fill_holes_gives_the_hole_the_class_around_it(with_ring) -> None:
    sitting = with_ring("fill_holes")
    sitting.context.active_value = 1
    sitting.mouse.click((610, 410))
    assert (sitting.labels() == sitting.expected(RING, 3, sitting.expected(FURTHER, 3))).all()
    assert sitting.steps == [f"Fill Holes: {sitting.context.schema.names[3]}"]


def test_fill_holes_says_what_it_needs(with_ring) -> None:
    sitting = with_ring("fill_holes")
    before = sitting.labels()
    sitting.mouse.click((660, 460))
    sitting.mouse.click((860, 410))
    assert sitting.said == [
        "Click on a labelled region to fill its holes.",
        "There are no holes to fill here.",
    ]
    assert (sitting.labels() == before).all()
    assert sitting.steps == []


# --- how far they reach


def test_a_small_image_is_reached_as_a_whole() -> None:
    whole = PixelWindow(0, 0, 4000, 4000)
    assert spread_limit(whole, PixelWindow(10, 10, 50, 50), (20, 20)) == whole


def test_in_a_large_image_the_view_and_its_surroundings_are_reached() -> None:
    whole = PixelWindow(0, 0, 80_000, 80_000)
    assert spread_limit(whole, PixelWindow(5000, 100, 700, 500), (5100, 300)) == PixelWindow(4300, 0, 2100, 1100)


def test_zoomed_out_a_square_around_the_click_is_reached() -> None:
    whole = PixelWindow(0, 0, 80_000, 80_000)
    limit = spread_limit(whole, whole, (40_000, 30_000))
    assert limit.pixels <= MAX_FILL_PIXELS
    assert abs(limit.x + limit.width // 2 - 40_000) <= 1


@pytest.mark.parametrize(("edge", "cut"), [("left", False), ("right", True), ("top", True), ("bottom", False)])
def test_only_an_edge_inside_the_image_cuts_a_region(edge: str, cut: bool) -> None:
    whole, limit = PixelWindow(0, 0, 100, 100), PixelWindow(0, 20, 50, 80)  # at the left and lower edge of the image
    pixels = np.zeros((80, 50), bool)
    pixels[{"left": np.s_[5, 0], "right": np.s_[5, -1], "top": np.s_[0, 5], "bottom": np.s_[-1, 5]}[edge]] = True
    assert FillExtent(LabelRaster(100, 100), (1, 30), limit, whole).cuts(MaskRegion(limit, pixels)) == cut


# --- the wand


@pytest.fixture
def wand(at_work, qtbot):
    """Return somebody with the wand, whose picture rises by 1 a column and a row, from 0 to 255 and again."""
    sitting = at_work("wand")
    wait_until_sharp(qtbot, sitting.viewport)
    sitting.tools.settings.tolerance = 20
    return sitting


def wanted(sitting, seed: tuple[int, int], tolerance: int) -> np.ndarray:
    """Return what the wand should paint, (H, W) bool of the whole image, found by the pixels of the picture itself."""
    seen = sitting.viewport.view_window()
    pixels = sitting.viewport.image.source.read(seen, (1, 2, 3))
    found = similar_region(
        np.ascontiguousarray(pixels.transpose(1, 2, 0)), (seed[0] - seen.x, seed[1] - seen.y), tolerance
    )
    mask = np.zeros(sitting.labels().shape, bool)
    mask[seen.slices()] = found
    return mask


def test_a_click_paints_what_is_similar(wand) -> None:
    wand.mouse.click((700.5, 600.5))
    found = wanted(wand, (700, 600), 20)
    assert 1000 < found.sum() < 3000
    assert ((wand.labels() == 0) == found).all()
    assert wand.steps == [f"Magic Wand: {wand.context.schema.names[0]}"]


@pytest.mark.parametrize(("drag", "tolerance"), [((34, 0), 35), ((0, -24), 30), ((-24, 0), 10), ((3, 0), 20)])
def test_dragging_changes_the_tolerance(wand, drag, tolerance: int) -> None:
    position = (700.5, 600.5)
    wand.mouse.drag(position, (position[0] + drag[0] / 2, position[1]), (position[0] + drag[0], position[1] + drag[1]))
    assert wand.tools.settings.tolerance == tolerance
    assert ((wand.labels() == 0) == wanted(wand, (700, 600), tolerance)).all()


def test_the_preview_shows_what_would_be_painted(wand, qtbot) -> None:
    plain = grab_rgb(wand.viewport)

    def tinted() -> np.ndarray:
        mask = np.zeros(wand.labels().shape, bool)
        mask[wand.viewport.view_window().slices()] = (grab_rgb(wand.viewport) != plain).any(-1)
        return mask

    wand.mouse.press((700.5, 600.5))
    assert (tinted() == wanted(wand, (700, 600), 20)).all()
    wand.mouse.move((740.5, 600.5))
    qtbot.waitUntil(lambda: (tinted() == wanted(wand, (700, 600), 38)).all())
    assert (wand.labels() == 255).all()
    wand.key(Qt.Key.Key_Escape)
    wand.mouse.release((740.5, 600.5))
    assert not tinted().any()
    assert (wand.labels() == 255).all()


def test_losing_the_keyboard_takes_the_wand_back(wand) -> None:
    wand.mouse.press((700.5, 600.5))
    QApplication.sendEvent(wand.viewport, QFocusEvent(QEvent.Type.FocusOut))
    wand.mouse.release((700.5, 600.5))
    assert (wand.labels() == 255).all()


def test_the_wand_erases_with_the_right_button(wand) -> None:
    wand.paint(RectangleRegion((400, 300), (1100, 800)), 2)
    wand.mouse.click((700.5, 600.5), RIGHT)
    assert ((wand.labels()[300:800, 400:1100] == 255) == wanted(wand, (700, 600), 20)[300:800, 400:1100]).all()


@pytest.mark.parametrize(("scale", "side"), [(0.5, 2), (0.25, 4), (0.13, 4)])
def test_zoomed_out_the_wand_works_on_what_is_seen(wand, qtbot, make_raster, layers, scale, side) -> None:
    pixels = np.full((3, HEIGHT, WIDTH), 200, np.uint8)
    pixels[:, 400:720, 640:960] = 60
    layers.set_image(image_layer(make_raster("block.tif", pixels)))
    wand.viewport.centre_on(750, 550, scale)
    wait_until_sharp(qtbot, wand.viewport)
    wand.mouse.click((800, 560))
    labels = wand.labels()
    assert (labels[400 + side : 720 - side, 640 + side : 960 - side] == 0).all()
    labels[400 - side : 720 + side, 640 - side : 960 + side] = 255
    assert (labels == 255).all()


def test_the_wand_stays_within_the_view(wand, qtbot, make_raster, layers) -> None:
    flat = np.full((3, HEIGHT, WIDTH), 90, np.uint8)
    layers.set_image(image_layer(make_raster("flat.tif", flat)))
    wand.viewport.centre_on(750, 550, 2.0)
    wait_until_sharp(qtbot, wand.viewport)
    wand.mouse.click((750, 550))
    seen = wand.viewport.view_window()
    assert (wand.labels()[seen.slices()] == 0).all()
    assert (wand.labels() == 0).sum() == seen.pixels


def test_the_wand_needs_a_place_on_the_image(wand) -> None:
    wand.viewport.centre_on(0, 0, 1.0)
    wand.mouse.click((-20, -20))
    wand.context.project.read_only = True
    wand.mouse.click((20, 20))
    assert (wand.labels() == 255).all()
    assert wand.context.refusals == 1
