"""`landseg export`: a map or a model in another form."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Large, Model, Overwrite, Window
from landseg_core.cli.output import say

app = typer.Typer(help="Write a map or a model in another form.", no_args_is_help=True)


class Style(StrEnum):
    """How a PNG shows the classes."""

    INDEX = "index"
    COLOUR = "colour"
    OVERLAY = "overlay"


@app.callback()
def _export() -> None:
    """Write a map or a model in another form."""


@app.command("png")
def png(
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="A map: a one-band raster of class values.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The PNG to write.")],
    style: Annotated[
        Style, typer.Option(help="Class values with a palette, class colours, or colours on the picture.")
    ],
    image: Annotated[Path | None, typer.Option(metavar="RASTER", help="The picture, for --style overlay.")] = None,
    opacity: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the classes on the picture.")] = 0.5,
    window: Window = None,
    classes: Annotated[
        str | None, typer.Option(metavar="PRESET|FILE", help="Names and colours where the mask has none of its own.")
    ] = None,
    overwrite: Overwrite = False,
    large: Large = False,
) -> None:
    """Write a map as PNG, with a world file where the map has a georeference."""
    if (style is Style.OVERLAY) != (image is not None):
        raise typer.BadParameter("--style overlay and --image go together")
    from landseg_core.formats.png import export_png
    from landseg_core.labels.classes import load_classes

    schema = load_classes(classes) if classes else None
    run_job(
        lambda on_event, control: export_png(
            mask,
            out,
            style.value,
            schema=schema,
            image=image,
            opacity=opacity,
            window=window,
            overwrite=overwrite,
            on_event=on_event,
            control=control,
            large=large,
        )
    )
    say(str(out))


@app.command("onnx")
def onnx(
    model: Model,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The ONNX file to write.")],
    tile: Annotated[
        int, typer.Option(min=1, help="Side of the square it takes, in pixels; a multiple of 32 suits every network.")
    ] = 512,
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic", help="Take any height and width, whatever --tile is; for other programs than Deepness."
        ),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a model as ONNX, as the QGIS plugin Deepness runs it; needs landseg[onnx]."""
    from landseg_core.models.onnx.export import export_onnx

    side = None if dynamic else tile
    run_job(
        lambda on_event, control: export_onnx(model, out, side, overwrite=overwrite, on_event=on_event, control=control)
    )
    say(str(out))
