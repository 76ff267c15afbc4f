"""`landseg evaluate`: the accuracy of a model on labelled images."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Model
from landseg_core.cli.task_options import checked_task, with_options_of
from landseg_core.plain_text import plain_text
from landseg_core.tasks.evaluate import EvaluateTask, run_evaluate

if TYPE_CHECKING:
    from landseg_core.metrics.intervals import Interval
    from landseg_core.training.evaluation import Evaluation


@with_options_of(EvaluateTask, "model")
def evaluate(model: Model, **options: Any) -> None:
    """Compare a model's maps with masks: accuracy, IoU, F1, producer's and user's accuracy, confusion matrix.

    Pixels that the model was trained on are left out, whatever their image is called now. Intervals are of 95 %.
    """
    task = checked_task(EvaluateTask, model=model, **options)
    print_figures(run_job(partial(run_evaluate, task)))


def print_figures(result: Evaluation) -> None:
    """Print the metrics as a table with 95 % intervals, and then the warnings."""
    figures = result.metrics
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
