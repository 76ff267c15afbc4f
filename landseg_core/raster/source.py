"""Opens any raster that GDAL reads, without ever writing beside it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow


class RasterSource:
    """A raster opened for reading, with a dataset handle of its own for each thread that reads."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._local = threading.local()
        dataset = self._dataset()
        self.driver: str = dataset.driver
        self.band_count: int = dataset.count
        self.data_bands = tuple(
            index for index, kind in zip(dataset.indexes, dataset.colorinterp, strict=True) if kind != ColorInterp.alpha
        )
        self.dtype = np.dtype(dataset.dtypes[0])
        self.nodata: float | None = dataset.nodata
        self.grid = RasterGrid(dataset.width, dataset.height, dataset.transform, dataset.crs)

    def _dataset(self) -> Any:
        if not hasattr(self._local, "dataset"):
            self._local.dataset = rasterio.open(self.path)
        return self._local.dataset

    def read(
        self, window: PixelWindow, bands: Sequence[int] | None = None, size: tuple[int, int] | None = None
    ) -> npt.NDArray[Any]:
        """Return (C, H, W) pixels in the raster's own type."""
        shape = size or (window.height, window.width)
        chosen = list(bands or self.data_bands)
        pixels: npt.NDArray[Any] = self._dataset().read(
            chosen,
            window=Window(window.x, window.y, window.width, window.height),
            out_shape=(len(chosen), *shape),
            boundless=not self.grid.window.contains(window),
            fill_value=0,
        )
        return pixels

    def read_valid(self, window: PixelWindow, size: tuple[int, int] | None = None) -> npt.NDArray[np.bool_]:
        """Return (H, W): True where a pixel holds data."""
        shape = size or (window.height, window.width)
        mask = self._dataset().dataset_mask(
            window=Window(window.x, window.y, window.width, window.height), out_shape=shape
        )
        return np.asarray(mask > 0)

    def close(self) -> None:
        """Close the handles."""

    def __enter__(self) -> RasterSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
