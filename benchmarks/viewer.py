"""Drawing 1.4 Gpx with a class map over it: panning, zooming, opacity, classes, frames beside other work."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from rasterio.enums import Resampling

from benchmarks.label_project import CLASSES, painted_tile
from benchmarks.labels import resident_megabytes
from benchmarks.mouse import PaintCounter, wait_until
from benchmarks.table import ROUNDS, Line, Target
from benchmarks.targets import CLASSES as TARGET_CLASSES
from benchmarks.trained import KEPT, data_set, trained
from benchmarks.window import BareWindow
from landseg_core.labels.classes import load_classes
from landseg_core.labels.mask_classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapWriter
from landseg_core.training.config import TrainConfig
from landseg_gui.jobs.predict import predictions_work
from landseg_gui.jobs.requests import Folders, PredictRequest, TrainRequest
from landseg_gui.jobs.runner import Job
from landseg_gui.jobs.train import training_work
from landseg_gui.viewer.layer import MaskLayer
from scripts.repeat_vrt import repeated

COPIES = 5
STEPS = 120
TICK_MS = 16
FRAME_SECONDS = 10
PANNING_MINUTES = 10


def lines(raster: Path) -> Iterator[Line]:
    platform = QGuiApplication.platformName() if QGuiApplication.instance() else os.environ.get("QT_QPA_PLATFORM", "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture, mask = giga_picture(raster, folder), giga_map(raster, folder)
        yield from first_pictures(raster, folder)
        window = ViewerWindow(folder, picture, mask)
        yield from panning(window)
        yield from restyling(window)
        yield from zooming(window)
        yield from frames(window, raster, folder)
        yield memory(window)
        window.close()


def giga_picture(raster: Path, folder: Path) -> Path:
    path = folder / "giga.vrt"
    path.write_text(repeated(raster, COPIES, COPIES))
    return path


def giga_map(picture: Path, folder: Path) -> Path:
    """Write a map of all classes on the picture's grid, with overviews, as a prediction does."""
    path, patterns = folder / "giga_map.tif", [painted_tile(seed) for seed in range(8)]
    with RasterSource(picture) as source, OutputFiles() as outputs:
        with MapWriter(outputs, path, source.grid, class_map_info(CLASSES)) as writer:
            for number, window in enumerate(source.grid.window.tiles(512)):
                writer.write(window, patterns[number % 8][: window.height, : window.width])
    return path


class ViewerWindow(BareWindow):
    """The window on the large picture and its map."""

    def __init__(self, folder: Path, picture: Path, mask: Path) -> None:
        super().__init__(folder)
        self.session.open_files([picture, mask])
        wait_until(lambda: bool(self.session.layers.masks))
        self.wait_idle()  # overviews are built once; they are not what is measured here
        self.wait_sharp()
        self.painted = PaintCounter(self.view.viewport())

    @property
    def mask(self) -> MaskLayer:
        """Return the map's layer."""
        return self.session.layers.masks[0]

    def seconds(self, act: Callable[[], object]) -> float:
        """Return how long it takes until `act` is seen."""
        return self.mouse.seconds_to_repaint(act)

    def go_to(self, scale: float) -> None:
        """Show the middle at `scale`, and wait until it is sharp."""
        grid = self.session.layers.image.grid
        self.view.centre_on(grid.width / 2, grid.height / 2, scale)
        self.wait_sharp()


def percentile(seconds: list[float]) -> float:
    """Return the 95th percentile in ms."""
    return 1000 * float(np.percentile(seconds, 95))


def panning(window: ViewerWindow) -> Iterator[Line]:
    for name, scale, most in (("at 1:1", 1.0, 6), ("between levels", 0.37, 12)):
        rounds = []
        for _ in range(ROUNDS):
            window.go_to(scale)
            rounds.append(percentile([window.seconds(partial(window.view.pan_by, -9, -5)) for _ in range(STEPS)]))
        yield Line(f"pan {name}, p95", rounds, unit="ms", target=Target(value=most))


def restyling(window: ViewerWindow) -> Iterator[Line]:
    window.go_to(1.0)
    rounds = [
        percentile(
            [window.seconds(partial(setattr, window.mask, "opacity", 0.2 + step / 200)) for step in range(STEPS)]
        )
        for _ in range(ROUNDS)
    ]
    yield Line("opacity, p95", rounds, unit="ms", target=Target(value=6))
    value = CLASSES.values[1]
    thread, last = [], []
    for number in range(ROUNDS * 4):
        before, start = window.painted.count, time.perf_counter()
        window.mask.set_class_visible(value, visible=bool(number % 2))
        thread.append(1000 * (time.perf_counter() - start))
        wait_until(lambda: window.painted.count > before and window.view.canvas.is_sharp)  # noqa: B023 # run at once
        QApplication.processEvents()
        last.append(1000 * (time.perf_counter() - start))
    yield Line("class on or off, in the window's thread", thread, unit="ms", target=Target(value=6))
    yield Line("class on or off, until the last tile is recoloured", last, unit="ms", target=Target(value=60))


def zooming(window: ViewerWindow) -> Iterator[Line]:
    first, last = [], []
    for _ in range(ROUNDS):
        window.view.fit()
        window.wait_sharp()
        grid = window.session.layers.image.grid
        window.view.centre_on(
            *(random.uniform(0.2, 0.8) * side for side in (grid.width, grid.height)), window.view.scale_factor
        )
        start = time.perf_counter()
        while window.view.scale_factor < 1:
            window.view.zoom_to(min(1.0, window.view.scale_factor * 2**0.5))
            QApplication.processEvents()
        wait_until(lambda: window.view.canvas.sharp_count > 0)
        first.append(1000 * (time.perf_counter() - start))
        window.wait_sharp()
        last.append(1000 * (time.perf_counter() - start))
    yield Line("zoom from all to 1:1, until the first sharp tile", first, unit="ms")
    yield Line("zoom from all to 1:1, until all is sharp", last, unit="ms")


class Frames:
    """Pans at every tick of a timer, as a hand does, and notes when the picture was painted."""

    def __init__(self, window: ViewerWindow) -> None:
        self._window = window
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._pan)
        self._ticks = 0

    def _pan(self) -> None:
        self._ticks += 1
        across, down = (6, 3) if self._ticks // 200 % 2 else (-6, -3)
        self._window.view.pan_by(across, down)

    def intervals(self, seconds: float) -> list[float]:
        """Return the seconds from one painted frame to the next."""
        window, times = self._window, [time.perf_counter()]
        self._timer.start()
        while times[-1] < times[0] + seconds:
            before = window.painted.count
            wait_until(lambda: window.painted.count > before)  # noqa: B023 # run at once
            times.append(time.perf_counter())
        self._timer.stop()
        return list(np.diff(times))


def frames(window: ViewerWindow, raster: Path, folder: Path) -> Iterator[Line]:
    window.go_to(1.0)
    idle = [percentile(Frames(window).intervals(FRAME_SECONDS)) for _ in range(ROUNDS)]
    yield Line("frame interval while panning, idle, p95", idle, unit="ms")
    for name, start in (("trains", start_training), ("predicts", start_predicting)):
        job, events = start(window, raster, folder), []
        job.event.connect(events.append)
        wait_until(lambda: len(events) > 5)  # noqa: B023 # torch is loaded, and the network at work
        busy = [percentile(Frames(window).intervals(FRAME_SECONDS)) for _ in range(ROUNDS)]
        job.stop()
        window.wait_idle()
        yield Line(f"the same while unet16 {name}, p95", busy, "idle", idle, "ms", target=Target(value=33))


def start_training(window: ViewerWindow, _raster: Path, folder: Path) -> Job:
    where = data_set()
    source = Folders(where.folder / "images", where.masks, where.lists / "train.txt", where.lists / "val.txt")
    config = TrainConfig(model="unet16", epochs=100)
    request = TrainRequest(source, load_classes(TARGET_CLASSES), config, folder / "run")
    return window.runner.start("Train", training_work(request))


def start_predicting(window: ViewerWindow, raster: Path, folder: Path) -> Job:
    trained("unet16")
    picture = folder / "giga.vrt"
    request = PredictRequest(
        KEPT / "unet16", picture, folder / "map.tif", None, None, tile=1024, overlap=128, device="cpu", backend="torch"
    )
    return window.runner.start("Predict", predictions_work([request]))


def memory(window: ViewerWindow) -> Line:
    """Pan at random for ten minutes; return the memory at the end, against that after the first minute."""
    window.go_to(1.0)
    grid, random_places = window.session.layers.image.grid, random.Random(0)
    start, first = time.monotonic(), 0.0
    while time.monotonic() < start + 60 * PANNING_MINUTES:
        place = (random_places.random() * grid.width, random_places.random() * grid.height)
        window.view.centre_on(*place, random_places.choice((0.1, 0.37, 1.0)))
        for _ in range(30):
            window.view.pan_by(-12, -7)
            QApplication.processEvents()
        window.wait_sharp()
        if not first and time.monotonic() > start + 60:
            first = resident_megabytes()
    told = f"memory after {PANNING_MINUTES} minutes of panning"
    return Line(told, [resident_megabytes()], "after the first", [first], "MB", target=Target(ratio=1 / 1.1))


def first_pictures(raster: Path, folder: Path) -> Iterator[Line]:
    """Open files in a window that is there already, and wait for a picture; each has no pyramid in the cache yet."""
    with_overviews = folder / "overviews.tif"
    copy_with_overviews(raster, with_overviews)
    without = folder / "plain.vrt"
    without.write_text(repeated(raster, COPIES + 1, COPIES))
    for name, path, most in (("with overviews", with_overviews, 0.25), ("without overviews, 1.7 Gpx", without, 0.5)):
        seconds = []
        for number in range(ROUNDS):
            window = BareWindow(folder / f"first-{number}")
            start = time.perf_counter()
            window.session.open_files([path])
            wait_until(lambda: window.session.layers.image is not None and window.view.canvas.shows_something)  # noqa: B023
            QApplication.processEvents()
            seconds.append(time.perf_counter() - start)
            for job in window.session.background_jobs:
                job.stop()
            window.wait_idle()
            window.close()
        yield Line(f"first picture of a file {name}", seconds, target=Target(value=most))


def copy_with_overviews(source: Path, target: Path) -> None:
    with rasterio.open(source) as read:
        profile = read.profile | {"driver": "GTiff", "tiled": True, "blockxsize": 512, "blockysize": 512}
        with rasterio.open(target, "w", **profile) as written:
            for _, window in written.block_windows(1):
                written.write(read.read(window=window), window=window)
    with rasterio.open(target, "r+") as written:
        written.build_overviews([2, 4, 8, 16], Resampling.average)
