"""From a model and a raster to a land-cover map on disk. Importing this loads no torch; predicting does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.fit import Resolution, band_notices, fit_notices, require_fit, seen_size
from landseg_core.inference.maps import CONFIDENCE_INFO, MapSink, Values, class_values, confidences
from landseg_core.inference.tiled import TiledPredictor
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.mask_classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.progress import ProgressMeter
from landseg_core.raster.cropping import chosen_window
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapInfo, MapWriter

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle


@dataclass(frozen=True)
class PredictOptions:
    """How to predict.

    Attributes:
        tile: the side of the windows that the network sees, in px at most; where it sees the raster resampled, in px of
            that, and so is `overlap`.
        overlap: how far neighbouring windows overlap, in px at least.
        device: "auto", or the name of a torch device.
        window: the part of the raster to map; None for all of it.
        confidence: write the map of confidence too.
        overwrite: replace maps that exist already.
        bands: which bands of the raster are the model's, by number or name; by default as `require_fit` finds them.
        resolution: "model": a raster of another ground resolution is resampled to the model's, and its map back to its
            own grid; "own": the network sees it as it is.
        quarter_turns: average over four quarter turns of what the network sees, which takes four times as long.
    """

    tile: int = 1024
    overlap: int = 128
    device: str = "auto"
    window: PixelWindow | None = None
    confidence: bool = False
    overwrite: bool = False
    bands: tuple[str, ...] = ()
    resolution: Resolution = "model"
    quarter_turns: bool = False


def predict_raster(
    bundle: ModelBundle,
    source: RasterSource,
    mask_path: Path,
    confidence_path: Path | None = None,
    options: PredictOptions = PredictOptions(),
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the map of `source`, and with `options.confidence` that of the probability (0-100 %), as GeoTIFF.

    Both files are complete and together in their places, or nothing is. Events: `Progress` in pixels, `Notice`.

    Raises:
        ModelError: the model and the raster do not go together, or the tile is too small or too large.
        RasterError: the raster cannot be read, or the window reaches beyond it.
        OutputError: a map exists already or cannot be written.
        TrainingError: this computer has no such device.
        JobStopped: `control` asked for it.
    """
    bands = require_fit(bundle, source, options.bands)
    target = chosen_window(source, options.window)
    for message in (*band_notices(bundle, source, bands), *fit_notices(bundle, source, options.resolution)):
        on_event(Notice(message))
    confidence = confidence_path if options.confidence else None
    with OutputFiles(overwrite=options.overwrite, inputs=source.files) as outputs, ExitStack() as maps:
        layers = [
            (maps.enter_context(MapWriter(outputs, path, source.grid.crop(target), info)), values)
            for path, info, values in _wanted_maps(bundle.schema, mask_path, confidence)
        ]
        predictor = _tiled_predictor(bundle, source, bands, target, options)
        meter = ProgressMeter(f"predicting {source.path.name}", target.pixels, on_event, predictor.work)
        with MapSink(target, layers) as sink:
            predictor.run(sink, _each_window(meter, control or JobControl()))


def _wanted_maps(
    schema: ClassSchema, mask: Path, confidence: Path | None
) -> Iterator[tuple[Path, MapInfo, Callable[[BlendedRows], Values]]]:
    """Yield path, description and values of the maps to write."""
    yield mask, class_map_info(schema), partial(class_values, table=schema.value_table())
    if confidence:
        yield confidence, CONFIDENCE_INFO, confidences


def _tiled_predictor(
    bundle: ModelBundle, source: RasterSource, bands: Sequence[int], target: PixelWindow, options: PredictOptions
) -> TiledPredictor:
    from landseg_core.inference.backends import TorchBackend  # loads torch: not before the files are known to be fine

    backend = TorchBackend(bundle, options.device, quarter_turns=options.quarter_turns)
    size = seen_size(bundle, source, options.resolution)
    return TiledPredictor(backend, source, bands, target, tile=options.tile, overlap=options.overlap, size=size)


def _each_window(meter: ProgressMeter, control: JobControl) -> Callable[[PixelWindow], None]:
    """Return what is done after each window: count it, and see whether to go on."""

    def count(window: PixelWindow) -> None:
        meter.add(window.pixels)
        control.checkpoint()

    return count
