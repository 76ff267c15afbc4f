"""Many threads may read at once, and no handle stays open for longer than it is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]


def noise(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(1).integers(1, 200, shape).astype(dtype)


def test_many_threads_read_at_once(save: Save) -> None:
    pixels = noise(3, 512, 512)
    with RasterSource(save("big.tif", pixels, tiled=True, blockxsize=64, blockysize=64)) as source:
        windows = [PixelWindow(x, y, 100, 100) for x in range(0, 500, 50) for y in range(0, 500, 50)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(source.read, windows))
    around = np.pad(pixels, ((0, 0), (0, 100), (0, 100)))
    for window, answer in zip(windows, answers, strict=True):
        assert (answer == around[:, *window.slices()]).all()


def open_handles(path: Path) -> int:
    return sum(1 for file in psutil.Process().open_files() if Path(file.path) == path)


def test_threads_that_have_ended_leave_no_handles(save: Save) -> None:
    source = RasterSource(save("small.tif", noise(1, 20, 30)))
    for _ in range(20):
        thread = threading.Thread(target=source.read, args=(source.grid.window,))
        thread.start()
        thread.join()
    assert open_handles(source.path) == 1
    source.close()
    assert open_handles(source.path) == 0


def test_closing_while_threads_read_closes_their_handles_too(save: Save) -> None:
    source = RasterSource(save("small.tif", noise(1, 20, 30)))
    inside, go_on = threading.Event(), threading.Event()

    def read_slowly() -> None:
        with source._handles.lease():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=read_slowly)
    thread.start()
    inside.wait(10)
    source.close()
    assert open_handles(source.path) == 1
    go_on.set()
    thread.join()
    assert open_handles(source.path) == 0


def test_a_closed_raster_says_so(save: Save) -> None:
    source = RasterSource(save("small.tif", noise(1, 20, 30)))
    source.close()
    with pytest.raises(RasterError, match="has been closed"):
        source.read(source.grid.window)
