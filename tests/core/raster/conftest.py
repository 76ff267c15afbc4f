"""Small rasters of every kind, and a guard over a source's folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from landseg_core.raster.pyramid.overviews import PyramidReader

Save = Callable[..., Path]
Unchanged = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return `save(name, pixels (C, H, W), mask=None, palette=None, **profile)`, which writes a raster."""
    folder = tmp_path / "rasters"
    folder.mkdir()

    def save_raster(name: str, pixels: np.ndarray, **options: Any) -> Path:
        path = folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            _write(path, pixels, **options)
        return path

    return save_raster


def _write(
    path: Path,
    pixels: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    external_mask: bool = False,
    colours: Any = None,
    palette: dict[int, tuple[int, ...]] | None = None,
    **profile: Any,
) -> None:
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": pixels.dtype} | profile
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK="NO" if external_mask else "YES", GDAL_PAM_ENABLED="NO"),
        rasterio.open(path, "w", **profile) as target,
    ):
        if colours:
            target.colorinterp = colours
        target.write(pixels)
        if palette:
            target.write_colormap(1, palette)
        if mask is not None:
            target.write_mask(mask)


@pytest.fixture
def unchanged() -> Unchanged:
    """Return a `with` guard that fails if anything in a folder has been made, changed or removed."""

    @contextmanager
    def guard(folder: Path) -> Iterator[None]:
        before = _state(folder)
        yield
        assert _state(folder) == before

    return guard


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.rglob("*")]}


def grid_vrt(path: Path, part: str, size: tuple[int, int], times: int, *, relative: bool = True) -> Path:
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


@pytest.fixture
def lay_out() -> Callable[..., Path]:
    """Return `lay_out(vrt, part, (width, height), times, relative=True)`, which writes a VRT of many copies."""
    return grid_vrt


def place_codes(height: int, width: int) -> np.ndarray:
    """Return (2, H, W) float32: each pixel's own column and row, so that every shift shows."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([columns, rows])


@pytest.fixture
def save_places(save: Save) -> Save:
    """Return `save_places(height, width, **profile)`, which writes a tiled raster of `place_codes`."""
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    return lambda height, width, **profile: save("places.tif", place_codes(height, width), **(tiled | profile))


def level_image(reader: PyramidReader, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Put the tiles of a level together; pixels that no tile has set would be NaN."""
    width, height = reader.pyramid.level_size(level)
    pixels = np.full((len(reader.source.data_bands), height, width), np.nan)
    valid = np.zeros((height, width), bool)
    for key in reader.pyramid.tiles_in(level, reader.source.grid.window):
        place = reader.pyramid.tile_window(key).slices()
        pixels[:, *place], valid[place] = reader.read_tile(key)
    return pixels, valid


def shift(reader: PyramidReader, level: int) -> float:
    """Return how far, in px of the level, `place_codes` lie from where they belong, those cut by the edge left out."""
    pixels, _ = level_image(reader, level)
    scale = 1 << level
    inner = pixels[:, : reader.source.grid.height // scale, : reader.source.grid.width // scale]
    rows, columns = np.mgrid[0 : inner.shape[1], 0 : inner.shape[2]]
    expected = np.stack([columns, rows]) * scale + (scale - 1) / 2
    return float(np.abs(inner - expected).max() / scale)


@pytest.fixture(name="level_image")
def level_image_fixture() -> Callable[[PyramidReader, int], tuple[np.ndarray, np.ndarray]]:
    """Return a function of a reader and a level that gives the whole level, (C, H, W) pixels and (H, W) validity."""
    return level_image


@pytest.fixture(name="shift")
def shift_fixture() -> Callable[[PyramidReader, int], float]:
    """Return a function of a reader and a level that measures how far `place_codes` are from their place, in px."""
    return shift
