"""Lays the tiles of all layers out in a scene, whose coordinates are raster px, and asks for those that are missing.

Qt draws the scene without calling Python: while a job keeps Python's global lock busy, panning and zooming stay smooth.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QMetaObject, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QGraphicsScene

from landseg_core.errors import LandsegError, RasterChangedError
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import LandClass
from landseg_core.labels.edit import TileChanges
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.layer import Layer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.tiles.choice import Cover, by_urgency, tiles_around, tiles_in_sight, uncovered, visible_tiles
from landseg_gui.viewer.tiles.feed import TileFeed, TileSupply, stretched_bytes
from landseg_gui.viewer.tiles.feeds import feed_for
from landseg_gui.viewer.tiles.items import TileItems
from landseg_gui.viewer.view_pixels import ViewPixels, read_view


class Canvas(QObject):
    """The layers of a stack as a scene: for each a feed of tiles and the items that show them.

    A layer that is hidden has no items, and a mask none where those over it let no light through: what they take in
    memory goes by what is seen, not by the number of layers.

    `outdated`: the file of a layer is not the one that was opened any more. `waiting`: whether some visible area has
    nothing to show yet, not even a coarse tile.
    """

    waiting = Signal(bool)
    failed = Signal(str)
    outdated = Signal()

    _arrived = Signal(object, object)
    _broken = Signal(object, object)

    def __init__(self, layers: LayerStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scene = QGraphicsScene(self)
        self.scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)  # items come and go all the time
        # KiB, for what items keep; by default little more than a screen.
        QPixmapCache.setCacheLimit(stretched_bytes() // 1024)
        self._layers = layers
        self._frame = ViewFrame()
        self._kept = False
        self._supply = TileSupply.for_screen()
        self._coverings = QTimer(self, singleShot=True, interval=0)  # once for all tiles that have come
        self._coverings.timeout.connect(self._cover)
        self._feeds: dict[Layer, TileFeed[Any]] = {}
        self._items: dict[Layer, TileItems] = {}
        self._renewals: dict[Layer, list[QMetaObject.Connection]] = {}
        queued = Qt.ConnectionType.QueuedConnection  # the feeds call from their threads
        self._arrived.connect(self._take_arrival, queued)
        self._broken.connect(self._take_error, queued)
        layers.changed.connect(self._follow_layers)
        layers.overlays_hidden_changed.connect(self._show_states)
        self._follow_layers()

    @property
    def item_count(self) -> int:
        """Return the number of tiles in the scene."""
        return sum(len(items) for items in self._items.values())

    @property
    def is_sharp(self) -> bool:
        """Return whether all visible tiles are loaded at the level that they are drawn at."""
        return all(self._items[layer].is_sharp for layer in self._drawn())

    @property
    def sharp_count(self) -> int:
        """Return how many visible tiles are loaded at the level that they are drawn at."""
        return sum(self._items[layer].sharp_count for layer in self._drawn())

    @property
    def shows_something(self) -> bool:
        """Return whether every visible area shows something, even if coarse."""
        return self.item_count > 0 and not any(self._items[layer].has_gaps for layer in self._drawn())

    def show_frame(self, frame: ViewFrame) -> None:
        """Have items for exactly the tiles that `frame` shows."""
        # While zooming each stretched tile is seen once: to keep it would take longer than to draw it.
        self._kept = frame.scale == self._frame.scale != 1
        self._frame = frame
        self._show_tiles()

    def _show_tiles(self) -> None:
        seen = uncovered({layer: visible_tiles(layer, self._frame) for layer in self._drawn()}, self._cover_of)
        for layer, items in self._items.items():
            smooth = self._frame.scale < 1 and layer.smooth
            items.show(seen.get(layer, ()), smooth=smooth, kept=self._kept)
        self._show_waiting()

    def _cover_of(self, layer: Layer, key: TileKey) -> Cover | None:
        area = self._feeds[layer].covered_area(key)
        return Cover(area, 1 - layer.opacity) if area else None

    def request(self) -> None:
        """Request the visible tiles, and then those that panning and zooming out would need."""
        drawn = self._drawn()
        in_sight, around = (
            uncovered({layer: choose(layer, self._frame) for layer in drawn}, self._cover_of)
            for choose in (tiles_in_sight, tiles_around)
        )
        for layer, feed in self._feeds.items():
            if layer in in_sight:
                feed.want([*in_sight[layer], *around[layer]])
            else:
                feed.leave_sight()
        self._supply.threads.request(
            (self._feeds[layer].loader, key)
            for tiles in (in_sight, around)
            for layer in by_urgency(drawn)
            for key in tiles[layer]
        )

    def class_at(self, column: float, row: float) -> str:
        """Return the name of the class shown at a raster position, of the labels or else the topmost mask with one.

        It is empty where there is none.
        """
        shown = (self._class_in(layer, column, row) for layer in reversed(self._drawn()))
        return next((item.name for item in shown if item), "")

    def _class_in(self, layer: Layer, column: float, row: float) -> LandClass | None:
        level = layer.reader.pyramid.level_for_scale(self._frame.scale)
        value = self._feeds[layer].value_at(column, row, level)
        return layer.class_shown(value) if value is not None else None

    def read_view(self) -> ViewPixels | None:
        """Return the visible part of the image as it is displayed, from the tiles loaded; None without any."""
        image = self._layers.image
        return read_view(self._feeds[image], self._frame) if image in self._feeds else None

    def close(self) -> None:
        """Stop reading, and wait for the tiles being read."""
        feeds, self._feeds = self._feeds, {}
        for feed in feeds.values():
            feed.close()
        self._supply.threads.close()

    def _follow_layers(self) -> None:
        present = self._layers.present()
        for layer in [layer for layer in self._feeds if layer not in present]:
            self._remove(layer)
        for layer in present:
            if layer not in self._feeds:
                self._add(layer)
        self._show_states()

    def _drawn(self) -> list[Layer]:
        """Return the layers to draw, from the bottom to the top, without those that are still to be added."""
        return [layer for layer in self._layers.drawn() if layer in self._feeds]

    def _remove(self, layer: Layer) -> None:
        self._items.pop(layer).remove()
        for renewal in self._renewals.pop(layer):
            self.disconnect(renewal)
        # A tile of a raster without overviews may take long to read: wait for it elsewhere.
        threading.Thread(target=self._feeds.pop(layer).close, name="tiles-end").start()

    def _add(self, layer: Layer) -> None:
        feed = feed_for(layer, self._supply, self._arrived.emit, self._broken.emit)
        self._feeds[layer] = feed
        self._items[layer] = TileItems(self.scene, feed)
        layer.changed.connect(self._show_states)
        # Each holds its layer, and is held by it, where Python does not see it: `_remove` has to end that.
        self._renewals[layer] = [
            layer.restyled.connect(partial(self._renew, layer, feed.restyle)),
            layer.reread.connect(partial(self._renew, layer, feed.reread)),
        ]
        layer.painted.connect(self._show_painted)

    def _renew(self, layer: Layer, renew: Callable[[], None]) -> None:
        if layer in self._feeds:
            renew()
            self._show_tiles()  # other tiles may be covered now
            self._items[layer].refresh()
            self.request()

    def _show_painted(self, changes: TileChanges) -> None:
        """Draw the labels that have changed; those of a layer that has been removed are ignored."""
        labels = self._layers.labels
        if labels in self._feeds:
            items = self._items[labels]
            self._feeds[labels].follow(changes, items)
            items.redraw(changes)

    def _show_states(self) -> None:
        """Follow eyes, opacities and the order of the layers."""
        drawn = self._drawn()
        for layer, items in self._items.items():
            items.set_state(visible=layer in drawn, opacity=layer.opacity)
        for height, layer in enumerate(drawn):
            self._items[layer].set_height(height)
        self.show_frame(self._frame)
        self.request()

    def _take_arrival(self, feed: TileFeed[Any], key: TileKey) -> None:
        if self._feeds.get(feed.layer) is feed:
            self._items[feed.layer].refresh(key)
            if feed.layer in self._drawn()[2:] and feed.covered_area(key):  # the image is never covered
                self._coverings.start()
            self._show_waiting()

    def _cover(self) -> None:
        """Release what the tiles that have been loaded cover."""
        self._show_tiles()
        self.request()

    def _take_error(self, feed: TileFeed[Any], error: LandsegError) -> None:
        if self._feeds.get(feed.layer) is not feed:
            return
        if isinstance(error, RasterChangedError):
            self.outdated.emit()
        else:
            self.failed.emit(str(error))

    def _show_waiting(self) -> None:
        self.waiting.emit(any(self._items[layer].has_gaps for layer in self._drawn()))
