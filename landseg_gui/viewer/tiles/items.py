"""The items of a scene that show the tiles of one layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem, QGraphicsScene

from landseg_core.geo.tiling import TileKey
from landseg_gui.viewer.tiles.feed import TileFeed

_SMOOTH, _SQUARES = Qt.TransformationMode.SmoothTransformation, Qt.TransformationMode.FastTransformation
_KEPT, _NOT_KEPT = QGraphicsItem.CacheMode.DeviceCoordinateCache, QGraphicsItem.CacheMode.NoCache


class _Look(NamedTuple):
    """How tiles are drawn; for the two see `TileItems.show`."""

    smooth: bool
    kept: bool

    def give(self, item: QGraphicsPixmapItem) -> None:
        item.setTransformationMode(_SMOOTH if self.smooth else _SQUARES)
        item.setCacheMode(_KEPT if self.kept else _NOT_KEPT)


class TileItems:
    """One pixmap item for each visible tile, showing the tile itself or, until it comes, its part of a coarser one.

    Items never overlap, so that opacity and transparency come out right while tiles of several levels are shown.
    """

    def __init__(self, scene: QGraphicsScene, feed: TileFeed[Any]) -> None:
        self._scene = scene
        self._feed = feed
        self._group = QGraphicsPixmapItem()  # shows nothing itself; carries eye, opacity and order for all
        self._look = _Look(smooth=False, kept=False)
        self._items: dict[TileKey, QGraphicsPixmapItem] = {}
        self._shown: dict[TileKey, QImage | None] = {}
        self._coarse: set[TileKey] = set()
        scene.addItem(self._group)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    @property
    def has_gaps(self) -> bool:
        """Return whether a tile has nothing to show yet, not even a coarser one."""
        return None in self._shown.values()

    @property
    def is_sharp(self) -> bool:
        """Return whether every tile shows itself, and none a part of a coarser one."""
        return not self._coarse

    @property
    def sharp_count(self) -> int:
        """Return how many tiles show themselves."""
        return len(self._items) - len(self._coarse)

    def set_state(self, *, visible: bool, opacity: float) -> None:
        """Show or hide all tiles, with an opacity from 0 to 1."""
        self._group.setVisible(visible)
        self._group.setOpacity(opacity)

    def set_height(self, height: int) -> None:
        """Lay the tiles above those of all layers of lower `height`."""
        self._group.setZValue(height)

    def show(self, keys: Iterable[TileKey], *, smooth: bool, kept: bool) -> None:
        """Have items for exactly these tiles; `smooth` or as sharp squares.

        `kept`: Qt keeps each as it looks at this zoom, so that it stretches a tile once and not at every repaint.
        """
        wanted = dict.fromkeys(keys)
        for key in self._items.keys() - wanted.keys():
            self._scene.removeItem(self._items.pop(key))
            self._coarse.discard(key)
            del self._shown[key]
        self._set_look(_Look(smooth, kept))
        for key in wanted.keys() - self._items.keys():
            self._items[key] = self._new_item(key)
            self._fill(key)

    def refresh(self, arrived: TileKey | None = None) -> None:
        """Show what is loaded now: in the items that lie in the tile `arrived`, or in all."""
        for key in self._items:
            if arrived is None or _lies_in(key, arrived):
                self._fill(key)

    def redraw(self, keys: Iterable[TileKey]) -> None:
        """Redraw those of these tiles that are visible: the pixels of their images have changed."""
        for key in self._items.keys() & set(keys):
            self._shown.pop(key, None)
            self._fill(key)

    def remove(self) -> None:
        """Take everything out of the scene."""
        self._scene.removeItem(self._group)
        self._items.clear()
        self._shown.clear()
        self._coarse.clear()

    def _set_look(self, look: _Look) -> None:
        if look != self._look:
            self._look = look
            for item in self._items.values():
                look.give(item)

    def _new_item(self, key: TileKey) -> QGraphicsPixmapItem:
        item = QGraphicsPixmapItem(self._group)
        self._look.give(item)
        item.setShapeMode(QGraphicsPixmapItem.ShapeMode.BoundingRectShape)
        window = self._feed.window(key)
        item.setPos(window.x, window.y)
        return item

    def _fill(self, key: TileKey) -> None:
        """Set the best image available for the item of a tile, stretched to the tile's area."""
        found = self._feed.best(key)
        image = found[0] if found else None
        if key in self._shown and self._shown[key] is image:
            return
        self._shown[key] = image
        if found is None:
            self._coarse.add(key)
            return
        if found[1] is None:
            self._coarse.discard(key)
            part = found[0]
        else:
            self._coarse.add(key)
            part = found[0].copy(found[1])
        item = self._items[key]
        item.setPixmap(QPixmap.fromImage(part))
        if not part.isNull():
            window = self._feed.window(key)
            item.setTransform(QTransform.fromScale(window.width / part.width(), window.height / part.height()))


def _lies_in(key: TileKey, other: TileKey) -> bool:
    steps = other.level - key.level
    return steps >= 0 and (key.row >> steps, key.column >> steps) == (other.row, other.column)
