"""How fast this computer predicts: every backend, in every precision, compared with a plain PyTorch loop."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.catalog import BACKENDS
from landseg_core.inference.backends.choice import Choice
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.plain_loop import plain_process
from landseg_core.inference.predictor import predict_raster, prepared_backend
from landseg_core.leftovers import scratch_folder
from landseg_core.progress import ProgressMeter
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle


@dataclass(frozen=True)
class Speed:
    """The throughput of a backend: px per second, from file to file, in each round; or its `problem`.

    Preparing it, including the calibration of int8, is not counted: `preparation_s` is the time for that.
    `ratios` are those to the plain loop of the same round, `agreement` the share of px with the same class as from
    PyTorch in float32.
    """

    choice: Choice
    px_per_s: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    preparation_s: tuple[float, ...] = ()
    agreement: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Speeds:
    """The throughput of all backends on `pixels` px, and of the plain loop."""

    pixels: int
    plain_px_per_s: tuple[float, ...]
    backends: tuple[Speed, ...]


def every_choice() -> list[Choice]:
    """Return all backends in all their precisions, installed or not."""
    return [Choice(name, precision) for name, kind in BACKENDS.items() for precision in kind.precisions]


def measure_speeds(
    bundle: ModelBundle,
    source: RasterSource,
    window: PixelWindow,
    rounds: int = 5,
    choices: Sequence[Choice] | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> Speeds:
    """Predict `window` of `source` from file to file with the plain loop and with each of the choices, alternately.

    A warm-up round comes first.

    Raises:
        RasterError: the raster cannot be read.
        OutputError: there is no room for the maps.
        ModelError: the plain loop cannot predict the window.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    with scratch_folder(Path(tempfile.gettempdir())) as folder:
        runners = {
            choice: _Runner(bundle, source, window, choice, folder, control) for choice in choices or every_choice()
        }
        meter = ProgressMeter("measuring", (rounds + 1) * (len(runners) + 1), on_event)
        times: dict[Choice | None, list[float]] = {None: [], **{choice: [] for choice in runners}}
        with plain_process(bundle, source.path, window, folder) as plain:
            for number in range(rounds + 1):
                for choice, work in [(None, plain.run), *_able(runners)]:
                    seconds = work()
                    meter.add(1)
                    control.checkpoint()
                    if number:
                        times[choice].append(seconds)
        return _gathered(times, runners, window.pixels)


def _able(runners: dict[Choice, _Runner]) -> Iterator[tuple[Choice, Callable[[], float]]]:
    """Yield those without a problem so far, and what runs them."""
    return ((choice, runner.run) for choice, runner in runners.items() if runner.problem is None)


def _gathered(times: dict[Choice | None, list[float]], runners: dict[Choice, _Runner], pixels: int) -> Speeds:
    expected = next((runner.classes() for choice, runner in runners.items() if choice.precision == "fp32"), None)
    speeds = []
    for choice, runner in runners.items():
        if runner.problem is not None:
            speeds.append(Speed(choice, problem=runner.problem))
            continue
        throughput = tuple(pixels / seconds for seconds in times[choice])
        ratios = tuple(slow / quick for slow, quick in zip(times[None], times[choice], strict=True))
        agreement = None if expected is None else float((runner.classes() == expected).mean())
        speeds.append(Speed(choice, throughput, ratios, tuple(runner.preparation_s), agreement))
    return Speeds(pixels, tuple(pixels / seconds for seconds in times[None]), tuple(speeds))


class _Runner:
    """Predicts with one choice; after the first `problem` it is not run again."""

    def __init__(
        self,
        bundle: ModelBundle,
        source: RasterSource,
        window: PixelWindow,
        choice: Choice,
        folder: Path,
        control: JobControl,
    ) -> None:
        self._bundle, self._source, self._control = bundle, source, control
        self._map = folder / f"{choice.backend}-{choice.precision}.tif"
        self._options = PredictOptions(
            window=window, overwrite=True, device="cpu", backend=choice.backend, precision=choice.precision
        )
        self.preparation_s: list[float] = []
        self.problem: str | None = None

    def run(self) -> float:
        """Return the seconds that the map takes once the backend, which is recreated to limit memory, is ready."""
        try:
            start = time.perf_counter()
            backend = prepared_backend(self._bundle, self._source, self._options)
            ready = time.perf_counter()
            predict_raster(
                self._bundle, self._source, self._map, None, self._options, control=self._control, backend=backend
            )
        except LandsegError as error:
            self.problem = str(error)
            return math.nan
        self.preparation_s.append(ready - start)
        return time.perf_counter() - ready

    def classes(self) -> np.ndarray[Any, Any]:
        with open_dataset(self._map) as written:
            values: np.ndarray[Any, Any] = written.read(1)
        return values
