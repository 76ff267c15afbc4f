from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPaintEvent
from support.viewing import grab_rgb, image_layer, mask_layer, wait_until_sharp

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion, StrokeRegion
from landseg_gui.viewer.viewport import Viewport

GROUND = (90, 140, 60)
WIDTH, HEIGHT = 1501, 1101  # odd at every level
ODD_SCALES = (0.26, 0.337, 0.5, 0.61803, 1.37, 2.6, 7.77)
EXACT_SCALES = (1.0, 2.0, 5.0)


class Shelf:
    """Stands for the project file: tiles of level 0 and above, by key."""

    def __init__(self) -> None:
        self.tiles: dict[TileKey, np.ndarray] = {}

    def load(self, key: TileKey) -> np.ndarray | None:
        return self.tiles.get(key)


@pytest.fixture
def raster() -> LabelRaster:
    return LabelRaster(WIDTH, HEIGHT)


@pytest.fixture
def view(qtbot, layers, viewport, make_raster, raster, schema) -> Viewport:
    """Return a viewport on a picture of one colour with opaque labels over it, at 1:1 in the middle."""
    pixels = np.broadcast_to(np.array(GROUND, np.uint8)[:, None, None], (3, HEIGHT, WIDTH))
    layers.set_image(image_layer(make_raster("flat.tif", pixels)))
    show(layers, raster, schema)
    viewport.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, viewport)
    return viewport


def show(layers, raster: LabelRaster, schema: ClassSchema) -> None:
    layers.set_labels(raster, schema)
    layers.labels.opacity = 1.0


def paint(raster: LabelRaster, region, value: int):
    edit = raster.begin()
    edit.paint(region, value)
    return edit.finish()


def place_of(view: Viewport, x: int, y: int) -> tuple[float, float]:
    return view.frame.to_raster(x + 0.5, y + 0.5)


def colours_of(schema: ClassSchema) -> np.ndarray:
    """Return the (256, 3) colours that labels show over the ground when they are opaque."""
    table = np.full((256, 3), GROUND, np.uint8)
    for item in schema.classes:
        table[item.value] = item.rgb
    return table


def differences(view: Viewport, raster: LabelRaster, schema: ClassSchema, *, margin: int) -> int:
    """Return how many pixels of the raster in the viewport differ from the labels of the level drawn.

    Those closer than `margin` px of the level to another value are not looked at.
    """
    frame, level = view.frame, raster.pyramid.level_for_scale(view.frame.scale)
    width, height = raster.pyramid.level_size(level)
    values = raster.read(PixelWindow(0, 0, width, height), level)
    columns = np.floor((frame.left + (np.arange(frame.width) + 0.5) / frame.scale) / (1 << level)).astype(int)
    rows = np.floor((frame.top + (np.arange(frame.height) + 0.5) / frame.scale) / (1 << level)).astype(int)
    x_in = np.flatnonzero((columns >= margin) & (columns < width - margin - 1))
    y_in = np.flatnonzero((rows >= margin) & (rows < height - margin - 1))
    seen = grab_rgb(view)[np.ix_(y_in, x_in)]
    expected = values[np.ix_(rows[y_in], columns[x_in])]
    sure = np.ones(expected.shape, bool)
    for dy in range(-margin, margin + 1):
        for dx in range(-margin, margin + 1):
            sure &= values[np.ix_(rows[y_in] + dy, columns[x_in] + dx)] == expected
    assert sure.mean() > 0.5
    return int(((seen != colours_of(schema)[expected]).any(axis=-1) & sure).sum())


def random_stroke(rng: np.random.Generator, view: Viewport) -> StrokeRegion:
    positions = [place_of(view, int(rng.integers(-50, 750)), int(rng.integers(-50, 550))) for _ in range(3)]
    return StrokeRegion(positions, float(rng.choice([1, 9, 60, 300])) / min(1.0, view.frame.scale))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_seen_is_what_is_painted(qtbot, view, raster, schema, seed: int) -> None:
    rng = np.random.default_rng(seed)
    done = []
    for _ in range(8):
        exact = rng.random() < 0.5
        margin = 0 if exact else 2  # half a pixel of the screen is up to a pixel of the level
        scale = float(rng.choice(EXACT_SCALES if exact else ODD_SCALES))
        centre = rng.integers((0, 0), (WIDTH, HEIGHT))
        view.centre_on(*(float(value) for value in centre), scale)
        if exact:  # the corner lies on a whole pixel, so that there is no doubt which one is nearest
            view.centre_on(350 / scale + int(centre[0]), 250 / scale + int(centre[1]), scale)
        wait_until_sharp(qtbot, view)
        edit = raster.begin()
        for _ in range(3):
            edit.paint(random_stroke(rng, view), int(rng.choice([0, 1, 2, 3, 4, UNLABELLED])))
            # Nothing is waited for: the picture is right when the painting returns.
            assert differences(view, raster, schema, margin=margin) == 0
        if rng.random() < 0.3:
            edit.revert()
        elif (finished := edit.finish()) is not None:
            done.append(finished)
        if done and rng.random() < 0.3:
            raster.apply(done.pop().delta.inverted())
        assert differences(view, raster, schema, margin=margin) == 0


def test_a_tile_read_before_a_stroke_does_not_hide_it(qtbot, layers, view, schema, monkeypatch) -> None:
    raster = LabelRaster(WIDTH, HEIGHT)
    original, window_thread = raster.tile, threading.current_thread()
    reading, go_on = threading.Semaphore(0), threading.Event()

    def slow_tile(key: TileKey) -> np.ndarray:
        tile = original(key)
        if threading.current_thread() is not window_thread:
            reading.release()
            assert go_on.wait(20)
        return tile

    monkeypatch.setattr(raster, "tile", slow_tile)
    show(layers, raster, schema)
    qtbot.waitUntil(lambda: reading.acquire(blocking=False))
    paint(raster, RectangleRegion((300, 200), (1200, 900)), 1)
    assert differences(view, raster, schema, margin=0) == 0
    go_on.set()
    wait_until_sharp(qtbot, view)
    assert differences(view, raster, schema, margin=0) == 0


def test_a_coarse_picture_that_was_kept_follows_the_strokes(qtbot, view, raster, schema) -> None:
    view.fit()
    wait_until_sharp(qtbot, view)
    view.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, view)
    paint(raster, RectangleRegion((300, 200), (1200, 900)), 1)
    view.fit()
    assert differences(view, raster, schema, margin=1) == 0  # without waiting for a thread


def test_erasing_everything_shows_the_picture_again(view, raster, schema) -> None:
    everything = RectangleRegion((0, 0), (WIDTH, HEIGHT))
    paint(raster, everything, 2)
    assert (grab_rgb(view) == schema.classes[2].rgb).all()
    paint(raster, everything, UNLABELLED)
    assert (grab_rgb(view) == GROUND).all()


class PaintWatch(QObject):
    """Notes the regions of a viewport that are painted anew."""

    def __init__(self, view: Viewport) -> None:
        super().__init__()
        self.areas: list[int] = []
        view.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.areas.append(sum(rect.width() * rect.height() for rect in event.region()))
        return False


def test_a_dab_repaints_its_tile_only(qtbot, view, raster) -> None:
    watch = PaintWatch(view)
    paint(raster, StrokeRegion([(700, 700)], 20), 1)
    qtbot.waitUntil(lambda: bool(watch.areas))
    assert sum(watch.areas) <= 520 * 520
    watch.areas.clear()
    paint(raster, StrokeRegion([(1450, 1050)], 20), 1)  # out of sight
    view.viewport().update(0, 0, 1, 1)
    qtbot.waitUntil(lambda: bool(watch.areas))
    assert sum(watch.areas) == 1


def test_another_thread_may_change_the_labels(qtbot, layers, view, schema) -> None:
    shelf = Shelf()
    raster = LabelRaster(WIDTH, HEIGHT, shelf)
    show(layers, raster, schema)
    wait_until_sharp(qtbot, view)
    heard: list[threading.Thread] = []
    layers.labels.painted.connect(lambda _changes: heard.append(threading.current_thread()))
    layers.labels.reread.connect(lambda: heard.append(threading.current_thread()))

    def change_all() -> None:
        full = np.full((512, 512), 3, np.uint8)
        shelf.tiles = dict.fromkeys(raster.pyramid.tiles_in(0, PixelWindow(0, 0, WIDTH, HEIGHT)), full)
        raster.reload()

    run_aside(change_all)
    qtbot.waitUntil(lambda: bool((grab_rgb(view) == schema.classes[3].rgb).all()))
    run_aside(lambda: paint(raster, RectangleRegion((300, 200), (900, 700)), 1))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard == [threading.current_thread()] * 2
    assert differences(view, raster, schema, margin=0) == 0


def run_aside(work) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_labels_that_are_read_again_stay_in_sight_meanwhile(qtbot, layers, view, schema) -> None:
    shelf = Shelf()
    raster = LabelRaster(WIDTH, HEIGHT, shelf)
    keys = raster.pyramid.tiles_in(0, PixelWindow(0, 0, WIDTH, HEIGHT))
    shelf.tiles = {key: np.full((512, 512), 3, np.uint8) for key in keys}
    show(layers, raster, schema)
    qtbot.waitUntil(lambda: bool((grab_rgb(view) == schema.classes[3].rgb).all()))
    raster.reload()
    assert (grab_rgb(view) == schema.classes[3].rgb).all()


def test_classes_are_recoloured_without_reading(layers, view, raster, schema, monkeypatch) -> None:
    paint(raster, RectangleRegion((0, 0), (WIDTH, HEIGHT)), 1)
    monkeypatch.setattr(raster, "tile", lambda _key: pytest.fail("a tile was read"))
    labels = layers.labels
    labels.set_class_visible(1, visible=False)
    assert (grab_rgb(view) == GROUND).all()
    labels.set_class_visible(1, visible=True)
    red = LandClass(value=1, name="building", colour="#ff0000")
    layers.set_labels(raster, ClassSchema(classes=(schema.classes[0], red)))
    assert layers.labels is labels
    assert (grab_rgb(view) == (255, 0, 0)).all()
    labels.set_solo(0)
    assert (grab_rgb(view) == GROUND).all()


def test_the_eyes_of_classes_that_stay_are_kept(layers, view, raster, schema) -> None:
    layers.labels.set_class_visible(1, visible=False)
    layers.labels.set_class_visible(4, visible=False)
    layers.labels.set_solo(4)
    layers.labels.set_schema(ClassSchema(classes=schema.classes[:3]))
    assert (layers.labels.solo, layers.labels.is_class_visible(1)) == (None, False)
    layers.labels.set_schema(schema)
    assert layers.labels.is_class_visible(4)


def test_the_class_under_the_cursor_is_that_of_the_labels(qtbot, layers, view, raster, schema, make_raster) -> None:
    water = make_raster("water.tif", np.full((1, HEIGHT, WIDTH), 3, np.uint8))
    layers.add_mask(mask_layer(water, schema))
    wait_until_sharp(qtbot, view)
    paint(raster, RectangleRegion((700, 500), (800, 600)), 1)
    assert view.canvas.class_at(750, 550) == "building"
    assert view.canvas.class_at(650, 550) == "water"  # there are no labels, so that the mask is seen
    layers.labels.visible = False
    assert view.canvas.class_at(750, 550) == "water"


def test_labels_lie_above_all_masks_and_go_with_the_picture(layers, view, raster, schema, make_raster) -> None:
    water = make_raster("water.tif", np.full((1, HEIGHT, WIDTH), 3, np.uint8))
    layers.add_mask(mask_layer(water, schema))
    assert layers.drawn() == [layers.image, layers.masks[0], layers.labels]
    assert layers.labels.name == "Labels"
    layers.overlays_hidden = True
    assert layers.drawn() == [layers.image]
    layers.set_image(layers.image)
    assert layers.labels is None
    paint(raster, RectangleRegion((0, 0), (WIDTH, HEIGHT)), 1)
    assert view.canvas.class_at(750, 550) == ""


def test_a_layer_that_is_gone_hears_no_more(qtbot, layers, view, raster, schema) -> None:
    gone = layers.labels
    layers.set_labels(LabelRaster(WIDTH, HEIGHT), schema)
    with qtbot.assertNotEmitted(gone.painted):
        paint(raster, RectangleRegion((0, 0), (50, 50)), 1)
    layers.set_labels(None)
    assert layers.labels is None


@pytest.fixture(autouse=True)
def _no_thread_is_left(viewport) -> Iterator[None]:
    """Wait for the threads of layers that were taken away."""
    yield
    viewport.canvas.close()
    for thread in threading.enumerate():
        if thread.name == "tiles-end":
            thread.join()
