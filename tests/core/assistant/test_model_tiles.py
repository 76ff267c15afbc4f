"""What a model says of tiles: the same as of the whole image, at the ground resolution of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.models import random_bundle
from support.rasters import write_raster

from landseg_core.assistant.last_layer import LastLayer, LastLayerMaps
from landseg_core.assistant.model_tiles import ModelTiles
from landseg_core.errors import ModelError
from landseg_core.geo.tiling import TileKey
from landseg_core.models.inputs import InputNormaliser
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget

LEFT, RIGHT = TileKey(0, 0, 0), TileKey(0, 0, 1)
HEADER = random_bundle("unet16", resolution=None).header
Open = Callable[[Path], PyramidReader]


class Brightness:
    """A network whose only feature is the first band, and whose scores are that and its opposite."""

    stride = 16

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def maps(self, pixels: np.ndarray) -> LastLayerMaps:
        self.sizes.append(pixels.shape)
        plane = pixels[:1].astype(np.float32) / 255
        return LastLayerMaps(plane, np.concatenate([plane, -plane]), 1)


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_(path: Path) -> PyramidReader:
            reader = PyramidReader(stack.enter_context(RasterSource(path)))
            stack.callback(reader.close)
            return reader

        yield open_


def squares(reader: PyramidReader) -> Callable[[TileKey], np.ndarray]:
    """Return cells that are squares of 8 px."""

    def cells(key: TileKey) -> np.ndarray:
        tile = reader.pyramid.tile_window(key)
        row, column = (np.arange(size) // 8 for size in (tile.height, tile.width))
        return (row[:, np.newaxis] * -(-tile.width // 8) + column).astype(np.int32)

    return cells


def tiles_of(reader: PyramidReader, network: Any, header: Any = HEADER) -> ModelTiles:
    return ModelTiles(network, header, reader, squares(reader), TileBudget(1 << 26))


def noise(bands: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (bands, height, width), np.uint8)


def test_tiles_equal_the_whole(tmp_path: Path, opened: Open) -> None:
    torch.set_num_threads(1)
    pixels, bundle = noise(3, 40, 580), random_bundle("unet16", resolution=None)
    reader = opened(write_raster(tmp_path / "a.tif", pixels))
    with torch.inference_mode():
        inputs = InputNormaliser(bundle.header.normalisation)(torch.from_numpy(pixels)[None])
        expected = bundle.build()(inputs).log_softmax(dim=1)[0].numpy()
    tiles = tiles_of(reader, LastLayer(bundle, "cpu"), bundle.header)
    found = np.concatenate([tiles.of(LEFT).pixels, tiles.of(RIGHT).pixels], axis=2)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_a_cell_has_the_means_of_its_pixels(tmp_path: Path, opened: Open) -> None:
    pixels = noise(3, 40, 48)
    tile = tiles_of(opened(write_raster(tmp_path / "a.tif", pixels)), Brightness()).of(LEFT)
    means = pixels[0].reshape(5, 8, 6, 8).mean(axis=(1, 3)).ravel() / 255
    assert tile.features[:, 0] == pytest.approx(means, abs=1e-5)
    assert tile.scores == pytest.approx(np.stack([means, -means], axis=1), abs=1e-3)
    assert tile.nbytes > 40 * 48 * 2 * 2


def test_the_network_runs_once_and_not_beyond_the_image(tmp_path: Path, opened: Open) -> None:
    network = Brightness()
    tiles = tiles_of(opened(write_raster(tmp_path / "a.tif", noise(3, 40, 1100))), network)
    assert tiles.cached(RIGHT) is None
    assert tiles.of(RIGHT) is tiles.of(RIGHT) is tiles.cached(RIGHT)
    assert network.sizes == [(3, 40, 64 + 512 + 64)]
    tiles.clear()
    assert tiles.cached(RIGHT) is None


def test_the_network_sees_its_own_resolution(tmp_path: Path, opened: Open, north_up: Any) -> None:
    pixels = np.repeat(np.arange(600, dtype=np.float32) * 255 / 600, 2)
    image = np.broadcast_to(pixels, (3, 80, 1200)).astype(np.uint8)
    reader = opened(write_raster(tmp_path / "a.tif", image, transform=north_up, crs="EPSG:32633"))
    native = reader.grid.ground_resolution()
    assert native is not None
    network = Brightness()
    tiles = tiles_of(reader, network, replace(HEADER, ground_resolution_m=2 * native))
    found = tiles.of(RIGHT)
    assert network.sizes == [(3, 40, 577 - 176)]
    assert found.pixels[0, 40] * 255 == pytest.approx(image[0, 40, 512:1024].astype(float), abs=2)
    tiles.of(TileKey(1, 0, 0))
    assert network.sizes[1] == (3, 40, 512 + 64)  # the level has the model's resolution


def test_a_coarse_level_is_not_seen_finer_than_it_is(tmp_path: Path, opened: Open, north_up: Any) -> None:
    reader = opened(write_raster(tmp_path / "a.tif", noise(3, 80, 1200), transform=north_up, crs="EPSG:32633"))
    native = reader.grid.ground_resolution()
    network = Brightness()
    tiles_of(reader, network, replace(HEADER, ground_resolution_m=native)).of(TileKey(1, 0, 0))
    assert network.sizes == [(3, 40, 512 + 64)]


def test_pixels_without_data_are_0_and_have_no_cell(tmp_path: Path, opened: Open) -> None:
    pixels = np.full((3, 32, 32), 200, np.float32)
    pixels[0, :, :16] = np.nan
    path = write_raster(tmp_path / "a.tif", pixels)
    tile = tiles_of(opened(path), Brightness(), replace(HEADER, dtype="float32")).of(LEFT)
    assert tile.pixels[0, 5, 3] == 0
    assert tile.pixels[0, 5, 20] == pytest.approx(200 / 255, abs=1e-3)


def test_a_model_of_other_bands_is_refused(tmp_path: Path, opened: Open) -> None:
    reader = opened(write_raster(tmp_path / "a.tif", noise(1, 32, 32)))
    with pytest.raises(ModelError, match="has only"):
        tiles_of(reader, Brightness())
