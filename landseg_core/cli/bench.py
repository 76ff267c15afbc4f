"""`landseg bench`: how fast this computer predicts, and which backend `auto` chooses."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from landseg_core.cli.jobs import run_job
from landseg_core.plain_text import plain_text

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.inference.speed import Speed, Speeds
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.raster.source import RasterSource

SIDE = 2048
ROUNDS = 5


def bench(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A model file or run folder; by default a new `lite0`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure how fast each backend predicts on this computer, compared with a plain PyTorch loop."""
    report = run_job(lambda on_event, control: _measured(model, on_event, control))
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report)


def _measured(model: Path | None, on_event: OnEvent, control: JobControl) -> dict[str, Any]:
    from landseg_core.geo.window import PixelWindow
    from landseg_core.inference.speed import measure_speeds
    from landseg_core.leftovers import scratch_folder
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.compatibility import open_for
    from landseg_core.models.header import read_header
    from landseg_core.sample import write_sample

    if model is not None:
        read_header(model)
    with scratch_folder(Path(tempfile.gettempdir())) as folder:
        raster = write_sample(folder / "sample", size=(SIDE, SIDE)).images / "landscape_1.tif"
        bundle = _for_any_raster(ModelBundle.load(model)) if model else _untrained()
        with open_for(bundle.header, raster) as source:
            window = PixelWindow(0, 0, SIDE, SIDE)
            speeds = measure_speeds(bundle, source, window, ROUNDS, on_event=on_event, control=control)
            return _report(bundle, speeds, _automatic(bundle, source), trained=model is not None)


def _for_any_raster(bundle: ModelBundle) -> ModelBundle:
    """Return the model without its ground resolution: the raster that speed is measured on lies nowhere."""
    return replace(bundle, header=replace(bundle.header, ground_resolution_m=None))


def _untrained() -> ModelBundle:
    """Return the default network with random weights: speed does not depend on them."""
    from landseg_core.labels.classes import load_classes
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.catalog import DEFAULT_MODEL, build_model
    from landseg_core.models.header import BundleHeader
    from landseg_core.models.normalisation import Normalisation
    from landseg_core.models.weights import weights_of

    schema = load_classes("landcover-ai")
    weights = weights_of(build_model(DEFAULT_MODEL, 3, len(schema)))
    normalisation = Normalisation((120.0,) * 3, (50.0,) * 3)
    header = BundleHeader(DEFAULT_MODEL, schema, (1, 2, 3), "uint8", normalisation, None, {})
    return ModelBundle(header, weights)


def _automatic(bundle: ModelBundle, source: RasterSource) -> str:
    """Return the backend that `auto` chooses."""
    from landseg_core.events import ignore_event
    from landseg_core.inference.backends.backend import BackendRequest
    from landseg_core.inference.backends.choice import possible, quickest
    from landseg_core.inference.backends.memory import BenchmarkCache
    from landseg_core.inference.samples import sample_windows
    from landseg_core.raster.views import pixel_view

    candidates = possible("cpu", "auto", "auto")
    request = BackendRequest(bundle, lambda: sample_windows(pixel_view(source, bundle.header.bands)), "cpu")
    return str(quickest(request, candidates, ignore_event, BenchmarkCache.of_user()))


def _report(bundle: ModelBundle, speeds: Speeds, automatic: str, *, trained: bool) -> dict[str, Any]:
    from landseg_core.machine import cores, processor, version_of

    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": cores(),
        "versions": {name: version_of(name) for name in ("landseg", "torch", "onnxruntime", "openvino")},
        "network": bundle.header.architecture,
        "pixels": speeds.pixels,
        "rounds": ROUNDS,
        "plain_loop": _figures(speeds.plain_px_per_s, 1e-6),
        "backends": [_line(speed, trained=trained) for speed in speeds.backends],
        "auto": automatic,
    }


def _line(speed: Speed, *, trained: bool) -> dict[str, Any]:
    row = {"backend": speed.choice.backend, "precision": speed.choice.precision}
    if speed.problem is not None:
        return row | {"problem": speed.problem}
    return row | {
        "mpx_per_s": _figures(speed.px_per_s, 1e-6),
        "ratio": _figures(speed.ratios),
        "preparation_s": _figures(speed.preparation_s),
        "agreement": speed.agreement if trained else None,
    }


def _figures(values: Sequence[float], unit: float = 1.0) -> dict[str, float]:
    return {
        "median": statistics.median(values) * unit,
        "lowest": min(values) * unit,
        "highest": max(values) * unit,
    }


def _print(report: dict[str, Any]) -> None:
    plain = report["plain_loop"]["median"]
    console = Console(highlight=False)
    console.print(f"{report['processor']}, {report['cores']} cores; network {report['network']}", markup=False)
    console.print(f"plain PyTorch loop: {plain:.2f} Mpx/s, from file to file, {report['pixels'] / 1e6:.1f} Mpx\n")
    table = Table("backend", "precision", "Mpx/s", "lowest-highest", "ratio", "ready after", "agreement", box=None)
    for line in report["backends"]:
        table.add_row(line["backend"], line["precision"], *_cells(line))
    console.print(table)
    console.print(f"\nauto takes {report['auto']}", markup=False)


def _cells(line: dict[str, Any]) -> tuple[str, ...]:
    if "problem" in line:
        return "-", "-", "-", "-", escape(plain_text(line["problem"]))
    throughput, ratio, agreement = line["mpx_per_s"], line["ratio"], line["agreement"]
    ready = f"{line['preparation_s']['median']:.1f} s"
    same = "-" if agreement is None else f"{agreement:.2%}"
    return (
        f"{throughput['median']:.2f}",
        f"{throughput['lowest']:.2f}-{throughput['highest']:.2f}",
        f"{ratio['median']:.2f}x",
        ready,
        same,
    )
