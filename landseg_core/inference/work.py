"""The work of a prediction, known before it starts and before torch is loaded."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.inference.backends.memory import BenchmarkCache, machine_facts
from landseg_core.inference.compatibility import input_size
from landseg_core.inference.options import PredictOptions
from landseg_core.limits import WITH_OVERVIEWS, WorkSize
from landseg_core.messages import N_
from landseg_core.models.header import BundleHeader
from landseg_core.raster.placement import chosen_window
from landseg_core.raster.source import RasterSource


def prediction_work(
    model: BundleHeader, source: RasterSource, options: PredictOptions, folder: Path, memory: BenchmarkCache
) -> WorkSize:
    """Return what the map of `source` takes in `folder`; its time, where this computer's throughput is remembered.

    Raises:
        RasterError: the window reaches beyond the raster.
    """
    size = input_size(model, source, options.resolution) or (source.grid.width, source.grid.height)
    pixels = chosen_window(source, options.window).pixels
    computed = size[0] * size[1] / source.grid.window.pixels
    maps = 2 if options.confidence else 1
    subject = N_("the map of {path}", path=source.path)
    work = WorkSize(subject, pixels, folder, round(maps * pixels * WITH_OVERVIEWS), computed)
    throughput = memory.throughput(throughput_question(model, options))
    return replace(work, seconds=pixels * computed / throughput) if throughput else work


def evaluation_work(
    model: BundleHeader, areas: Sequence[LabelledArea], options: PredictOptions, memory: BenchmarkCache
) -> WorkSize:
    """Return the work of an evaluation on `areas`, as `areas_for_model` gives them, with prediction options."""
    views = {area.image: area.view for area in areas}.values()
    sizes = [(view.size, view.native_size) for view in views]
    computed = max((math.prod(seen) / math.prod(own) for seen, own in sizes if seen and own), default=1.0)
    work = WorkSize(N_("the evaluation"), sum(area.window.pixels for area in areas), computed=computed)
    throughput = memory.throughput(throughput_question(model, options))
    return replace(work, seconds=work.pixels / throughput) if throughput else work


def throughput_question(model: BundleHeader, options: PredictOptions) -> str:
    """Return what the throughput of predictions (px that the network computes per second) depends on."""
    network = [model.architecture, len(model.bands), len(model.schema)]
    how = [options.device, options.backend, options.precision, options.tta]
    text = json.dumps(["pace", *machine_facts(), network, how])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
