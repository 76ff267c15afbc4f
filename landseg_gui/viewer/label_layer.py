"""The labels of an image as a layer that follows every stroke."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal, Slot

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.edit import TileChanges
from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.text import tr
from landseg_gui.viewer.layer import ClassLayer
from landseg_gui.viewer.tile_reader import TilePixels


class LabelReader:
    """The tiles of a `LabelRaster` as a layer reads them."""

    needs_pyramid = has_quicklook = False  # the labels keep their own

    def __init__(self, raster: LabelRaster) -> None:
        self.raster = raster
        self.pyramid = raster.pyramid

    def read_tile(self, key: TileKey, _bands: Sequence[int] | None = None) -> TilePixels:
        """Return the (1, H, W) uint8 class values of a tile, cut at the raster's edge, and where (H, W) it has any."""
        window = self.pyramid.tile_window(key)
        values = self.raster.tile(key)[: window.height, : window.width].copy()
        return values[np.newaxis], values != UNLABELLED

    def close(self) -> None:
        """Leave the labels as they are: they belong to the project."""


class LabelLayer(ClassLayer):
    """Painted labels over the image and all masks.

    `painted` is emitted in the thread of the window: before the painting
    call returns where that is the painting thread, soon afterwards otherwise. When anything may have changed, `reread`
    is emitted instead.
    """

    _changed = Signal(object)

    def __init__(self, raster: LabelRaster, schema: ClassSchema) -> None:
        super().__init__(LabelReader(raster), schema, tr("Labels"))
        self.raster = raster
        self._changed.connect(self._emit_change)  # queued by Qt where it comes from another thread
        self._unsubscribe = raster.subscribe(self._changed.emit)

    @Slot(object)
    def _emit_change(self, changes: TileChanges | None) -> None:
        if changes is None:
            self.reread.emit()
        else:
            self.painted.emit(changes)

    def set_schema(self, schema: ClassSchema) -> None:
        """Show the labels by other classes; the eyes of those that stay are as they were."""
        self._hidden &= frozenset(schema.values)
        self._solo = self._solo if self._solo in schema.values else None
        self.schema = schema
        self.schema_changed.emit()
        self.restyled.emit()

    def close(self) -> None:
        """Stop following the labels."""
        self._unsubscribe()
