"""Writes maps: tiled, compressed GeoTIFF of one band of 8-bit values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from landseg_core.errors import OutputError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.raster.files.gdal import BLOCK_CACHE_BYTES, GDAL_ERRORS, open_dataset
from landseg_core.raster.files.libtiff import quieten_libtiff

MAP_BLOCK = 512
"""The side of a map's blocks in px: writing whole blocks is fastest and leaves no gaps in the file."""
MAP_NODATA = 255
"""The value of a map where the raster has no data."""

_ZLEVEL = 5
"""GDAL's default of 6 makes maps 6 % smaller, but takes three times as long."""

_LAYOUT = {
    "driver": "GTiff",
    "count": 1,
    "dtype": "uint8",
    "nodata": MAP_NODATA,
    "tiled": True,
    "blockxsize": MAP_BLOCK,
    "blockysize": MAP_BLOCK,
    "compress": "deflate",  # every GIS reads it, unlike ZSTD
    "zlevel": _ZLEVEL,
    "bigtiff": "if_safer",
}
_CHUNK_BYTES, _CHUNK_ROWS = 2 * 2**20, 48
"""What GDAL's threads process at once for overviews: with its default of 10 MB, some are idle."""


@dataclass(frozen=True)
class MapInfo:
    """The metadata of a map's values: `colours` and `names` by value, further `tags`, and a band `title`.

    `overviews` is the resampling of coarser levels: the mode for classes, the average for numbers.
    """

    title: str = ""
    colours: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    overviews: Resampling = Resampling.mode


class MapWriter:
    """Writes a map block by block, in any order, and adds overviews when the `with` block succeeds.

    The file gets its final name when the `with` block of `outputs` ends.

    Raises:
        OutputError: the map cannot be written, at the start or at any time up to the end of the `with` block.
    """

    def __init__(self, outputs: OutputFiles, path: Path, grid: RasterGrid, info: MapInfo | None = None) -> None:
        self.path = path
        self._grid = grid
        self._info = info or MapInfo()
        self._unfinished = outputs.add(path)
        self._categories(outputs)
        for suffix in (".ovr", ".msk"):
            outputs.drop(path.with_name(path.name + suffix))
        self._dataset = self._create()

    def _categories(self, outputs: OutputFiles) -> None:
        """Write the names to the `.aux.xml` where GDAL looks for them: a GeoTIFF cannot hold them."""
        auxiliary = self.path.with_name(f"{self.path.name}.aux.xml")
        if not self._info.names:
            outputs.drop(auxiliary)
            return
        unfinished = outputs.add(auxiliary)
        with self._writing():
            unfinished.write_bytes(_category_names(self._info.names))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Configure GDAL, and turn its failures into one sentence."""
        try:
            with rasterio.Env(GDAL_PAM_ENABLED="NO", GDAL_CACHEMAX=BLOCK_CACHE_BYTES):
                yield
        except GDAL_ERRORS as error:
            raise cannot_finish(self.path, error) from error

    def _create(self) -> Any:
        quieten_libtiff()
        colours = self._info.colours
        size = {"width": self._grid.width, "height": self._grid.height}
        transform = {"transform": self._grid.transform} if self._grid.is_georeferenced else {}
        palette = {"photometric": "palette"} if colours else {}
        with self._writing():
            dataset = open_dataset(
                self._unfinished, mode="w", crs=self._grid.crs, **_LAYOUT, **size, **transform, **palette
            )
            if colours:
                dataset.write_colormap(1, {value: (*rgb, 255) for value, rgb in colours.items()})
            dataset.set_band_description(1, self._info.title)
            dataset.update_tags(**self._info.tags)
            if self._grid.control is not None:
                self._grid.control.write_to(dataset)
        return dataset

    def write(self, window: PixelWindow, values: npt.NDArray[np.uint8]) -> None:
        """Write (H, W) `values` at `window`; windows aligned to the blocks (`MAP_BLOCK`) make the smallest file."""
        with self._writing():
            self._dataset.write(values, 1, window=Window(window.x, window.y, window.width, window.height))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        else:
            self._abandon()

    def _finish(self) -> None:
        """Close the file, add its overviews and read all of it back."""
        factors = _overview_factors(self._grid)
        with self._writing():
            self._dataset.close()
            if factors:
                with rasterio.Env(**_for_overviews(self._grid)), open_dataset(self._unfinished, mode="r+") as dataset:
                    dataset.build_overviews(factors, self._info.overviews)
            self._read_back(factors)

    def _abandon(self) -> None:
        """Close the file, which will be removed: failures no longer matter."""
        with suppress(OutputError), self._writing():
            self._dataset.close()

    def _read_back(self, factors: list[int]) -> None:
        """Raise unless every block of every level exists and is intact: GDAL does not report what fails on closing.

        A block that never reached the disk would be read as zeros; a damaged one fails its checksum (RFC 1950).
        """
        with open_dataset(self._unfinished) as dataset:
            if len(dataset.overviews(1)) != len(factors):  # GDAL rounds those of thin rasters
                raise OSError("the overviews are missing")
            _read_blocks(dataset)
        for level in range(len(factors)):
            with open_dataset(self._unfinished, overview_level=level) as dataset:
                _read_blocks(dataset)


def _read_blocks(dataset: Any) -> None:
    for (row, column), window in dataset.block_windows(1):
        if not dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=1):
            raise OSError("a block is missing")
        dataset.read(1, window=window)


def _for_overviews(grid: RasterGrid) -> dict[str, str]:
    chunk = max(_CHUNK_BYTES, grid.width * _CHUNK_ROWS)
    return {
        "GDAL_NUM_THREADS": "ALL_CPUS",
        "GDAL_OVR_CHUNK_MAX_SIZE": str(chunk),
        "ZLEVEL_OVERVIEW": str(_ZLEVEL),
    }


def _overview_factors(grid: RasterGrid) -> list[int]:
    """Return 2, 4, 8, ... until the whole map fits one block."""
    return list(_doublings(max(grid.width, grid.height) / MAP_BLOCK))


def _doublings(ratio: float) -> Iterator[int]:
    factor = 1
    while factor < ratio:
        factor *= 2
        yield factor


def _category_names(names: Mapping[int, str]) -> bytes:
    """Return the XML of GDAL's "persistent auxiliary metadata": a name for each value from 0 up, empty for none."""
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, "")
    ET.indent(root)
    return ET.tostring(root)
