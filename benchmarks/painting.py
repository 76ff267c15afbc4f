"""Painting on a raster of 5.8 Gpx with 20,000 painted tiles, against a full mask in memory drawn as a whole."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import rasterio

from benchmarks.full_mask import FullMaskView
from benchmarks.label_project import CLASSES, SIDE
from benchmarks.label_window import LabelWindow
from benchmarks.mouse import Mouse
from benchmarks.resident import resident_megabytes
from benchmarks.table import ROUNDS, Line, Target, percentile_95
from scripts.repeat_vrt import repeated

COPIES = 10
PAINTED_TILES = 20_000
MOVES = 120
STROKES = 40
FULL_MASK = "numpy mask of 16384 x 16384, cv2, whole view redrawn"
OPEN, FIT = Target(value=1.0), Target(value=0.2)  # seconds
MEMORY_TARGET = 300  # MB


def lines(raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = painted_project(raster, folder)
        window = LabelWindow(folder)
        empty = resident_megabytes()
        yield Line("open the project until its labels are drawn", opening(window, project), target=OPEN)
        yield Line("zoom fully out, labels read and drawn", fitting(window), target=FIT)
        window.show_picture()
        work_a_while(window)
        grown = resident_megabytes() - empty
        yield Line(
            "memory over the empty window, after some work", [grown], unit="MB", target=Target(value=MEMORY_TARGET)
        )
        baseline = full_mask_view(window)
        for diameter in (100, 1000):
            yield painting(window, baseline, diameter)
        yield storing(window, folder)
        yield undoing(window, baseline)
        baseline.close()
        window.close()


def painted_project(raster: Path, folder: Path) -> Path:
    """Return a project on 10 x 10 copies of the raster, made by another process: its memory is not what is measured."""
    vrt, project = folder / "large.vrt", folder / "large.landseg"
    vrt.write_text(repeated(raster, COPIES, COPIES))
    with rasterio.open(vrt) as source:
        rows = math.ceil(PAINTED_TILES / math.ceil(source.width / SIDE))
    command = [sys.executable, "-m", "benchmarks.label_project", str(vrt), str(project), str(rows)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return project


def opening(window: LabelWindow, project: Path) -> list[float]:
    seconds = []
    for round_number in range(ROUNDS):
        if round_number:
            window.close_project()
        seconds.append(window.open(project))
    return seconds


def fitting(window: LabelWindow) -> list[float]:
    return [window.seconds_to_fit() for _ in range(ROUNDS)]


def work_a_while(window: LabelWindow) -> None:
    """Paint with a large brush, and look around."""
    window.take_brush(1000, 1)
    for _ in range(3):
        window.mouse.drag(MOVES).release()
        window.view.pan_by(-1500, -300)
        window.wait_sharp()
    window.project.flush()


def full_mask_view(window: LabelWindow) -> FullMaskView:
    view = window.view.read_view()
    assert view is not None
    baseline = FullMaskView(view.rgb, CLASSES)
    baseline.show()
    return baseline


def painting(window: LabelWindow, baseline: FullMaskView, diameter: int) -> Line:
    """Measure both in turns; each round is a stroke, and counts by its 95th percentile."""
    seconds: tuple[list[float], list[float]] = ([], [])
    other = Mouse(baseline)
    for value in range(ROUNDS + 1):
        window.take_brush(diameter, value)
        baseline.diameter, baseline.value = diameter, value
        for mouse, times in zip((window.mouse, other), seconds, strict=True):
            drag = mouse.drag(MOVES)
            drag.release()
            if value:  # the first round warms up
                times.append(percentile_95(drag.moves))
        window.project.flush()
    return Line(f"mouse move to repaint, brush of {diameter} px, p95", seconds[0], FULL_MASK, seconds[1])


def storing(window: LabelWindow, folder: Path) -> Line:
    """Measure from the release of the button until the stroke is on the disk."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        stored, synced = [], []
        for stroke in range(STROKES):
            window.take_brush(100, stroke % len(CLASSES))
            release = window.mouse.drag(10).release
            start = time.perf_counter()
            release()
            window.project.flush()
            stored.append(time.perf_counter() - start)
            synced.append(seconds_to_sync(folder / "plain"))
        for times, sample in zip(seconds, (stored, synced), strict=True):
            times.append(percentile_95(sample))
    return Line("pointer up to stored, p95", seconds[0], "write and fsync 64 KiB", seconds[1])


def seconds_to_sync(path: Path) -> float:
    start = time.perf_counter()
    with path.open("wb") as file:
        file.write(bytes(2**16))
        os.fsync(file.fileno())
    return time.perf_counter() - start


def undoing(window: LabelWindow, baseline: FullMaskView) -> Line:
    seconds: tuple[list[float], list[float]] = ([], [])
    other = Mouse(baseline)
    for value in range(ROUNDS):
        window.fill(value)
        seconds[0].append(window.seconds_to_undo())
        window.project.flush()
        former = baseline.fill(2048, value)
        seconds[1].append(other.seconds_to_repaint(lambda former=former: baseline.put_back(former)))
    return Line("undo a fill of 4 Mpx, until it is seen", seconds[0], FULL_MASK, seconds[1])
