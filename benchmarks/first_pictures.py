"""How soon after the call to open it a file is seen, and how much memory that takes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import rasterio
import rasterio.shutil
from PySide6.QtWidgets import QApplication
from rasterio.enums import Resampling

from benchmarks.mouse import wait_until
from benchmarks.picture_window import giga_picture
from benchmarks.resident import forget_peak, peak_megabytes, resident_megabytes
from benchmarks.table import ROUNDS, Line, Target
from benchmarks.window import BareWindow

MEMORY = Target(value=300)


@dataclass(frozen=True)
class FirstPicture:
    """Seconds until something is seen everywhere, and MB that came on top of the empty window meanwhile."""

    seconds: float
    megabytes: float


def lines(raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {
            "with overviews": (with_overviews(raster, folder / "overviews.tif"), 0.25),
            "of 58 Mpx without": (raster, 0.5),
            "of 1.4 Gpx without": (giga_file(raster, folder), 0.5),
        }
        for kind, (path, most) in files.items():
            found = [first_picture(path, folder / f"{path.stem}-{number}") for number in range(ROUNDS + 1)][1:]
            yield Line(f"first picture of a file {kind}", [one.seconds for one in found], target=Target(value=most))
            added = [one.megabytes for one in found]
            yield Line(f"memory until the first picture of a file {kind}", added, unit="MB", target=MEMORY)


def first_picture(path: Path, folder: Path) -> FirstPicture:
    """Open a file in a new window; `folder` takes the overviews begun then, so that no other round has them."""
    os.environ["XDG_CACHE_HOME"] = str(folder)
    window = BareWindow(folder)
    canvas = window.view.canvas
    before = resident_megabytes()
    forget_peak()
    start = time.perf_counter()
    window.session.files.open([path])
    wait_until(lambda: window.session.layers.image is not None and canvas.shows_something)
    QApplication.processEvents()
    found = FirstPicture(time.perf_counter() - start, peak_megabytes() - before)
    window.close()
    return found


def giga_file(raster: Path, folder: Path) -> Path:
    """Write the raster laid out 5 x 5 as a file of its own: in a VRT of it, one block would be read for many."""
    path = folder / "giga.tif"
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512}
    colours = {"compress": "jpeg", "photometric": "ycbcr", "jpegtablesmode": 3}
    rasterio.shutil.copy(giga_picture(raster, folder / "giga.vrt"), path, driver="GTiff", **layout, **colours)
    return path


def with_overviews(raster: Path, path: Path) -> Path:
    """Write a tiled copy of the raster with overviews to `path`, which is returned."""
    with rasterio.open(raster) as source:
        profile = source.profile | {"driver": "GTiff", "tiled": True, "blockxsize": 512, "blockysize": 512}
        with rasterio.open(path, "w", **profile) as target:
            for _, window in target.block_windows(1):
                target.write(source.read(window=window), window=window)
    with rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4, 8, 16], Resampling.average)
    return path
