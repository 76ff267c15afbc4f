"""What the window holds after one prediction of the part in view, and after fifty, each a layer of its own."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
from PySide6.QtWidgets import QApplication

from benchmarks.mouse import wait_until
from benchmarks.resident import resident_megabytes
from benchmarks.table import Line, Target
from benchmarks.trained import KEPT, trained
from benchmarks.window import BareWindow
from landseg_core.allocator import give_back_memory
from landseg_core.raster.files.map_files import MapFiles
from landseg_core.tasks.predict import PlannedMap, PredictTask
from landseg_gui.workflows.predict import PredictFlow

PREDICTIONS = 50
MOST_MEGABYTES, MOST_HANDLES = 150, 16


class Held(NamedTuple):
    """What the process holds."""

    megabytes: float
    handles: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        give_back_memory()
        return cls(resident_megabytes(), psutil.Process().num_fds())


class PredictedView:
    """A window on the middle of a raster at 1:1, the part in sight of which is predicted again and again."""

    def __init__(self, raster: Path, model: Path, folder: Path) -> None:
        self._raster, self._model, self._folder = raster, model, folder
        self._window = BareWindow(folder)
        self._flow = PredictFlow(self._window.session, self._window.runner, self._window.view.view_window)
        view, layers = self._window.view, self._window.session.layers
        self._window.session.files.open([raster])
        wait_until(lambda: layers.image is not None)
        view.centre_on(view.image.grid.width / 2, view.image.grid.height / 2, 1.0)
        self._settle()

    def predict(self, number: int) -> None:
        """Make the map of this number, and wait until its layer is seen."""
        mask, view = (
            MapFiles.numbered(self._folder, self._raster.stem, number).mask,
            self._window.view.view_window(),
        )
        maps = (PlannedMap(self._raster, mask),)
        self._flow.start(PredictTask(model=self._model, maps=maps, window=view, tile=512, device="cpu"))
        wait_until(lambda: len(self._window.session.layers.masks) == number)
        self._settle()

    def _settle(self) -> None:
        self._window.wait_idle()
        self._window.wait_sharp()
        QApplication.processEvents()

    def close(self) -> None:
        self._window.close()


def lines(raster: Path) -> Iterator[Line]:
    trained("unet16")
    with tempfile.TemporaryDirectory() as name:
        window = PredictedView(raster, KEPT / "unet16", Path(name))
        yield from growth(window, PREDICTIONS)
        window.close()


def growth(window: PredictedView, predictions: int) -> Iterator[Line]:
    """Predict so often; tell what the first prediction's layer and those after it made the process hold more."""
    window.predict(1)
    first = Held.now()
    for number in range(2, predictions + 1):
        window.predict(number)
    last = Held.now()
    what = f"of {predictions} predictions of the part in view, above the first"
    more = last.megabytes - first.megabytes
    yield Line(f"memory {what}", [more], unit="MB", target=Target(value=MOST_MEGABYTES))
    yield Line(f"file handles {what}", [last.handles - first.handles], unit="", target=Target(value=MOST_HANDLES))
