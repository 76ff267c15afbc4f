"""The commands of `landseg`."""

from __future__ import annotations

from typing import Annotated

import typer

from landseg_core import __version__
from landseg_core.cli import bench, demo, evaluate, export, info, models, predict, project, runs, sample, train

app = typer.Typer(
    name="landseg",
    help="Turn aerial images into land-cover maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("info")(info.info)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("runs")(runs.runs)
app.command("models")(models.models)
app.command("predict")(predict.predict)
app.add_typer(export.app, name="export")
app.add_typer(project.app, name="project")
app.command("sample")(sample.sample)
app.command("bench")(bench.bench)
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"landseg {__version__}")
        raise typer.Exit


@app.callback()
def _landseg(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn aerial images into land-cover maps."""
