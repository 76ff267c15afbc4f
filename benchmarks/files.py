"""Export against OpenCV, labels, projects, and how soon landseg is there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from affine import Affine

from benchmarks.label_project import CLASSES, painted_tile
from benchmarks.table import ROUNDS, Line, Target, interleaved
from landseg_core.export.png import export_png
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.mask_classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.raster.writer import MapWriter

SIDE = 8192


def lines(_raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = np.tile(np.hstack([painted_tile(seed) for seed in range(4)]), (SIDE // 512, SIDE // 2048))
        mask = folder / "mask.tif"
        write_map(mask, values)
        plain = folder / "plain.png"
        yield interleaved(
            f"PNG of a map of {SIDE} x {SIDE} px",
            lambda: export_png(mask, folder / "mask.png", "index", overwrite=True),
            "cv2.imwrite of the array",
            lambda: write_plain(plain, values),
        )
        yield interleaved(
            f"GeoTIFF of {SIDE} x {SIDE} px, with overviews",
            lambda: write_map(folder / "again.tif", values),
            "cv2.imwrite of the array",
            lambda: write_plain(folder / "plain.tif", values),
        )
    help_times = [seconds_of([sys.executable, "-m", "landseg_core.cli", "--help"]) for _ in range(ROUNDS + 1)][1:]
    yield Line("landseg --help", help_times, target=Target(value=0.4))
    yield Line(
        "landseg-gui, until its window is on the screen",
        [window_seconds() for _ in range(ROUNDS + 1)][1:],
        target=Target(value=1.5),
    )


def write_map(path: Path, values: np.ndarray) -> None:
    grid = RasterGrid(values.shape[1], values.shape[0], Affine(1, 0, 0, 0, -1, 0), None)
    with OutputFiles(overwrite=True) as outputs, MapWriter(outputs, path, grid, class_map_info(CLASSES)) as writer:
        window = grid.window
        writer.write(window, values)


def write_plain(path: Path, values: np.ndarray) -> None:
    cv2.imwrite(str(path), values)


def seconds_of(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


_START = """
import sys, time
import psutil
from PySide6.QtWidgets import QApplication

def until_shown(*_):
    while not any(w.windowHandle() and w.windowHandle().isExposed() for w in QApplication.topLevelWidgets()):
        QApplication.processEvents()
    print(time.time() - psutil.Process().create_time())
    sys.stdout.flush()
    return 0

QApplication.exec = until_shown
from landseg_gui.app import main
main([])
"""


def window_seconds() -> float:
    """Return how long it takes from the start of the process until the window is shown."""
    with tempfile.TemporaryDirectory() as home:
        places = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"), home)
        done = subprocess.run(
            [sys.executable, "-c", _START], env=os.environ | places, check=True, capture_output=True, text=True
        )
    return float(done.stdout.split()[-1])
