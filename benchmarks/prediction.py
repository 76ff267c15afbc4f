"""Predicting from file to file: a plain PyTorch loop, ONNX Runtime in the same pipeline, and the machine's limit."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.table import Line, Target, in_turns
from benchmarks.trained import trained
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import Backend, Pixels, Probabilities
from landseg_core.inference.backends.choice import Choice
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.plain_loop import plain_process
from landseg_core.inference.predictor import predict_raster, prepared_backend
from landseg_core.machine import processor_flags
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.source import RasterSource

MATRIX, PRODUCTS = 4096, 8
PRECISION = "bf16" if {"avx512_bf16", "amx_bf16"} & processor_flags() else "fp32"
"""What the processor is quickest in."""
PLAIN, PEER = Choice("torch", "fp32"), Choice("onnxruntime", "fp32")
WAYS = (
    Choice("torch", PRECISION),
    Choice("openvino", PRECISION),
    Choice("openvino", "int8"),
    PEER,
)
OF_ONNXRUNTIME = {PRECISION: 1.7, "int8": 3.0}
BESIDE_NETWORK = 5.0
"""%"""


@dataclass(frozen=True)
class Case:
    """A network, the sides of the squares that all backends map and that the plain loop maps, and what is asked."""

    architecture: str
    side: int
    of_limit: float | None = None
    plain_side: int | None = None
    of_plain: float | None = None
    beside: float | None = None


CASES = (
    Case("unet16", 10**6, of_limit=0.70, plain_side=3072, of_plain=9),
    Case("unet32", 4096, of_limit=0.80, beside=BESIDE_NETWORK),
    Case("unet64", 2048, of_limit=0.80, plain_side=2048, of_plain=4),
    Case("lite0", 4096),
)


def lines(raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder, RasterSource(raster) as source:
        for case in CASES:
            yield from Mapping(trained(case.architecture), source, case.side, Path(folder)).lines(case)


class Mapping:
    """Maps the upper left square of an orthophoto with one network, in all ways."""

    def __init__(self, bundle: ModelBundle, source: RasterSource, side: int, folder: Path) -> None:
        self._bundle, self._source, self._folder = bundle, source, folder
        self._whole = self._square(side)
        self._beside: dict[Choice, list[float]] = defaultdict(list)
        """The share of the time, in %, that was not the network's."""

    def lines(self, case: Case) -> Iterator[Line]:
        """Measure all ways in turns; then the plain loop, on a smaller square where the whole would take hours."""
        ways = list(dict.fromkeys(WAYS))
        rate = matrix_rate(getattr(torch, {"bf16": "bfloat16", "fp32": "float32"}[PRECISION]))
        *own, limits = in_turns([*(partial(self._run, way) for way in ways), rate], warm_up=False)
        times = dict(zip(ways, own, strict=True))
        yield self._of_limit(case, times[Choice("torch", PRECISION)], limits)
        yield from self._of_onnxruntime(case, times)
        yield from self._agreement(case, ways)
        yield self._beside_network(case)
        if case.plain_side:
            yield from self._of_plain(case, self._square(case.plain_side))

    def _square(self, side: int) -> PixelWindow:
        return PixelWindow(0, 0, min(side, self._source.grid.width), min(side, self._source.grid.height))

    def _run(self, way: Choice, window: PixelWindow | None = None) -> float:
        """Return the seconds from file to file; the backend is made before, as the plain loop's network is."""
        options = PredictOptions(
            window=window or self._whole, overwrite=True, device="cpu", backend=way.backend, precision=way.precision
        )
        backend = Watched(prepared_backend(self._bundle, self._source, options))
        start = time.perf_counter()
        predict_raster(self._bundle, self._source, self._map(way), options=options, backend=backend)
        seconds = time.perf_counter() - start
        self._beside[way].append(100 * (1 - backend.spent / seconds))
        return seconds

    def _map(self, way: Choice) -> Path:
        return self._folder / f"{way.backend}-{way.precision}.tif"

    def _told(self, case: Case, window: PixelWindow, what: str) -> str:
        return f"{case.architecture}, {window.pixels / 1e6:.0f} Mpx: {what}"

    def _of_limit(self, case: Case, seconds: Sequence[float], limits: Sequence[float]) -> Line:
        useful = flop_per_px(self._bundle) * self._whole.pixels / 1e9
        return Line(
            self._told(case, self._whole, f"useful GFLOP/s, PyTorch {PRECISION}"),
            [useful / each for each in seconds],
            f"matrix product, {PRECISION}",
            [limit / 1e9 for limit in limits],
            unit="GFLOP/s",
            more=True,
            target=Target(ratio=case.of_limit) if case.of_limit else None,
        )

    def _of_onnxruntime(self, case: Case, times: dict[Choice, list[float]]) -> Iterator[Line]:
        """Compare each way with ONNX Runtime in fp32; the best of a precision has to reach its target."""
        for precision in dict.fromkeys(way.precision for way in times):
            same = [way for way in times if way.precision == precision and way != PEER]
            best = min(same, key=lambda way: statistics.median(times[way]), default=None)
            for way in same:
                asked = OF_ONNXRUNTIME.get(precision) if way == best and case.of_limit else None
                yield Line(
                    self._told(case, self._whole, str(way)),
                    times[way],
                    str(PEER),
                    times[PEER],
                    target=Target(ratio=asked) if asked else None,
                )

    def _agreement(self, case: Case, ways: Sequence[Choice]) -> Iterator[Line]:
        self._run(PLAIN)
        expected = classes(self._map(PLAIN))
        for way in ways:
            if way != PLAIN:
                same = 100 * float((classes(self._map(way)) == expected).mean())
                yield Line(self._told(case, self._whole, f"{way}, px with the class of {PLAIN}"), [same], unit="%")

    def _of_plain(self, case: Case, window: PixelWindow) -> Iterator[Line]:
        way = Choice("torch", PRECISION)
        what = self._bundle, self._source.path, window, self._folder
        with plain_process(*what) as usual, plain_process(*what, tuned=True) as tuned:
            own, usual_times, tuned_times = in_turns([partial(self._run, way, window), usual.run, tuned.run])
        told = self._told(case, window, str(way))
        yield Line(told, own, "plain PyTorch loop", usual_times, target=Target(ratio=case.of_plain))
        yield Line(told, own, "plain PyTorch loop, landseg's allocator", tuned_times)

    def _beside_network(self, case: Case) -> Line:
        """Return the share of PyTorch's time that is not the network's."""
        target = Target(value=case.beside) if case.beside else None
        shares = self._beside[Choice("torch", PRECISION)]
        return Line(self._told(case, self._whole, "all but the network"), shares, unit="%", target=target)


class Watched:
    """A backend, and the seconds `spent` in it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.spent = 0.0
        self.classes, self.field = backend.classes, backend.field

    def probabilities(self, pixels: Pixels) -> Probabilities:
        start = time.perf_counter()
        answer = self._backend.probabilities(pixels)
        self.spent += time.perf_counter() - start
        return answer


def classes(path: Path) -> np.ndarray[Any, Any]:
    with rasterio.open(path) as source:
        values: np.ndarray[Any, Any] = source.read(1)
    return values


def matrix_rate(dtype: torch.dtype) -> Callable[[], float]:
    """Return what measures the FLOP/s that the machine sustains in matrix products."""
    left, right = (torch.randn(MATRIX, MATRIX).to(dtype) for _ in range(2))

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(PRODUCTS):
            torch.mm(left, right)
        return PRODUCTS * 2 * MATRIX**3 / (time.perf_counter() - start)

    return measure


def flop_per_px(bundle: ModelBundle) -> float:
    """Return the network's floating-point operations per pixel, multiplication and addition counted as two."""
    side = 512
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        bundle.build()(torch.zeros(1, len(bundle.header.bands), side, side))
    return float(counter.get_total_flops()) / side**2
