"""Pyramids are built with progress, can be stopped, and appear whole or not at all."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from support.pyramids import level_shift, read_level

from landseg_core.errors import JobStopped, OutputError
from landseg_core.events import Event, JobControl, Progress
from landseg_core.limits import LargeWorkError
from landseg_core.raster.pyramid import builder, cache
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.pyramid.reduction import halve
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
TILED = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
PLACED = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_800_000)}


def test_a_reader_in_use_can_go_over_to_the_new_pyramid(save_places: Save) -> None:
    with RasterSource(save_places(300, 9000)) as source:
        reader = PyramidReader(source)
        build_pyramid(source)
        assert reader.needs_pyramid
        reader.use_pyramid()
        assert not reader.needs_pyramid
        assert level_shift(reader, 3) < 1e-3
        reader.close()


def test_huge_overviews_are_not_begun(tmp_path: Path) -> None:
    """A few bytes may claim a million px a side: rows of that alone would fill the memory."""
    path = tmp_path / "huge.vrt"
    size = 'rasterXSize="1000000" rasterYSize="1000000"'
    path.write_text(f'<VRTDataset {size}><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>')
    with RasterSource(path) as source, pytest.raises(LargeWorkError, match=r"overviews of .*: 83.3 Gpx"):
        build_pyramid(source)


def test_progress_grows_to_the_end(save_places: Save) -> None:
    events: list[Event] = []
    with RasterSource(save_places(300, 9000)) as source:
        build_pyramid(source, events.append)
    progress = [event for event in events if isinstance(event, Progress)]
    assert len(progress) == len(events) > 5
    done = [event.fraction for event in progress]
    assert done == sorted(done)
    assert done[-1] == 1
    assert "places.tif" in progress[0].task


@pytest.mark.parametrize("nodata", [None, 0])
@pytest.mark.parametrize("layout", [{}, {"blockysize": 700}, TILED, {**TILED, "blockxsize": 2048, "blockysize": 2048}])
@pytest.mark.parametrize("size", [(1301, 4219), (4219, 1301), (2048, 4096)])
def test_each_level_is_the_raster_halved_again_and_again(
    save: Save, size: tuple[int, int], layout: dict[str, Any], nodata: int | None
) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (1, *size), np.uint8)
    with RasterSource(save("noise.tif", pixels, nodata=nodata, **layout)) as source:
        build_pyramid(source)
        valid = source.read_valid(source.grid.window)
        reader = PyramidReader(source)
        for level in range(1, reader.pyramid.levels):
            pixels, valid = halve(pixels, valid, categorical=False)
            there, shown = read_level(reader, level)
            assert np.array_equal(shown, valid)
            assert np.array_equal(there[:, valid], pixels[:, valid])
        reader.close()


def test_what_is_there_is_not_built_again(save_places: Save) -> None:
    events: list[Event] = []
    with RasterSource(save_places(300, 9000)) as source:
        first = build_pyramid(source)
        assert build_pyramid(source, events.append) == first == pyramid_path(source)
    assert events == []


@pytest.mark.parametrize("after", [1, 6])
def test_a_stop_leaves_nothing_behind(save_places: Save, after: int) -> None:
    control, events = JobControl(), list[Event]()

    def stop_in_time(event: Event) -> None:
        events.append(event)
        if len(events) == after:
            control.stop()

    with RasterSource(save_places(300, 9000)) as source:
        with pytest.raises(JobStopped):
            build_pyramid(source, stop_in_time, control)
        assert len(events) == after
        assert list(cache.cache_folder().iterdir()) == []


def test_the_cache_cannot_be_written(save_places: Save, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with (
        RasterSource(save_places(300, 9000)) as source,
        pytest.raises(OutputError, match="overviews cannot be written to"),
    ):
        build_pyramid(source)


def test_a_full_disk_leaves_nothing_behind(save: Save) -> None:
    noise = np.random.default_rng(1).integers(0, 65535, (1, 1200, 2304), np.uint16)
    path = save("noise.tif", noise, **TILED)
    build = multiprocessing.get_context("spawn").Process(target=_build_with_little_room, args=(path,))
    build.start()
    build.join(60)
    assert build.exitcode == 0
    assert list(cache.cache_folder().iterdir()) == []


def _build_with_little_room(path: Path) -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    with RasterSource(path) as source, pytest.raises(OutputError, match="free some space"):
        build_pyramid(source)


# -- several processes


def _build(path: Path, start: Any) -> None:
    with RasterSource(path) as source:
        start.wait(30)
        build_pyramid(source)


def test_two_processes_may_build_at_once(save_places: Save) -> None:
    path = save_places(300, 2304)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    builders = [context.Process(target=_build, args=(path, start)) for _ in range(2)]
    for process in builders:
        process.start()
    for process in builders:
        process.join(60)
    assert [process.exitcode for process in builders] == [0, 0]
    with RasterSource(path) as source:
        assert list(cache.cache_folder().iterdir()) == [pyramid_path(source)]
        reader = PyramidReader(source)
        assert max(level_shift(reader, level) for level in range(reader.pyramid.levels)) < 1e-3
        reader.close()


def test_the_one_that_ends_second_takes_what_is_there(save_places: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    with RasterSource(save_places(300, 9000)) as source:
        build = builder._PyramidBuilder.build
        monkeypatch.setattr(builder._PyramidBuilder, "build", _after(build, lambda: build_pyramid(source)))
        folder = build_pyramid(source)
        assert list(cache.cache_folder().iterdir()) == [folder]


def _after(build: Callable[[Any], None], other: Callable[[], object]) -> Callable[[Any], None]:
    waiting = [other]

    def build_after_another(builder: Any) -> None:
        if waiting:
            waiting.pop()()
        build(builder)

    return build_after_another
