from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from PySide6.QtWidgets import QGraphicsPixmapItem
from support.rasters import HEIGHT, WIDTH, coordinate_pixels
from support.viewing import grab_rgb, image_layer, mask_layer, wait_until_sharp

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering, identity_stretch
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.layer import ImageLayer, MaskLayer
from landseg_gui.viewer.tiles.choice import tiles_around, tiles_in_sight, visible_tiles

LEVEL_COLOURS = {level: (20 * level + 10, 200 - 20 * level, 30) for level in range(9)}


class PaintedReader:
    """Stands for the pyramid of a raster of any size: each level has a colour, and reads are counted."""

    needs_pyramid = has_quicklook = False
    placement = None

    def __init__(self, width: int, height: int, bands: int = 3) -> None:
        self.grid = grid = RasterGrid(width, height, Affine.identity(), None)
        self.source = SimpleNamespace(path=Path(f"painted-{bands}.tif"), grid=grid)
        self.pyramid = TilePyramid(width, height)
        self.read: list[TileKey] = []
        self.threads: set[threading.Thread] = set()
        self.sharpest = threading.Event()  # level 0 waits for it
        self.sharpest.set()
        self.broken: set[int] = set()
        self.bands = bands

    def read_tile(self, key: TileKey, bands: object = None) -> tuple[np.ndarray, np.ndarray]:
        if key.level == 0:
            assert self.sharpest.wait(20)
        self.read.append(key)
        self.threads.add(threading.current_thread())
        if key.level in self.broken:
            raise RasterError(f"tile {key} is broken")
        window = self.pyramid.tile_window(key)
        colour = np.array(LEVEL_COLOURS[key.level][: self.bands], np.uint8)
        pixels = np.broadcast_to(colour[:, None, None], (self.bands, window.height, window.width))
        return pixels.copy(), np.ones(pixels.shape[1:], bool)

    def close(self) -> None:
        self.sharpest.set()


@pytest.fixture
def huge(qtbot, layers, viewport):
    """Return a viewport on a painted raster of 43520 x 33280 px."""
    reader = PaintedReader(43_520, 33_280)
    layers.set_image(ImageLayer(reader, Rendering((1, 2, 3), identity_stretch(3))))
    yield viewport
    reader.sharpest.set()


def test_there_are_items_only_near_the_view(qtbot, huge, layers) -> None:
    counts = []
    for scale in (1 / 64, 0.03, 0.26, 0.51, 1.0, 3.0, 32.0):
        huge.centre_on(20_000, 15_000, scale)
        counts.append(huge.canvas.item_count)
        for _ in range(5):
            huge.pan_by(-300, -200)
            counts.append(huge.canvas.item_count)
    # 700 x 500 px show at most 4 x 3 tiles that are drawn at 256 px or more; nothing else is in the scene.
    assert min(counts) >= 1
    assert max(counts) <= 12
    wait_until_sharp(qtbot, huge)
    assert len(huge.scene().items()) <= 12 + 1


def test_only_loading_threads_read(qtbot, huge, layers) -> None:
    huge.centre_on(20_000, 15_000, 0.7)
    wait_until_sharp(qtbot, huge)
    reader = layers.image.reader
    assert reader.threads
    assert threading.current_thread() not in reader.threads


def test_a_coarser_level_shows_until_the_sharper_comes(qtbot, huge, layers) -> None:
    wait_until_sharp(qtbot, huge)
    reader = layers.image.reader
    coarse = huge.frame.scale
    level = reader.pyramid.level_for_scale(coarse)
    reader.sharpest.clear()
    huge.centre_on(20_000, 15_000, 1.0)
    assert not huge.canvas.is_sharp
    picture = grab_rgb(huge)
    assert (picture == LEVEL_COLOURS[level]).all() or (picture == LEVEL_COLOURS[7]).all()
    reader.sharpest.set()
    wait_until_sharp(qtbot, huge)
    assert (grab_rgb(huge) == LEVEL_COLOURS[0]).all()


def test_the_sharp_picture_stays_while_it_is_read_anew(qtbot, huge, layers) -> None:
    huge.centre_on(20_000, 15_000, 1.0)
    wait_until_sharp(qtbot, huge)
    reader = layers.image.reader
    reader.sharpest.clear()
    with qtbot.waitSignal(huge.canvas._arrived, check_params_cb=lambda _feed, key: key.level == 7):
        layers.image.reread.emit()
    assert (grab_rgb(huge) == LEVEL_COLOURS[0]).all()
    reader.sharpest.set()


def test_no_tile_is_read_twice(qtbot, huge, layers) -> None:
    for scale in (0.05, 0.2, 0.6, 0.2, 0.05):
        huge.centre_on(20_000, 15_000, scale)
        wait_until_sharp(qtbot, huge)
    read = layers.image.reader.read
    assert len(read) == len(set(read))


def test_it_says_so_while_there_is_nothing_to_show(qtbot, layers, viewport) -> None:
    reader = PaintedReader(400, 300)
    reader.sharpest.clear()
    layers.set_image(ImageLayer(reader, Rendering((1, 2, 3), identity_stretch(3))))
    hint = viewport.findChild(object, "viewport_waiting")
    assert hint.isVisible()
    reader.sharpest.set()
    wait_until_sharp(qtbot, viewport)
    qtbot.waitUntil(lambda: not hint.isVisible())


def test_a_tile_that_cannot_be_read_is_told(qtbot, layers, viewport) -> None:
    reader = PaintedReader(400, 300)
    reader.broken = {0}
    with qtbot.waitSignal(viewport.canvas.failed) as heard:
        layers.set_image(ImageLayer(reader, Rendering((1, 2, 3), identity_stretch(3))))
    assert "is broken" in heard.args[0]


def test_another_contrast_needs_no_reading(qtbot, shown, layers) -> None:
    shown.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, shown)
    layers.image.reread.emit()  # or a tile may be here from a view before, without its pixels
    supply, loader = shown.canvas._supply, shown.canvas._feeds[layers.image].loader
    qtbot.waitUntil(lambda: not supply.threads._waiting and not loader.busy)  # tiles around those in sight come later
    reads = []
    reader = layers.image.reader
    original = reader.read_tile
    reader.read_tile = lambda *arguments: reads.append(arguments) or original(*arguments)
    stretch = identity_stretch(3)
    layers.image.set_rendering(Rendering((1, 2, 3), type(stretch)(stretch.low, (255.0, 255.0, 120.0))))
    qtbot.waitUntil(lambda: grab_rgb(shown)[250, 350, 2] == 127, timeout=10_000)
    assert not reads
    layers.image.set_rendering(Rendering((3, 2, 1), stretch))
    qtbot.waitUntil(lambda: grab_rgb(shown)[250, 350, 0] == 60, timeout=10_000)
    assert reads


@pytest.fixture
def masked(qtbot, shown, layers, own_map, schema):
    """Return a viewport on the picture with an opaque mask over it, and the mask, whose reads are listed."""
    mask = mask_layer(own_map, schema)
    original, mask.reads = mask.reader.read_tile, []
    mask.reader.read_tile = lambda key: mask.reads.append(key) or original(key)
    layers.add_mask(mask)
    layers.masks[0].opacity = 1.0
    shown.centre_on(750, 550, 0.8)
    wait_until_sharp(qtbot, shown)
    return shown, layers.masks[0]


def colour_at(viewport, column: int, row: int) -> tuple[int, ...]:
    x, y = viewport.frame.to_device(column, row)
    return tuple(int(value) for value in grab_rgb(viewport)[int(y), int(x)])


def test_a_mask_shows_its_classes(masked, schema) -> None:
    viewport, _ = masked
    assert colour_at(viewport, 700, 500) == schema.classes[1].rgb
    assert colour_at(viewport, 700, 600) == schema.classes[3].rgb
    assert viewport.canvas.class_at(700, 500) == "building"
    assert viewport.canvas.class_at(700, 600) == "water"
    assert viewport.canvas.class_at(50, 600) == ""
    assert viewport.canvas.class_at(-5, 600) == ""


def test_classes_change_at_once_and_without_reading(masked, schema) -> None:
    viewport, mask = masked
    mask.set_class_visible(1, visible=False)
    assert colour_at(viewport, 700, 500)[2] == 60  # the picture below
    assert viewport.canvas.class_at(700, 500) == ""
    mask.set_class_visible(1, visible=True)
    mask.set_solo(1)
    assert colour_at(viewport, 700, 500) == schema.classes[1].rgb
    assert colour_at(viewport, 700, 600)[2] == 60
    mask.set_solo(None)
    mask.set_colour(3, "#102030")
    assert colour_at(viewport, 700, 600) == (16, 32, 48)
    mask.visible = False
    assert colour_at(viewport, 700, 600)[2] == 60
    assert viewport.canvas.class_at(700, 600) == ""
    assert len(mask.reads) == len(set(mask.reads))


def test_better_overviews_take_the_place_of_what_was_read_before(qtbot, masked, schema) -> None:
    viewport, mask = masked
    original = mask.reader.read_tile

    def read_tile(key: TileKey) -> tuple[np.ndarray, np.ndarray]:
        pixels, valid = original(key)
        return np.where(pixels == 1, 4, pixels).astype(np.uint8), valid

    mask.reader.read_tile = read_tile
    mask.reread.emit()
    assert colour_at(viewport, 700, 500) == schema.classes[1].rgb  # until the new tiles come
    qtbot.waitUntil(lambda: colour_at(viewport, 700, 500) == schema.classes[4].rgb, timeout=10_000)
    assert viewport.canvas.class_at(700, 500) == "road"


def test_opacity_mixes_with_the_picture_below(masked, schema) -> None:
    viewport, mask = masked
    mask.visible = False
    below = np.array(colour_at(viewport, 700, 500))
    mask.visible = True
    mask.opacity = 0.25
    mixed = np.array(colour_at(viewport, 700, 500))
    assert np.abs(mixed - (0.75 * below + 0.25 * np.array(schema.classes[1].rgb))).max() <= 2


def test_hiding_the_overlays_hides_all_masks(masked, layers) -> None:
    viewport, _ = masked
    layers.overlays_hidden = True
    assert colour_at(viewport, 700, 500)[2] == 60
    layers.overlays_hidden = False
    assert colour_at(viewport, 700, 500)[2] == 0


def test_the_upper_mask_hides_the_lower(qtbot, masked, layers, make_raster, schema) -> None:
    viewport, mask = masked
    other = make_raster("other.tif", np.full((1, HEIGHT, WIDTH), 2, np.uint8))
    layers.add_mask(mask_layer(other, schema))
    layers.masks[0].opacity = 1.0
    assert not mask.visible
    mask.visible = True
    wait_until_sharp(qtbot, viewport)
    assert viewport.canvas.class_at(700, 500) == "vegetation"
    assert colour_at(viewport, 700, 500) == schema.classes[2].rgb
    layers.move_mask(mask, -1)
    assert colour_at(viewport, 700, 500) == schema.classes[1].rgb
    layers.remove_mask(mask)
    assert colour_at(viewport, 700, 500) == schema.classes[2].rgb


def test_another_picture_takes_the_place_of_the_first(qtbot, masked, layers, make_raster) -> None:
    viewport, _ = masked
    blue = np.zeros((3, 600, 800), np.uint8)
    blue[2] = 200
    layers.set_image(image_layer(make_raster("blue.tif", blue)))
    wait_until_sharp(qtbot, viewport)
    assert viewport.scale_factor == viewport.frame.fitted(800, 600).scale
    assert tuple(grab_rgb(viewport)[250, 350]) == (0, 0, 200)
    assert viewport.canvas.class_at(400, 300) == ""


def test_nodata_is_transparent(qtbot, layers, viewport, make_raster) -> None:
    pixels = coordinate_pixels(600, 400)
    pixels[:, :, 300:] = 0
    layers.set_image(image_layer(make_raster("holes.tif", pixels, nodata=0)))
    viewport.centre_on(300, 200, 1.0)
    wait_until_sharp(qtbot, viewport)
    picture = grab_rgb(viewport)
    assert tuple(picture[250, 450]) == tuple(picture[5, 5]) != (0, 0, 0)


def test_what_is_asked_for_begins_in_the_middle_of_the_view() -> None:
    layer = SimpleNamespace(reader=PaintedReader(43_520, 33_280))
    frame = ViewFrame(1600, 900).centred(20_000, 15_000, 0.6)
    coarsest, *in_sight = tiles_in_sight(layer, frame)
    assert coarsest == TileKey(7, 0, 0)
    assert (in_sight[0].row, in_sight[0].column) == (15_000 // 512, 20_000 // 512)
    seen = set(visible_tiles(layer, frame))
    assert set(in_sight) == seen
    around = tiles_around(layer, frame)
    assert {key.level for key in around} == {1}
    layer.reader.needs_pyramid = True
    assert set(tiles_in_sight(layer, frame)) == seen
    assert tiles_around(layer, frame) == []
    layer.reader.has_quicklook = True
    quicklook, *in_sight = tiles_in_sight(layer, frame)
    assert quicklook == TileKey(8, 0, 0)
    assert set(in_sight) == seen


def test_a_quicklook_fills_the_view_until_tiles_come(qtbot, layers, viewport) -> None:
    reader = PaintedReader(43_520, 33_280)
    reader.needs_pyramid = reader.has_quicklook = True
    reader.sharpest.clear()
    layers.set_image(ImageLayer(reader, Rendering((1, 2, 3), identity_stretch(3))))
    viewport.centre_on(20_000, 15_000, 1.0)
    qtbot.waitUntil(lambda: viewport.canvas.shows_something)
    assert viewport.canvas.sharp_count == 0
    assert tuple(grab_rgb(viewport)[250, 350]) == LEVEL_COLOURS[8]
    reader.sharpest.set()
    wait_until_sharp(qtbot, viewport)
    assert tuple(grab_rgb(viewport)[250, 350]) == LEVEL_COLOURS[0]
    assert viewport.canvas.sharp_count == viewport.canvas.item_count


def test_a_mask_layer_of_a_painted_reader_is_coloured_by_value(qtbot, huge, layers, schema) -> None:
    reader = PaintedReader(43_520, 33_280, bands=1)
    mask = MaskLayer(reader, schema)
    layers.add_mask(mask)
    huge.centre_on(20_000, 15_000, 1.0)
    wait_until_sharp(qtbot, huge)
    assert huge.canvas.class_at(20_000, 15_000) == ""  # value 10 has no class, so that the picture shows
    assert tuple(grab_rgb(huge)[200, 300]) == LEVEL_COLOURS[0]


def kept_tiles(viewport) -> int:
    """Return how many tiles Qt keeps as they look at this zoom."""
    items = (item for item in viewport.scene().items() if isinstance(item, QGraphicsPixmapItem))
    return sum(item.cacheMode() == QGraphicsPixmapItem.CacheMode.DeviceCoordinateCache for item in items)


def test_stretched_tiles_are_kept_while_the_zoom_stays(qtbot, huge) -> None:
    huge.centre_on(20_000, 15_000, 0.4)
    assert kept_tiles(huge) == 0
    huge.pan_by(-300, 0)
    assert kept_tiles(huge) == huge.canvas.item_count > 0
    huge.zoom_by(1.1)
    assert kept_tiles(huge) == 0
    huge.centre_on(20_000, 15_000, 1.0)
    huge.pan_by(-300, 0)
    assert kept_tiles(huge) == 0  # nothing is stretched


@pytest.mark.parametrize("scale", [0.37, 0.7, 1.6])
def test_kept_tiles_look_the_same(qtbot, layers, viewport, make_raster, schema, scale: float) -> None:
    rng = np.random.default_rng(3)
    picture = make_raster("picture.tif", rng.integers(0, 255, (3, 1500, 2000), np.uint8))
    mask = make_raster("mask.tif", rng.choice(np.array([1, 4, 255], np.uint8), (1, 1500, 2000)))
    layers.set_image(image_layer(picture))
    layers.add_mask(MaskLayer(PyramidReader(RasterSource(mask), categorical=True), schema))
    viewport.centre_on(1000, 750, scale)
    wait_until_sharp(qtbot, viewport)
    viewport.pan_by(-37, 21)
    viewport.pan_by(-1100, 300)  # to tiles that are kept from the first, and come later
    grab_rgb(viewport)
    wait_until_sharp(qtbot, viewport)
    assert kept_tiles(viewport) == viewport.canvas.item_count
    kept = grab_rgb(viewport).astype(int)
    for item in viewport.scene().items():
        item.setCacheMode(QGraphicsPixmapItem.CacheMode.NoCache)
    assert np.abs(kept - grab_rgb(viewport)).max() <= 3  # rounding


def test_a_layer_that_has_gone_leaves_nothing_behind(qtbot, layers, viewport, picture, plain_mask, schema) -> None:
    layers.set_image(image_layer(picture))
    layers.add_mask(MaskLayer(PyramidReader(RasterSource(plain_mask), categorical=True), schema))
    layers.set_labels(LabelRaster(*layers.image.reader.pyramid.level_size(0)), schema)
    wait_until_sharp(qtbot, viewport)
    gone = [weakref.ref(layer) for layer in layers.present()]
    gone += [weakref.ref(feed) for feed in viewport.canvas._feeds.values()]
    assert len(gone) == 6
    layers.set_image(image_layer(picture))

    def nothing_is_left() -> bool:
        gc.collect()
        return all(reference() is None for reference in gone)

    qtbot.waitUntil(nothing_is_left)
