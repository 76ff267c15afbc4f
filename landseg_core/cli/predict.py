"""`landseg predict`: from a model and rasters to maps."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from landseg_core.cli.batch import end_of_batch
from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Model
from landseg_core.cli.output import say
from landseg_core.cli.task_options import checked_task, with_options_of
from landseg_core.tasks.predict import PredictTask, planned_maps, run_predict

FORMATS = ("tif", "png")


def parse_formats(text: str) -> str:
    """Check a list such as `tif,png`."""
    unknown = sorted(set(text.split(",")) - set(FORMATS))
    if unknown:
        raise typer.BadParameter(f"'{unknown[0]}' is not one of {', '.join(FORMATS)}")
    return text


@with_options_of(PredictTask, "model", "maps", "keep_going")
def predict(
    model: Model,
    rasters: Annotated[list[Path], typer.Argument(metavar="RASTER...")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the maps.")],
    formats: Annotated[
        str, typer.Option("--format", callback=parse_formats, metavar="tif,png", help="tif, png or both.")
    ] = "tif",
    **options: Any,
) -> None:
    """Predict whole rasters, of any size, as maps with georeference, colours and class names.

    A raster that cannot be predicted is reported, and the others are predicted; the exit code is then 1.
    """
    maps = planned_maps(rasters, out, formats.split(","), confidence=options["confidence"])
    task = checked_task(PredictTask, model=model, maps=maps, keep_going=True, **options)
    result = run_job(partial(run_predict, task))
    for one in result.maps:
        for path in one.all:
            say(str(path))
    end_of_batch(result.failed)
