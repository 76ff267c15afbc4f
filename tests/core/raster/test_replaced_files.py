"""A raster reads the file that it opened or nothing: what has taken its place is never read as if it were that."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pyramids import write_grid_vrt

from landseg_core.errors import RasterChangedError
from landseg_core.raster.files.handles import HandlePool, IdleHandles
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
SIZE = 40, 50


def filled(value: int) -> np.ndarray:
    return np.full((3, *SIZE), value, np.uint8)


def replace_with(save: Save, path: Path, value: int) -> None:
    """Put another raster in the place of `path`, as a program does that writes beside it and renames."""
    save("other.tif", filled(value)).replace(path)


def first_value(source: RasterSource) -> int:
    return int(source.read(source.grid.window)[0, 0, 0])


@pytest.fixture
def map_path(save: Save) -> Path:
    return save("map.tif", filled(1))


def rewritten(save: Save, path: Path) -> None:
    path.write_bytes(save("other.tif", filled(2)).read_bytes())


def renamed_over(save: Save, path: Path) -> None:
    replace_with(save, path, 2)


def with_the_same_time(save: Save, path: Path) -> None:
    before = path.stat()
    replace_with(save, path, 2)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [rewritten, renamed_over, with_the_same_time])
def test_another_file_in_the_place_is_refused_and_a_new_raster_reads_it(
    save: Save, map_path: Path, change: Callable[[Save, Path], None]
) -> None:
    with RasterSource(map_path) as former:
        assert first_value(former) == 1
        change(save, map_path)
        with pytest.raises(RasterChangedError, match=r"map\.tif has changed on disk"):
            former.read(former.grid.window)
        with pytest.raises(RasterChangedError):
            former.reopened()
        with RasterSource(map_path) as now:
            assert first_value(now) == 2


def test_a_file_that_is_gone_is_refused(map_path: Path) -> None:
    with RasterSource(map_path) as source:
        map_path.unlink()
        with pytest.raises(RasterChangedError, match=r"map\.tif no longer exists"):
            source.read(source.grid.window)


def test_work_of_hours_may_read_on(save: Save, map_path: Path) -> None:
    with RasterSource(map_path, refuse_changed=False) as source:
        replace_with(save, map_path, 2)
        assert first_value(source) == 1


def test_a_part_of_a_vrt_that_is_replaced_is_read_anew(save: Save) -> None:
    part = save("part.tif", filled(1))
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.tif", SIZE[::-1], 2)
    twin = Path(shutil.copy(vrt, vrt.with_name("twin.vrt")))
    former = [RasterSource(vrt), RasterSource(twin), RasterSource(vrt)]
    assert [first_value(source) for source in former] == [1, 1, 1]
    replace_with(save, part, 2)
    with RasterSource(vrt) as now, RasterSource(twin) as other:
        assert first_value(now) == first_value(other) == 2
    for source in former:
        with pytest.raises(RasterChangedError, match=r"part\.tif has changed"):
            source.read(source.grid.window)
        source.close()


def test_overviews_of_a_file_that_was_replaced_are_not_those_of_the_new_one(save: Save) -> None:
    side = 3000
    path = save("big.tif", np.full((1, side, side), 1, np.uint8), tiled=True, blockxsize=256, blockysize=256)
    with RasterSource(path) as former:
        folder = pyramid_path(former)
        PyramidReader(former).close()
        other = save("other.tif", np.full((1, side, side), 2, np.uint8), tiled=True, blockxsize=256, blockysize=256)
        other.replace(path)
        with pytest.raises(RasterChangedError):
            build_pyramid(former)
        assert not folder.exists()
    with RasterSource(path) as now:
        assert pyramid_path(now) != folder
        build_pyramid(now)
        reader = PyramidReader(now)
        pixels, _ = reader.read_tile(next(reader.pyramid.tiles_in(2, now.grid.window)))
        assert (pixels == 2).all()
        reader.close()


def open_files(folder: Path) -> int:
    return sum(1 for file in psutil.Process().open_files() if Path(file.path).is_relative_to(folder))


def test_rasters_that_share_a_bound_hold_no_more_files_open(save: Save) -> None:
    idle = IdleHandles(limit=3)
    paths = [save(f"{number}.tif", filled(number)) for number in range(10)]
    sources = [RasterSource(path, idle=idle) for path in paths]
    for _ in range(2):
        assert [first_value(source) for source in sources] == list(range(10))
        assert len(idle) == open_files(paths[0].parent) == 3
    sources[0].close()
    sources[-1].release()
    assert len(idle) == 2
    assert first_value(sources[-1]) == 9
    for source in sources:
        source.close()
    assert open_files(paths[0].parent) == 0


class Handle:
    """Stands in for a dataset."""

    opened = 0

    def __init__(self) -> None:
        self.closed = False
        Handle.opened += 1

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        Handle.opened -= 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["lease", "nest", "release", "close"])), max_size=30))
def test_the_bound_holds_whatever_is_done(steps: list[tuple[int, str]]) -> None:
    Handle.opened = 0
    idle = IdleHandles(limit=2)
    pools = [HandlePool(Handle, idle) for _ in range(5)]
    for number, step in steps:
        pool = pools[number]
        if step in ("release", "close"):
            getattr(pool, step)()
        else:
            with pool.lease() as one, pool.lease() if step == "nest" else pools[0].lease() as other:
                assert one is not other
                assert not one.closed
                assert not other.closed
        assert Handle.opened == len(idle) <= 2
    for pool in pools:
        pool.close()
    assert Handle.opened == 0


def test_a_pool_that_is_retired_waits_for_its_readers() -> None:
    pool = HandlePool(Handle)
    inside, go_on = threading.Event(), threading.Event()

    def read_slowly() -> None:
        with pool.lease():
            inside.set()
            go_on.wait(10)

    reader = threading.Thread(target=read_slowly)
    reader.start()
    assert inside.wait(10)
    retiring = threading.Thread(target=pool.retire)
    retiring.start()
    assert retiring.is_alive()
    go_on.set()
    for thread in (reader, retiring):
        thread.join(10)
        assert not thread.is_alive()
