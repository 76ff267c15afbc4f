"""From a model and a raster to a land-cover map on disk. Importing this loads no torch; predicting does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import Backend, BackendRequest
from landseg_core.inference.backends.choice import chosen_backend, possible, runnable
from landseg_core.inference.backends.memory import BenchmarkCache, trial_question
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.compatibility import band_notices, compatibility_notices, input_size
from landseg_core.inference.maps import CONFIDENCE_INFO, MapSink, Values, class_values, confidences
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.samples import sample_windows
from landseg_core.inference.tiled import TiledPredictor
from landseg_core.inference.work import prediction_work, throughput_question
from landseg_core.input_files import AnyPath
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.limits import require_agreed
from landseg_core.models.compatibility import alpha_notices, check_compatible
from landseg_core.output_files import OutputFiles
from landseg_core.progress import ProgressMeter
from landseg_core.raster.placement import chosen_window
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import NativeView, pixel_view
from landseg_core.raster.writer import MapInfo, MapWriter

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle

WORTH_A_TRIAL = 20_000_000
"""Number of px from which a trial of the backends may pay: below, it takes longer than it saves."""
_MEASURED_SECONDS = 2.0
"""Predictions that take longer measure this computer's throughput."""
_DEFAULTS = PredictOptions()


def prepared_backend(
    bundle: ModelBundle, source: RasterSource, options: PredictOptions, on_event: OnEvent = ignore_event
) -> Backend:
    """Return the backend that runs the network on `source`: that of the options, or the fastest of a trial.

    Raises:
        ModelError: model and raster are not compatible, or the backend is not available or cannot run the model.
        RasterError: the raster cannot be read, or the window reaches beyond it.
        DeviceError: this computer has no such device.
    """
    header = bundle.header
    bands = check_compatible(header, source, options.bands)
    view = pixel_view(source, bands, input_size(header, source, options.resolution))
    candidates = possible(options.device, runnable(bundle, options.backend), options.precision)  # loads torch
    memory = BenchmarkCache.of_user()
    backend = chosen_backend(
        BackendRequest(bundle, cache(partial(sample_windows, view)), options.device, options.tta),
        candidates,
        on_event,
        memory,
        worth_a_trial=chosen_window(source, options.window).pixels >= WORTH_A_TRIAL,
    )
    tried, question = memory.throughput(trial_question(header, candidates)), throughput_question(header, options)
    if tried is not None and memory.throughput(question) is None:
        memory.keep(question, None, tried)
    return backend


def predict_raster(
    bundle: ModelBundle,
    source: RasterSource,
    mask_path: AnyPath,
    confidence_path: AnyPath | None = None,
    options: PredictOptions = _DEFAULTS,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    backend: Backend | None = None,
) -> None:
    """Write the map of `source`, and with `options.confidence` that of the probability (0-100 %), as GeoTIFF.

    Both files are complete and appear together, or nothing is written. `backend` runs the network if given; by default
    one is made from the options. Events: `Progress` in pixels, `Notice`.

    Raises:
        ModelError: model and raster are not compatible, or the tile is too small or too large.
        RasterError: the raster cannot be read, or the window reaches beyond it.
        LargeWorkError: it is a very large job, and `large` is off.
        OutputError: a map exists already or cannot be written.
        DeviceError: this computer has no such device.
        JobStopped: `control` asked for it.
    """
    mask_path = Path(mask_path)
    confidence_path = Path(confidence_path) if confidence_path is not None else None
    header = bundle.header
    bands = check_compatible(header, source, options.bands)
    target = chosen_window(source, options.window)
    notices = alpha_notices(header, source), band_notices(header, source, bands)
    for message in (*chain(*notices), *compatibility_notices(header, source, options.resolution)):
        on_event(Notice(message))
    memory, folder = BenchmarkCache.of_user(), mask_path.parent
    work = prediction_work(header, source, options, folder, memory)
    require_agreed(work, large=options.large)
    confidence = confidence_path if options.confidence else None
    size = input_size(header, source, options.resolution)
    with OutputFiles(overwrite=options.overwrite, inputs=source.files) as outputs, ExitStack() as maps:
        layers = [
            (maps.enter_context(MapWriter(outputs, path, source.grid.crop(target), info)), values)
            for path, info, values in _wanted_maps(bundle, mask_path, confidence)
        ]
        runs = backend or prepared_backend(bundle, source, options, on_event)
        # Only now: the trial of backends has measured the throughput.
        require_agreed(prediction_work(header, source, options, folder, memory), large=options.large)
        pixels = NativeView(source, bands)
        predictor = TiledPredictor(runs, pixels, target, tile=options.tile, overlap=options.overlap, size=size)
        meter = ProgressMeter(f"predicting {source.path.name}", target.pixels, on_event, predictor.work)
        start = time.monotonic()
        with MapSink(target, layers) as sink:
            predictor.run(sink, _each_window(meter, control or JobControl()))
        seconds = time.monotonic() - start
    if backend is None and bundle.addition is None and seconds > _MEASURED_SECONDS:
        memory.keep(throughput_question(header, options), None, work.pixels * work.computed / seconds)


def _wanted_maps(
    bundle: ModelBundle, mask: Path, confidence: Path | None
) -> Iterator[tuple[Path, MapInfo, Callable[[BlendedRows], Values]]]:
    """Yield path, description and values of the maps to write."""
    schema = bundle.header.schema
    yield mask, _with_model(class_map_info(schema), bundle), partial(class_values, table=schema.value_table())
    if confidence:
        yield confidence, _with_model(CONFIDENCE_INFO, bundle), confidences


def _with_model(info: MapInfo, bundle: ModelBundle) -> MapInfo:
    """Return `info` of a map with the model that made it, if the model comes from a file."""
    return replace(info, tags={**info.tags, **bundle.reference.tags}) if bundle.reference else info


def _each_window(meter: ProgressMeter, control: JobControl) -> Callable[[PixelWindow], None]:
    """Return the callback after each window: it counts the window and checks whether to continue."""

    def count(window: PixelWindow) -> None:
        meter.add(window.pixels)
        control.checkpoint()

    return count
