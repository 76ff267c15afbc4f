"""Learning and predicting on a graphics card: speed, how busy it is, and what holds it up."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from benchmarks.card_time import card_time
from benchmarks.learning import LandsegSteps, chips_ahead, landseg_steps, synchronise, training_set
from benchmarks.plain_learning import PlainSteps, write_chips
from benchmarks.table import ROUNDS, Line, Target, in_turns
from landseg_core.compute.devices import precision_for
from landseg_core.compute.memory import free_cache
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import JobStopped
from landseg_core.events import EpochFinished, Event, JobControl
from landseg_core.geo.tiling import sliding_windows
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import Pixels, Probabilities
from landseg_core.inference.backends.catalog import BACKENDS
from landseg_core.inference.backends.torch_backend import TorchBackend
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.output_files import OutputFiles
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import pixel_view
from landseg_core.raster.writer import MAP_BLOCK, MapWriter
from landseg_core.runs.config import TrainConfig
from landseg_core.training.network import Network
from landseg_core.training.trainer import Trainer

MOST_IDLE = 10
"""The share of the time, in %, in which the card may compute nothing while the largest network learns."""


WARM_UP = 2
"""Steps that are not counted, at the beginning of each round."""


@dataclass(frozen=True)
class Load:
    """What the card is given: networks, the largest last; chips; steps and rounds; the side of a tile in px."""

    networks: tuple[str, ...] = ("unet16", "unet32", "unet64")
    batch: int = 16
    chip: int = 512
    steps: int = 15
    rounds: int = ROUNDS
    tile: int = 1024
    device: str = "cuda"

    def config(self, architecture: str) -> TrainConfig:
        return TrainConfig(model=architecture, epochs=2, batch=self.batch, chip=self.chip, device=self.device)


def lines(raster: Path) -> Iterator[Line]:
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties()
        yield Line(f"{card.name}: its memory", [card.total_memory / 2**30], unit="GiB")
        yield from lines_under(Load(), raster)
    else:
        yield Line("no graphics card here: nothing is measured on one", [0], unit="-")


def lines_under(load: Load, raster: Path) -> Iterator[Line]:
    """Yield all lines; what fails tells so on stderr, and the others go on: a card is not at hand every day."""
    data = training_set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_chips(data, load.chip, folder / "chips")
        yield from _surely(lambda: drawing(load, data))
        models: dict[str, ModelBundle] = {}
        for architecture in load.networks:
            yield from _surely(partial(learning, load, architecture, data, folder / "chips", models))
        yield from _surely(lambda: beside_network(load, raster, folder, data))
        for architecture, bundle in models.items():
            yield from _surely(partial(predicting, load, architecture, bundle, raster, folder))
        yield from _surely(lambda: whole_run(load, data, folder))


def _surely(make: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    start = time.perf_counter()
    try:
        yield from make()
    except Exception:  # noqa: BLE001 - whatever it is, the lines that follow must not be lost for it
        traceback.print_exc()
    print(f"that took {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    gc.collect()
    free_cache()


def drawing(load: Load, data: TrainingData) -> Iterator[Line]:
    """Yield how quickly chips are drawn where nothing learns from them."""
    config, device = load.config(load.networks[0]), torch.device(load.device)
    model = build_model(config.model, len(data.bands), len(data.schema))
    with chips_ahead(config, data, Network(model, Normalisation((0,), (1,)), device, precision_for(device))) as batches:

        def draw() -> float:
            start = time.perf_counter()
            for _ in range(load.steps):
                next(batches)
            return load.steps * load.batch / (time.perf_counter() - start)

        (speeds,) = in_turns([draw], load.rounds)
    yield _rate(f"drawing chips of {load.chip} px alone", speeds, "images/s")


def _rate(name: str, values: Sequence[float], unit: str = "Mpx/s") -> Line:
    return Line(name, values, unit=unit, more=True)


def learning(
    load: Load, architecture: str, data: TrainingData, chips: Path, models: dict[str, ModelBundle]
) -> Iterator[Line]:
    """Yield speed, idle time and memory of a network that learns, beside a plain loop; `models` gets what it learnt."""
    config, device = load.config(architecture), torch.device(load.device)
    precision = precision_for(device).name
    plain = PlainSteps(architecture, len(data.schema), load.batch, chips, device)
    with landseg_steps(config, data) as own:
        works = [partial(_images_per_s, load, run) for run in (own.run, plain.run, own.run_same_batch)]
        speeds, plain_speeds, same_batch = in_turns(works, load.rounds)
        waits = own.waits[1::2][1:]  # without those of warming up, and the round that does not count
        models[architecture] = own.bundle()
        name = f"{architecture}, {precision}, steps of {load.batch} chips of {load.chip} px"
        yield Line(name, speeds, "plain loop, fp32, NCHW, PNG chips", plain_speeds, unit="images/s", more=True)
        yield _rate(f"{architecture}: the same batch again and again", same_batch, "images/s")
        yield Line(f"{architecture}: waiting for chips", [100 * share for share in waits], unit="%")
        if device.type == "cuda":
            yield from _on_card(load, architecture, own, plain, [speeds, plain_speeds])


def _images_per_s(load: Load, run: Callable[[int], float]) -> float:
    """Return the speed of a loop that has the card's memory to itself, and took what it needs of it."""
    free_cache()
    run(WARM_UP)
    return load.steps * load.batch / run(load.steps)


def _on_card(
    load: Load, architecture: str, own: LandsegSteps, plain: PlainSteps, speeds: list[list[float]]
) -> Iterator[Line]:
    """Yield how long the card idles at these speeds, and the most memory that each loop holds on it."""
    idle, peaks = [], []
    for run, rounds in zip((own.run, plain.run), speeds, strict=True):
        free_cache()
        held = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        time_on_card = card_time(partial(run, load.steps))
        peaks.append((torch.cuda.max_memory_allocated() - held) / 2**20)
        busy = time_on_card.computing / (load.steps * load.batch)
        idle.append([100 * (1 - busy * speed) for speed in rounds])
        print(
            f"{architecture}, {1000 * time_on_card.computing / load.steps:.2f} ms of kernels and "
            f"{1000 * time_on_card.copying / load.steps:.2f} ms of copies a step, of it:",
            *(f"{1000 * seconds / load.steps:8.3f} ms {name[:110]}" for name, seconds in time_on_card.longest),
            sep="\n",
            file=sys.stderr,
        )
    target = Target(value=MOST_IDLE) if architecture == load.networks[-1] else None
    yield Line(f"{architecture}: time without a kernel on the card", idle[0], "plain loop", idle[1], "%", target=target)
    yield Line(
        f"{architecture}: most memory on the card beside weights and moments",
        [peaks[0]],
        "plain loop",
        [peaks[1]],
        unit="MiB",
    )


def predicting(load: Load, architecture: str, bundle: ModelBundle, raster: Path, folder: Path) -> Iterator[Line]:
    """Yield the speed from file to file, of windows to probabilities in memory, and of the network alone."""
    backend = TorchBackend(bundle, load.device)
    with RasterSource(raster) as source:
        pixels = source.read(PixelWindow(0, 0, load.tile, load.tile), bundle.header.bands)
        works = [
            partial(_whole, load, bundle, source, folder / "map.tif"),
            partial(_again, lambda: backend.probabilities(pixels), pixels),
            partial(_again, partial(backend.scores, torch.from_numpy(pixels[None]).to(load.device)), pixels),
        ]
        whole, windows, network = in_turns(works, load.rounds)
        size = f"{source.grid.width} x {source.grid.height} px"
    yield _rate(f"{architecture}: predicting {size}, file to file", whole)
    yield _rate(f"{architecture}: windows of {load.tile} px, memory to memory", windows)
    yield _rate(f"{architecture}: the network alone, such windows on the device", network)


def _whole(load: Load, bundle: ModelBundle, source: RasterSource, out: Path) -> float:
    """Predict all of `source`; return the Mpx per second."""
    options = PredictOptions(tile=load.tile, device=load.device, backend="torch", overwrite=True)
    start = time.perf_counter()
    predict_raster(bundle, source, out, options=options)
    return source.grid.window.pixels / 1e6 / (time.perf_counter() - start)


def _again(work: Callable[[], object], pixels: Pixels, times: int = 20) -> float:
    """Do some work on `pixels` again and again; return the Mpx per second."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    if torch.cuda.is_available():
        synchronise(torch.device("cuda"))
    return times * pixels[0].size / 1e6 / (time.perf_counter() - start)


class Answered:
    """A backend that has its answers ready: what is left of a prediction is reading, blending and writing."""

    def __init__(self, backend: TorchBackend) -> None:
        self.classes, self.field = backend.classes, backend.field
        self._answers: dict[tuple[int, ...], Probabilities] = {}

    def probabilities(self, pixels: Pixels) -> Probabilities:
        size = pixels.shape[1:]
        if size not in self._answers:
            regions = np.arange(self.classes)[:, None, None] == (np.indices(size).sum(0) // 100) % self.classes
            self._answers[size] = regions.astype(np.float32)
        return self._answers[size].copy()


def beside_network(load: Load, raster: Path, folder: Path, data: TrainingData) -> Iterator[Line]:
    """Yield the speed of what is not the network: all of it as in a prediction, reading alone, writing alone."""
    with landseg_steps(load.config(load.networks[0]), data) as own:
        bundle = own.bundle()
    kind = replace(BACKENDS["torch"], make=lambda *_: Answered(TorchBackend(bundle, load.device)))
    with RasterSource(raster) as source, mock.patch.dict(BACKENDS, torch=kind):
        out = folder / "answered.tif"
        whole, read, written = in_turns(
            [
                partial(_whole, load, bundle, source, out),
                partial(_read, load, source, bundle.header.bands),
                partial(_written, source, bundle, out, folder / "copy.tif"),
            ],
            load.rounds,
        )
    yield _rate("predicting without a network: read, blend, write", whole)
    yield _rate(f"reading alone, windows of {load.tile} px side by side", read)
    yield _rate("writing a map alone, overviews included", written)


def _read(load: Load, source: RasterSource, bands: tuple[int, ...]) -> float:
    view = pixel_view(source, bands)
    start = time.perf_counter()
    for window in sliding_windows(source.grid.width, source.grid.height, load.tile, overlap=0):
        view.read(window)
    return source.grid.window.pixels / 1e6 / (time.perf_counter() - start)


def _written(source: RasterSource, bundle: ModelBundle, made: Path, out: Path) -> float:
    """Write a map that was `made` again, strip by strip."""
    with RasterSource(made) as ready:
        values = ready.read(ready.grid.window)[0]
    start = time.perf_counter()
    info = class_map_info(bundle.header.schema)
    with OutputFiles(overwrite=True) as outputs, MapWriter(outputs, out, source.grid, info) as writer:
        for top in range(0, source.grid.height, MAP_BLOCK):
            strip = values[top : top + MAP_BLOCK]
            writer.write(PixelWindow(0, top, source.grid.width, len(strip)), strip)
    return source.grid.window.pixels / 1e6 / (time.perf_counter() - start)


def whole_run(load: Load, data: TrainingData, folder: Path) -> Iterator[Line]:
    """Yield the seconds of a run that is stopped after its first epoch and resumed to its end."""
    config, control, run = load.config(load.networks[0]), JobControl(), folder / "run"

    def stop(event: Event) -> None:
        if isinstance(event, EpochFinished):
            control.stop()

    start = time.perf_counter()
    with suppress(JobStopped):
        Trainer(config, run).fit(data, stop, control)
    result = Trainer(config, run, resume=True).fit(data)
    assert result.reason == "finished"
    yield Line(f"{config.model}: a run of 2 epochs, resumed after the first", [time.perf_counter() - start])
