"""The cache keeps what was used last, up to its size, and knows a changed file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from affine import Affine
from support.pyramids import write_grid_vrt

from landseg_core.raster.pyramid import cache
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
TILED = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
PLACED = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_800_000)}


def test_a_changed_file_gets_a_pyramid_of_its_own(save: Save) -> None:
    part = save("part.tif", np.zeros((3, 40, 50), np.uint8))
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.tif", (50, 40), 2)
    with RasterSource(vrt) as source:
        before = pyramid_path(source)
        os.utime(part, (1, 1))
        assert pyramid_path(source) == before  # it is made of what was opened
    with RasterSource(vrt) as source:
        assert pyramid_path(source) != before


def fill_cache(name: str, size: int, age: float) -> Path:
    folder = cache.cache_folder() / name
    folder.mkdir(parents=True)
    (folder / "level_01.tif").write_bytes(b"x" * size)
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def test_pyramids_used_longest_ago_make_room() -> None:
    old, middle, new = (fill_cache(name, 100, age) for name, age in (("old", 300), ("middle", 200), ("new", 100)))
    cache.prune(keep=old, limit=250)
    assert [folder.exists() for folder in (old, middle, new)] == [True, False, True]


def test_using_a_pyramid_keeps_it() -> None:
    old, new = fill_cache("old", 100, 300), fill_cache("new", 100, 100)
    just_built = fill_cache("just_built", 100, 0)
    cache.mark_used(old)
    cache.prune(keep=just_built, limit=250)
    assert [folder.exists() for folder in (old, new)] == [True, False]


def test_what_a_crash_left_behind_goes_after_a_day() -> None:
    crashed = fill_cache("crashed.1234.part", 100, 2 * 24 * 3600)
    under_way = fill_cache("under_way.1234.part", 100, 60)
    cache.prune(keep=fill_cache("just_built", 1, 0), limit=0)
    assert not crashed.exists()
    assert under_way.exists()
