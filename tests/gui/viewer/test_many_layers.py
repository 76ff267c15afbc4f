"""However many layers there are, tiles in memory, items and threads go by what is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from support.viewing import grab_rgb, wait_until_sharp

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.raster.placement import Placement
from landseg_core.raster.stretch import Rendering, identity_stretch
from landseg_core.raster.tiles import TileBudget, TileThreads
from landseg_gui.viewer.canvas import Canvas
from landseg_gui.viewer.layer import ImageLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.tiles.feed import TileSupply

SIDE = 8192
MASKS = 30
SEEN = 7  # masks at 60 % let 0.4^7 of the light through: less than a level of 255
CLASSES = ClassSchema(
    classes=tuple(
        LandClass(value=n, name=f"class {n}", colour=f"#{8 * n:02x}{255 - 8 * n:02x}40") for n in range(MASKS)
    )
)


class PlainReader:
    """The tiles of a raster of one value throughout, or of another in the left half; its reads are counted."""

    needs_pyramid = has_quicklook = False
    placement: Placement | None = None

    def __init__(self, value: int, bands: int = 1, left: int | None = None) -> None:
        self.grid = RasterGrid(SIDE, SIDE, Affine.identity(), None)
        self.source = SimpleNamespace(path=Path(f"plain-{bands}-{value}.tif"), grid=self.grid)
        self.pyramid = TilePyramid(SIDE, SIDE)
        self.value, self.bands = value, bands
        self.left = value if left is None else left
        self.reads: list[TileKey] = []
        self.threads: set[threading.Thread] = set()

    def read_tile(self, key: TileKey, _bands: object = None) -> tuple[np.ndarray, np.ndarray]:
        self.reads.append(key)
        self.threads.add(threading.current_thread())
        position, source = self.pyramid.tile_window(key), self.pyramid.source_window(key)
        columns = np.linspace(source.x, source.right, position.width, endpoint=False)
        row = np.where(columns < SIDE / 2, self.left, self.value).astype(np.uint8)
        pixels = np.broadcast_to(row, (self.bands, position.height, position.width)).copy()
        return pixels, self._valid(position, key.level)

    def _valid(self, tile: PixelWindow, level: int) -> np.ndarray:
        """Tell which pixels lie in the part that the raster is of, as a whole or cut by its edge."""
        valid = np.ones((tile.height, tile.width), bool)
        if self.placement:
            part, scale = self.placement.window, 1 << level
            rows, columns = np.ogrid[tile.y : tile.bottom, tile.x : tile.right]
            valid &= (rows >= part.y // scale) & (rows <= (part.bottom - 1) // scale)
            valid &= (columns >= part.x // scale) & (columns <= (part.right - 1) // scale)
        return valid

    def close(self) -> None:
        pass


@pytest.fixture
def ground(qtbot, layers, viewport):
    """Return a viewport at 1:1 in the middle of a grey picture."""
    layers.set_image(ImageLayer(PlainReader(100, bands=3), Rendering((1, 2, 3), identity_stretch(3))))
    viewport.centre_on(SIDE / 2, SIDE / 2, 1.0)
    wait_until_sharp(qtbot, viewport)
    return viewport


def add_in_sight(layers: LayerStack, mask: MaskLayer) -> None:
    """Lay a mask on top, and show those that it hides."""
    seen = [other for other in layers.masks if other.visible]
    layers.add_mask(mask)
    for other in seen:
        other.visible = True


@pytest.fixture
def add_masks(qtbot, ground, layers) -> Callable[[int], list[MaskLayer]]:
    def add(count: int) -> list[MaskLayer]:
        """Lay masks one over the other, as fifty predictions would; return them, the lowest first."""
        masks = [MaskLayer(PlainReader(number), CLASSES) for number in range(count)]
        for mask in masks:
            add_in_sight(layers, mask)
            wait_until_sharp(qtbot, ground)
        return masks

    return add


def mixed(values: list[int], opacity: float = 0.6) -> np.ndarray:
    """Return the colour of masks of these values, the lowest first, over the grey picture."""
    colour = np.array([100.0, 100.0, 100.0])
    for value in values:
        colour = (1 - opacity) * colour + opacity * np.array(CLASSES.classes[value].rgb)
    return colour


def colour(viewport, x: int = 350) -> np.ndarray:
    return grab_rgb(viewport)[250, x].astype(float)


def items(canvas: Canvas, layer: MaskLayer) -> int:
    return len(canvas._items[layer])


def test_masks_below_many_others_are_not_drawn(ground, add_masks, qtbot) -> None:
    canvas = ground.canvas
    of_one = canvas.item_count
    masks = add_masks(MASKS)
    qtbot.waitUntil(lambda: canvas.item_count <= (1 + SEEN) * of_one)
    assert [items(canvas, mask) for mask in masks] == [0] * (MASKS - SEEN) + [of_one] * SEEN
    assert np.abs(colour(ground) - mixed([*range(MASKS)])).max() <= 2
    ground.pan_by(-2000, 0)
    wait_until_sharp(qtbot, ground)
    qtbot.waitUntil(lambda: items(canvas, masks[0]) == 0)
    assert np.abs(colour(ground) - mixed([*range(MASKS)])).max() <= 2
    assert len({thread for mask in masks for thread in mask.reader.threads}) <= 5


def test_what_was_covered_comes_back_when_what_covers_it_goes(ground, layers, add_masks, qtbot) -> None:
    masks = add_masks(10)
    canvas = ground.canvas
    qtbot.waitUntil(lambda: items(canvas, masks[2]) == 0)
    for change in (
        lambda: setattr(masks[9], "visible", False),
        lambda: masks[8].set_class_visible(8, visible=False),
        lambda: setattr(masks[7], "opacity", 0.0),
        lambda: layers.remove_mask(masks[6]),
    ):
        change()
        wait_until_sharp(qtbot, ground)
    assert items(canvas, masks[0]) > 0
    assert np.abs(colour(ground) - mixed([*range(6)])).max() <= 2


def test_only_whole_tiles_of_classes_cover(ground, layers, qtbot) -> None:
    low = MaskLayer(PlainReader(1), CLASSES)
    high = MaskLayer(PlainReader(2, left=255), CLASSES)  # unlabelled in the left half, which ends at a tile's edge
    for mask in (low, high):
        add_in_sight(layers, mask)
        mask.opacity = 1.0
    wait_until_sharp(qtbot, ground)
    qtbot.waitUntil(lambda: 0 < items(ground.canvas, low) < items(ground.canvas, high))
    assert tuple(colour(ground, x=300)) == CLASSES.classes[1].rgb
    assert tuple(colour(ground, x=400)) == CLASSES.classes[2].rgb
    assert ground.canvas.class_at(SIDE / 2 - 50, SIDE / 2) == "class 1"
    assert ground.canvas.class_at(SIDE / 2 + 50, SIDE / 2) == "class 2"


def test_a_hidden_layer_has_no_items_and_is_back_at_once(ground, layers, add_masks) -> None:
    (mask,) = add_masks(1)
    shown = items(ground.canvas, mask)
    for thing, name in ((mask, "visible"), (layers, "overlays_hidden")):
        former = getattr(thing, name)
        setattr(thing, name, not former)
        assert items(ground.canvas, mask) == 0
        assert tuple(colour(ground)) == (100, 100, 100)
        setattr(thing, name, former)
        assert items(ground.canvas, mask) == shown
        assert ground.canvas.is_sharp
        assert np.abs(colour(ground) - mixed([0])).max() <= 2
    assert len(mask.reader.reads) == len(set(mask.reader.reads))


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> TileSupply:
    """Have the next viewport keep no more than 6 MB of tiles out of sight."""
    supply = TileSupply(TileBudget(6 * 2**20), TileThreads(2))
    monkeypatch.setattr(TileSupply, "for_screen", classmethod(lambda _cls: supply))
    return supply


def test_tiles_out_of_sight_stay_within_what_all_layers_share(little_room, ground, add_masks, qtbot) -> None:
    masks = add_masks(3)
    for _ in range(6):
        ground.pan_by(-700, 0)
        wait_until_sharp(qtbot, ground)
        assert 0 < little_room.spare.bytes <= 6 * 2**20
    mask = masks[0]
    kept = len(ground.canvas._feeds[mask]._loaded)
    assert 0 < kept < len(mask.reader.reads)
    ground.centre_on(SIDE / 2, SIDE / 2, 1.0)
    wait_until_sharp(qtbot, ground)
    assert np.abs(colour(ground) - mixed([0, 1, 2])).max() <= 2


def test_the_tiles_of_a_hidden_layer_make_room_first(little_room, ground, add_masks, qtbot) -> None:
    hidden, seen = add_masks(2)
    feeds = ground.canvas._feeds
    ground.pan_by(-520, 0)  # tiles of both go out of sight
    wait_until_sharp(qtbot, ground)
    hidden.visible = False
    owner, _ = next(iter(little_room.spare._tiles))
    assert owner is feeds[hidden]._loaded  # though those of the other were used longer ago
    ground.pan_by(-1400, 0)
    wait_until_sharp(qtbot, ground)
    qtbot.waitUntil(lambda: len(feeds[hidden]._loaded) == 0)
    assert len(feeds[seen]._loaded) > items(ground.canvas, seen)
    hidden.visible = True
    wait_until_sharp(qtbot, ground)
    assert np.abs(colour(ground) - mixed([0, 1])).max() <= 2


def test_maps_of_the_same_part_cover_one_another(ground, layers, qtbot) -> None:
    part = PixelWindow(SIDE // 2 - 100, SIDE // 2 - 200, 300, 350)  # no edge of it is one of a tile
    masks = []
    for number in range(10):
        reader = PlainReader(number)
        reader.placement = Placement(reader.grid, part)
        masks.append(MaskLayer(reader, CLASSES))
        add_in_sight(layers, masks[-1])
        wait_until_sharp(qtbot, ground)
    wider = MaskLayer(PlainReader(20), CLASSES)
    add_in_sight(layers, wider)
    layers.move_mask(wider, 10)
    wait_until_sharp(qtbot, ground)
    for scale in (1.0, 0.3):
        ground.centre_on(SIDE / 2, SIDE / 2, scale)
        wait_until_sharp(qtbot, ground)
        qtbot.waitUntil(lambda: items(ground.canvas, masks[2]) == 0)
        assert items(ground.canvas, masks[3]) > 0
        assert items(ground.canvas, wider) > 0


def test_a_map_of_a_part_leaves_a_wider_one_in_sight(ground, layers) -> None:
    wide, part = MaskLayer(PlainReader(1), CLASSES), PlainReader(2)
    part.placement = Placement(part.grid, PixelWindow(10, 20, 300, 300))
    narrow = MaskLayer(part, CLASSES)
    layers.add_mask(wide)
    layers.add_mask(narrow)
    assert (wide.visible, narrow.visible) == (True, True)
    layers.add_mask(MaskLayer(PlainReader(3), CLASSES))
    assert (wide.visible, narrow.visible) == (False, False)
