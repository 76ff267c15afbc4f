"""A prediction shown only where it differs from the labels, updated while they are painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.project.acceptance import values_by_name
from landseg_core.raster.placement import Placement
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget, TileCache
from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import MaskLayer
from landseg_gui.viewer.tile_reader import RasterTileReader

_REREAD_MS = 100
_PREDICTED_BYTES = 48 * 2**20

Pixels = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]


class DifferenceReader:
    """The tiles of a prediction, with data only where there are labels of another class; many threads may read.

    Replaces the prediction's own reader in its layer. The tiles read last are cached, since they are compared again
    with every stroke.

    Attributes:
        reader: the reader of the whole prediction.
    """

    def __init__(self, reader: RasterTileReader, labels: LabelRaster, values: npt.NDArray[np.uint8]) -> None:
        """Compare with `labels`; `values` is the (256,) table from the prediction's values to those of the labels."""
        self.reader = reader
        self._labels, self._values = labels, values
        self._predicted: TileCache[Pixels] = TileCache(
            TileBudget(_PREDICTED_BYTES), lambda pair: pair[0].nbytes + pair[1].nbytes
        )

    @property
    def source(self) -> RasterSource:
        """Return the prediction."""
        return self.reader.source

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the pixels."""
        return self.reader.grid

    @property
    def placement(self) -> Placement | None:
        """Return the position of a prediction of a part of the image."""
        return self.reader.placement

    @property
    def pyramid(self) -> TilePyramid:
        """Return the geometry of the tiles."""
        return self.reader.pyramid

    @property
    def categorical(self) -> bool:
        """Return whether the values are class codes."""
        return self.reader.categorical

    @property
    def needs_pyramid(self) -> bool:
        """Return whether coarse tiles of the prediction are made from its full resolution."""
        return self.reader.needs_pyramid

    @property
    def has_quicklook(self) -> bool:
        """Return False: labels have no quicklook to compare with."""
        return False

    def read_tile(self, key: TileKey, bands: Sequence[int] | None = None) -> Pixels:
        """Return the (1, H, W) values of the prediction, and (H, W) where the labels of that level say another class.

        Raises:
            RasterError: the prediction cannot be read.
        """
        pixels, valid = self._read_predicted(key, bands)
        predicted = pixels[0]
        height, width = predicted.shape
        labels = self._labels.tile(key)[:height, :width]
        both = valid & (predicted != UNLABELLED) & (labels != UNLABELLED)
        return pixels, both & (self._values[predicted] != labels)

    def _read_predicted(self, key: TileKey, bands: Sequence[int] | None) -> Pixels:
        cached = self._predicted.get(key)
        if cached is not None:
            return cached
        pair = self.reader.read_tile(key, bands)
        if not self.needs_pyramid:  # or a better one may come
            self._predicted.put(key, pair)
        return pair

    def close(self) -> None:
        """Close the files of the prediction's levels, but not the prediction."""
        self.reader.close()


class Difference(QObject):
    """A prediction that is shown only where it differs from labels, until `end`."""

    def __init__(self, labels: LabelLayer, prediction: MaskLayer, parent: QObject) -> None:
        super().__init__(parent)
        self.labels, self.prediction = labels, prediction
        self._reader = prediction.reader
        # Strokes come faster than tiles can be compared: compare again once the user pauses.
        self._later = QTimer(self, singleShot=True, interval=_REREAD_MS)
        self._later.timeout.connect(prediction.reread)
        self._connections = [
            labels.painted.connect(self._later.start),
            labels.reread.connect(self._later.start),
            labels.schema_changed.connect(self._compare),
            prediction.schema_changed.connect(self._compare),
        ]
        self._compare()

    def _compare(self) -> None:
        """Compare by the current classes."""
        values = values_by_name(self.prediction.schema, self.labels.schema)
        self.prediction.reader = DifferenceReader(self._reader, self.labels.raster, values)
        self.prediction.reread.emit()

    def end(self) -> None:
        """Show all of the prediction again."""
        for connection in self._connections:
            self.disconnect(connection)
        self._later.stop()
        self.prediction.reader = self._reader
        self.prediction.reread.emit()
        self.deleteLater()
