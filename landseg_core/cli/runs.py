"""`landseg runs`: the runs in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landseg_core.cli.output import say

if TYPE_CHECKING:
    from landseg_core.runs.catalogue import RunSummary


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that holds runs, or the folder of one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the training runs in a folder: network, length, metrics, size on disk."""
    from landseg_core.runs.catalogue import list_runs

    found = list_runs(folder)
    if as_json:
        say(json.dumps([run.as_dict() for run in found]))
    elif found:
        _print_table(found)
    else:
        say(f"There is no run in {folder}.")


def _print_table(found: list[RunSummary]) -> None:
    from landseg_core.progress import duration

    widest = max(len(run.name) for run in found)
    for run in found:
        metrics = f"mIoU {_percent(run.miou)}  accuracy {_percent(run.accuracy)}"
        size = f"{run.size / 1e6:.1f} MB"
        row = f"{run.name:{widest}}  {run.model:8}  {metrics}  {duration(run.seconds):>12}  {size:>9}  {run.status}"
        say(f"{row}: {run.problem}" if run.problem else row)


def _percent(fraction: float | None) -> str:
    return "     -" if fraction is None else f"{100 * fraction:5.1f}%"
