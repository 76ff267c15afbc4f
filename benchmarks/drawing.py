"""Drawing 1.4 Gpx with a class map over it: panning, zooming, opacity, classes, memory, frames beside other work."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.frames import frames_beside_jobs
from benchmarks.label_project import CLASSES
from benchmarks.picture_window import PictureWindow, giga_map, giga_picture
from benchmarks.resident import resident_megabytes
from benchmarks.table import ROUNDS, Line, Target, percentile_95
from landseg_gui.viewer.layer import MaskLayer

STEPS = 120
TOGGLES = 20
PANNING_SECONDS = float(os.environ.get("LANDSEG_BENCH_PANNING", "600"))
"""How long the memory is watched; shorter for a trial."""


def lines(raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = giga_picture(raster, folder / "giga.vrt")
        window = PictureWindow(folder, [picture, giga_map(picture, folder / "giga_map.tif")])
        for part in (panning, opacity, toggling, zooming):
            yield from part(window)
        yield memory(window)  # before torch is loaded, beside whose memory a leak would not be seen
        yield from frames_beside_jobs(window, picture, folder)
        window.close()


def slowest(window: PictureWindow, act: Callable[[int], object]) -> float:
    """Return the 95th percentile of the ms until each of many steps is seen."""
    return 1000 * percentile_95([window.mouse.seconds_to_repaint(partial(act, step)) for step in range(STEPS)])


def panning(window: PictureWindow) -> Iterator[Line]:
    for name, scale, most in (("at 1:1", 1.0, 6), ("between levels", 0.37, 12)):
        rounds = []
        for _ in range(ROUNDS):
            window.go_to(scale)
            rounds.append(slowest(window, lambda _step: window.view.pan_by(-9, -5)))
        yield Line(f"pan {name}, p95", rounds, unit="ms", target=Target(value=most))


def opacity(window: PictureWindow) -> Iterator[Line]:
    for name, scale in (("at 1:1", 1.0), ("between levels", 0.37), ("all in sight", None)):
        window.go_to(scale)
        rounds = [slowest(window, lambda step: fade(window.mask, step)) for _ in range(ROUNDS)]
        yield Line(f"opacity {name}, p95", rounds, unit="ms", target=Target(value=6))


def fade(mask: MaskLayer, step: int) -> None:
    """Give a layer another opacity at each step: in whole percent, as the slider of its panel has it."""
    mask.opacity = (20 + step % 60) / 100


def toggling(window: PictureWindow) -> Iterator[Line]:
    """Close and open the eye of a class: how long the window's thread is held up, and when the last tile follows."""
    window.go_to(1.0)
    called, seen = [], []
    for number in range(TOGGLES):
        start = time.perf_counter()
        window.mask.set_class_visible(CLASSES.values[1], visible=bool(number % 2))
        called.append(1000 * (time.perf_counter() - start))
        window.wait_recoloured()
        seen.append(1000 * (time.perf_counter() - start))
    yield Line("class on or off, in the window's thread", called, unit="ms", target=Target(value=6))
    yield Line("class on or off, until the last tile is seen", seen, unit="ms", target=Target(value=60))


def zooming(window: PictureWindow) -> Iterator[Line]:
    """Turn the wheel from all to 1:1 as quickly as it goes, each time to another place that no cache holds."""
    first, last = [], []
    places = random.Random(0)
    for _ in range(ROUNDS):
        window.go_to(None)
        at = window.place_in_view(places.uniform(0.2, 0.8), places.uniform(0.2, 0.8))
        start = time.perf_counter()
        while window.view.scale_factor < 1:
            window.view.zoom_to(min(1.0, window.view.scale_factor * 2**0.5), at)
            QApplication.processEvents()
        window.wait_for_sharp_tile()
        first.append(time.perf_counter() - start)
        window.wait_sharp()
        last.append(time.perf_counter() - start)
    yield Line("zoom from all to 1:1, until the first sharp tile", first)
    yield Line("zoom from all to 1:1, until all is sharp", last)


def memory(window: PictureWindow) -> Line:
    """Look around at random; return the memory at the end, against that after a tenth of the time."""
    grid, places = window.view.image.grid, random.Random(0)
    begin, early = time.monotonic(), 0.0
    while (passed := time.monotonic() - begin) < PANNING_SECONDS:
        early = early or (resident_megabytes() if passed > PANNING_SECONDS / 10 else 0.0)
        place = places.random() * grid.width, places.random() * grid.height
        window.view.centre_on(*place, places.choice((0.1, 0.37, 1.0)))
        for _ in range(30):
            window.view.pan_by(-12, -7)
            QApplication.processEvents()
        window.wait_sharp()
    return Line(
        f"memory after {PANNING_SECONDS / 60:g} minutes of panning",
        [resident_megabytes()],
        f"after {PANNING_SECONDS / 600:g}",
        [early],
        "MB",
        target=Target(ratio=1 / 1.1),
    )
