"""The command `landseg`: its commands and its exit codes.

0 done, 1 expected failure (one sentence on stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from landseg_core import __version__
from landseg_core.cli import bench, demo, evaluate, export, info, models, predict, project, runs, sample, train
from landseg_core.cli.options import INTERRUPTED
from landseg_core.errors import JobStopped, LandsegError

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


def main() -> None:
    """Run `landseg` and end the process with its exit code."""
    sys.exit(run())


def run() -> int:
    """Run the command in `sys.argv` and return its exit code; wrong usage leaves by `SystemExit` 2."""
    try:
        app()
    except LandsegError as error:
        return _fail(str(error))
    except JobStopped:
        typer.echo("landseg: stopped", err=True)
        return INTERRUPTED
    except OSError as error:
        # What the rooms did not foresee still names its file and its reason; a traceback would help nobody.
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}; check the path, permissions and space")
    except MemoryError:
        return _fail("this computer has not enough memory; close other programs, or choose a smaller tile")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _fail(sentence: str) -> int:
    typer.echo(f"landseg: {sentence}", err=True)
    return 1
