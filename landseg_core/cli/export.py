"""`landseg export`: a map or a model in another form."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Model
from landseg_core.cli.output import say
from landseg_core.cli.task_options import checked_task, with_options_of
from landseg_core.tasks.export import (
    EXPORT_STYLES,
    ExportModelTask,
    ExportTask,
    MaskFile,
    run_export,
    run_export_model,
)

app = typer.Typer(help="Write a map or a model in another form.", no_args_is_help=True)

Style = StrEnum("Style", [name for name, style in EXPORT_STYLES.items() if style.suffix == ".png"])  # type: ignore[misc]


@app.callback()
def _export() -> None:
    """Write a map or a model in another form."""


@app.command("png")
@with_options_of(ExportTask, "mask", "style")
def png(
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="A map: a one-band raster of class values.")],
    style: Annotated[
        Style, typer.Option(help="Class values with a palette, class colours, or colours over the image.")
    ],
    classes: Annotated[
        str | None, typer.Option(metavar="PRESET|FILE", help="Names and colours where the mask has none of its own.")
    ] = None,
    **options: Any,
) -> None:
    """Write a map as PNG, with a world file where the map has a georeference."""
    task = checked_task(ExportTask, mask=MaskFile(mask), style=style, **options)
    if classes:
        from landseg_core.labels.classes import load_classes

        task = task.model_copy(update={"mask": MaskFile(mask, load_classes(classes))})
    say(str(run_job(partial(run_export, task))))


@app.command("onnx")
@with_options_of(ExportModelTask, "model")
def onnx(
    model: Model,
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic", help="Accept any height and width, whatever --tile is; for other programs than Deepness."
        ),
    ] = False,
    **options: Any,
) -> None:
    """Write a model as ONNX, as the QGIS plugin Deepness runs it; needs landseg[onnx]."""
    task = checked_task(ExportModelTask, model=model, **options | ({"tile": None} if dynamic else {}))
    say(str(run_job(partial(run_export_model, task))))
