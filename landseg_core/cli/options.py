"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseg_core.geo.window import PixelWindow


def parse_window(text: str | PixelWindow) -> PixelWindow:
    """Parse `X,Y,W,H` in px.

    Raises:
        typer.BadParameter: it is something else.
    """
    if isinstance(text, PixelWindow):
        return text
    try:
        x, y, width, height = (int(part) for part in text.split(","))
        return PixelWindow(x, y, width, height)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not X,Y,W,H in whole pixels with a positive size") from error


INTERRUPTED = 130
"""Exit code of a command that was asked to stop."""

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Window = Annotated[
    PixelWindow | None,
    typer.Option(parser=parse_window, metavar="X,Y,W,H", help="Only this part of the raster, in pixels."),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors, or the run folder that holds it.")]
Images = Annotated[Path, typer.Option(metavar="DIR", help="Folder of images.")]
Masks = Annotated[Path, typer.Option(metavar="DIR", help="Folder of masks, matched to the images by stem.")]
