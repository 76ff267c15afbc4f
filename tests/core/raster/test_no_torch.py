"""Looking at a raster loads no torch: the picture must not wait for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

PROGRAM = """
import sys, threading
from pathlib import Path
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering
from landseg_core.raster.tiles import TileBudget, TileCache, TileLoader, TileThreads

with RasterSource(Path(sys.argv[1])) as source:
    rendering, reader = default_rendering(source), PyramidReader(source)
    arrived = threading.Semaphore(0)
    threads = TileThreads()
    loader = TileLoader(
        threads,
        lambda key: rendering.to_rgba(*reader.read_tile(key, rendering.bands)),
        TileCache(TileBudget(2**24), lambda tile: tile.nbytes),
        lambda key, tile: arrived.release(),
        lambda key, error: sys.exit(str(error)),
    )
    for x in range(0, 1500, 512):  # pan
        keys = list(reader.pyramid.tiles_in(0, PixelWindow(x, 0, 400, 300)))
        threads.request((loader, key) for key in keys)
        for _ in keys:
            assert arrived.acquire(timeout=30)
        loader.clear()
    threads.close()
loaded = {"torch", "PySide6", "safetensors"} & set(sys.modules)
sys.exit(f"loaded {loaded}" if loaded else 0)
"""


def test_opening_and_panning_a_raster_loads_no_torch(save: Callable[..., Path]) -> None:
    path = save("picture.png", np.random.default_rng(1).integers(0, 255, (3, 300, 2000), np.uint8), driver="PNG")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
