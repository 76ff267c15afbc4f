"""`landseg evaluate`: how good a model is on labelled images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import (
    Alpha,
    Device,
    Images,
    Large,
    Maps,
    Masks,
    Model,
    Overwrite,
    QuarterTurns,
    parse_mapping,
)
from landseg_core.plain_text import plain_text

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.metrics.intervals import Interval
    from landseg_core.training.evaluation import Evaluation


def evaluate(
    model: Model,
    images: Images,
    masks: Masks,
    list_file: Annotated[
        Path | None, typer.Option("--list", metavar="F", help="Only these stems, one per line.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write the figures to this file.")
    ] = None,
    maps: Maps = None,
    alpha: Alpha = None,
    quarter_turns: QuarterTurns = False,
    device: Device = "auto",
    overwrite: Overwrite = False,
    large: Large = False,
) -> None:
    """Compare a model's maps with masks: accuracy, IoU, F1, producer's and user's accuracy, confusion matrix.

    Pixels that the model was trained on are left out, whatever their image is called now. Intervals are of 95 %.
    """
    from landseg_core.output_files import OutputFiles

    mapping = parse_mapping(maps or [])

    def work(on_event: OnEvent, control: JobControl) -> Evaluation:
        how: dict[str, Any] = {"quarter_turns": quarter_turns, "mapping": mapping, "alpha": alpha, "large": large}
        return measure(model, images, masks, list_file, device, on_event, control, **how)

    with OutputFiles(overwrite=overwrite) as outputs:
        unfinished = outputs.add(json_file) if json_file is not None else None
        result = run_job(work)
        if json_file is not None and unfinished is not None:
            write_figures(json_file, unfinished, result)
    print_figures(result)


def write_figures(place: Path, unfinished: Path, result: Evaluation) -> None:
    """Write the figures as JSON to the `unfinished` file, which will be at `place`.

    Raises:
        OutputError: the file cannot be written.
    """
    from landseg_core.output_files import unwritable

    try:
        unfinished.write_text(json.dumps(result.as_dict(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(place, error) from error


def measure(
    model: Path,
    images: Path,
    masks: Path,
    list_file: Path | None,
    device: str,
    on_event: OnEvent,
    control: JobControl,
    *,
    quarter_turns: bool = False,
    mapping: Mapping[str, str] | None = None,
    alpha: str | None = None,
    large: bool = False,
) -> Evaluation:
    """Evaluate the model in `model` on pairs of images and masks; without an `alpha` it is the model's."""
    from landseg_core.compute.device_names import require_device_name
    from landseg_core.data.areas_for_model import areas_for_model
    from landseg_core.data.loading.folders import evaluation_areas
    from landseg_core.inference.backends.memory import TrialMemory
    from landseg_core.inference.options import PredictOptions
    from landseg_core.inference.work import evaluation_work
    from landseg_core.limits import require_agreed
    from landseg_core.models.bundle import ModelBundle, read_header
    from landseg_core.models.compatibility import alpha_for

    require_device_name(device)
    header = read_header(model)
    how: dict[str, Any] = {"mapping": mapping, "on_event": on_event, "control": control, "large": large}
    how["alpha_of"] = lambda image: alpha or alpha_for(header, image)
    areas = evaluation_areas(images, masks, header.schema, list_file, **how)
    options = PredictOptions(device=device, quarter_turns=quarter_turns)
    require_agreed(
        evaluation_work(header, areas_for_model(header, areas)[0], options, TrialMemory.of_user()), large=large
    )
    from landseg_core.training.evaluation import evaluate as evaluate_areas  # all that needs no torch has been checked

    bundle = ModelBundle.load(model)
    return evaluate_areas(bundle, areas, device, on_event, control, quarter_turns=quarter_turns, mapping=mapping)


def print_figures(result: Evaluation) -> None:
    """Print the figures as a table, with their 95 % intervals, and then what is to be read beside them."""
    figures = result.figures
    table = Table("class", "IoU", "95 %", "F1", "producer's", "user's", box=None)
    for item in figures.classes:
        rates = (item.f1, item.producers_accuracy, item.users_accuracy)
        table.add_row(
            escape(plain_text(item.name)), _figure(item.iou), _interval(item.iou_interval), *map(_figure, rates)
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"accuracy {_with_interval(result.accuracy, figures.accuracy_interval)}  "
        f"mIoU {_with_interval(result.miou, figures.miou_interval)}  over {result.pixels} pixels",
        soft_wrap=True,
    )
    for warning in figures.warnings:
        console.print(f"warning: {plain_text(warning)}", markup=False, soft_wrap=True)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"


def _with_interval(value: float | None, interval: Interval | None) -> str:
    return _figure(value) if interval is None else f"{_figure(value)} ({_interval(interval)})"
