"""The live prediction of a network in training, as a layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_gui.text import tr
from landseg_gui.viewer.layer import ClassLayer
from landseg_gui.viewer.tile_reader import TilePixels

Values = npt.NDArray[np.uint8]


class PreviewReader:
    """The tiles of a preview as a layer reads them."""

    needs_pyramid = has_quicklook = False  # a preview is no larger than a screen: any level is read at once

    def __init__(self, width: int, height: int) -> None:
        self.pyramid = TilePyramid(width, height)
        self._shown: tuple[PixelWindow, Values] | None = None

    def show(self, window: PixelWindow, values: Values) -> None:
        """Show (H, W) class `values` in `window` (px of the image), and nothing elsewhere."""
        self._shown = window, values  # at once: threads read

    def read_tile(self, key: TileKey, _bands: Sequence[int] | None = None) -> TilePixels:
        """Return the (1, H, W) uint8 class values of a tile, and where (H, W) it has any."""
        area = self.pyramid.tile_window(key)
        tile = np.full((area.height, area.width), UNLABELLED, np.uint8)
        if self._shown is not None:
            window, values = self._shown
            rows = _nearest(area.y, area.height, key.level, window.y, window.height, len(values))
            columns = _nearest(area.x, area.width, key.level, window.x, window.width, values.shape[1])
            inside = np.ix_(rows >= 0, columns >= 0)
            tile[inside] = values[np.ix_(rows[rows >= 0], columns[columns >= 0])]
        return tile[np.newaxis], tile != UNLABELLED

    def close(self) -> None:
        """Do nothing: there is no file."""


def _nearest(start: int, count: int, level: int, first: int, length: int, size: int) -> npt.NDArray[np.int64]:
    """Return for `count` pixels from `start` of a level which of the `size` pixels that lie along `length` px from
    `first` of the image holds their centre; -1 for none."""
    centres = (np.arange(start, start + count) + 0.5) * (1 << level) - first
    indices = np.floor(centres * size / length).astype(np.int64)
    return np.where((indices >= 0) & (indices < size), indices, -1)


class PreviewLayer(ClassLayer):
    """A live prediction over the image and the masks."""

    def __init__(self, grid: RasterGrid, schema: ClassSchema) -> None:
        self._preview = PreviewReader(grid.width, grid.height)
        super().__init__(self._preview, schema, tr("Live prediction"))

    def show(self, window: PixelWindow, values: Values) -> None:
        """Show (H, W) class `values` in `window` (px of the image), instead of what was shown."""
        self._preview.show(window, values)
        self.reread.emit()
