"""What brings the pixels of a layer, tile by tile: a raster's pyramid, labels in memory, a live prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.raster.placement import Placement
from landseg_core.raster.source import RasterSource

TilePixels = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]
"""(C, H, W) pixels, and where (H, W) there are any."""


class TileReader(Protocol):
    """Reads tiles, in any thread."""

    @property
    def pyramid(self) -> TilePyramid:
        """Return the geometry of the tiles."""

    @property
    def needs_pyramid(self) -> bool:
        """Return whether coarse tiles take long, because no overviews are there yet."""

    @property
    def has_quicklook(self) -> bool:
        """Return whether one tile above the pyramid, its `quicklook_key`, is quick to read even so."""

    def read_tile(self, key: TileKey, bands: Sequence[int] | None = None, /) -> TilePixels:
        """Return the pixels of a tile, of all bands for None.

        Raises:
            RasterError: the file cannot be read.
        """

    def close(self) -> None:
        """Release what is read from."""


class RasterTileReader(TileReader, Protocol):
    """Reads the tiles of a raster file."""

    @property
    def source(self) -> RasterSource:
        """Return the raster."""

    @property
    def grid(self) -> RasterGrid:
        """Return where the tiles lie."""

    @property
    def placement(self) -> Placement | None:
        """Return where a map of a part lies; None for a raster of the whole."""

    @property
    def categorical(self) -> bool:
        """Return whether the values are class codes."""
