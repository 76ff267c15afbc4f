"""Rasters whose pixels are their coordinates, rasters of many copies, and whole levels of pyramids."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from landseg_core.raster.pyramid.overviews import PyramidReader


def write_grid_vrt(path: Path, part: str, size: tuple[int, int], times: int, *, relative: bool = True) -> Path:
    """Write a VRT that lays a three-band raster out `times` x `times`."""
    width, height = size
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="{int(relative)}">{part}</SourceFilename>'
        f"<SourceBand>%d</SourceBand>"
        f'<SrcRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/>'
        f'<DstRect xOff="{column * width}" yOff="{row * height}" xSize="{width}" ySize="{height}"/></SimpleSource>'
        for row in range(times)
        for column in range(times)
    )
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><ColorInterp>{colour}</ColorInterp>'
        f"{sources % ((band,) * times**2)}</VRTRasterBand>"
        for band, colour in enumerate(("Red", "Green", "Blue"), start=1)
    )
    path.write_text(
        f'<VRTDataset rasterXSize="{width * times}" rasterYSize="{height * times}"><SRS>EPSG:3857</SRS>'
        f"<GeoTransform>887000, 0.2986, 0, 5830000, 0, -0.2986</GeoTransform>{bands}</VRTDataset>"
    )
    return path


def coordinate_bands(height: int, width: int) -> np.ndarray:
    """Return (2, H, W) float32: each pixel's own column and row, so that every shift shows."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([columns, rows])


def read_level(reader: PyramidReader, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Put the tiles of a level together; pixels that no tile has set would be NaN."""
    width, height = reader.pyramid.level_size(level)
    pixels = np.full((len(reader.source.data_bands), height, width), np.nan)
    valid = np.zeros((height, width), bool)
    for key in reader.pyramid.tiles_in(level, reader.source.grid.window):
        place = reader.pyramid.tile_window(key).slices()
        pixels[:, *place], valid[place] = reader.read_tile(key)
    return pixels, valid


def level_shift(reader: PyramidReader, level: int) -> float:
    """Return how far, in px of the level, `coordinate_bands` lie from where they belong, but for those at the edge."""
    pixels, _ = read_level(reader, level)
    scale = 1 << level
    inner = pixels[:, : reader.source.grid.height // scale, : reader.source.grid.width // scale]
    rows, columns = np.mgrid[0 : inner.shape[1], 0 : inner.shape[2]]
    expected = np.stack([columns, rows]) * scale + (scale - 1) / 2
    return float(np.abs(inner - expected).max() / scale)
