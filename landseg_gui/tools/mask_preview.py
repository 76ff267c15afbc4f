"""Shows a mask over the image before it is painted: as pixels, since its outline may have very many corners."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QGraphicsPixmapItem, QGraphicsScene

_ABOVE_LAYERS = 1e5  # and below the lines of the overlay


class MaskPreview:
    """One mask at a time in a scene whose coordinates are raster px."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._scene = scene
        self._item: QGraphicsPixmapItem | None = None

    @property
    def item(self) -> QGraphicsPixmapItem | None:
        """Return the item in the scene, or None."""
        return self._item

    def show(self, mask: npt.NDArray[np.bool_], x: float, y: float, scale: float, colour: QColor) -> None:
        """Show `mask` (H, W) bool in `colour`, its corner at (`x`, `y`), each pixel a square of `scale` raster px."""
        if self._item is None:
            self._item = QGraphicsPixmapItem()
            self._item.setZValue(_ABOVE_LAYERS)
            self._scene.addItem(self._item)
        self._item.setPixmap(_pixmap(mask, colour))
        self._item.setPos(x, y)
        self._item.setScale(scale)

    def clear(self) -> None:
        """Remove the mask."""
        if self._item is not None:
            self._scene.removeItem(self._item)
            self._item = None


def _pixmap(mask: npt.NDArray[np.bool_], colour: QColor) -> QPixmap:
    values = np.ascontiguousarray(mask).view(np.uint8)
    height, width = values.shape
    image = QImage(values.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable([0, colour.rgba()])
    return QPixmap.fromImage(image)
