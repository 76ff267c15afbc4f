"""Options that several commands share."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from landseg_core.geo.window import PixelWindow


def parse_window(text: str | PixelWindow) -> PixelWindow:
    """Parse `X,Y,W,H` in px.

    Raises:
        typer.BadParameter: it has another form.
    """
    if isinstance(text, PixelWindow):
        return text
    try:
        x, y, width, height = (int(part) for part in text.split(","))
        return PixelWindow(x, y, width, height)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not X,Y,W,H in whole pixels with a positive size") from error


def parse_bands(text: str | None) -> tuple[str, ...]:
    """Parse a list of band numbers or names such as `1,2,"Near infrared"`; a name with a comma stands in quotes.

    Raises:
        typer.BadParameter: an entry is empty.
    """
    if text is None:
        return ()
    bands = tuple(band.strip() for band in next(csv.reader([text], skipinitialspace=True), []))
    if not bands or not all(bands):
        raise typer.BadParameter(f"'{text}' is not a list of band numbers or names, such as 1,2,3 or Red,Green,Blue")
    return bands


def parse_mapping(texts: Sequence[str]) -> dict[str, str]:
    """Parse the texts `VALUE=CLASSNAME`.

    Raises:
        typer.BadParameter: one is something else, or a value is given two classes.
    """
    from landseg_core.labels.masks.value_mapping import parse_value_mapping

    try:
        return parse_value_mapping(texts)
    except ValueError as error:
        raise typer.BadParameter(f"--map: {error}") from error


def checked_alpha(text: str | None) -> str | None:
    """Return what `--alpha` means: `auto`, `none` or a band; None where it is not given.

    Raises:
        typer.BadParameter: it is empty.
    """
    from landseg_core.raster.alpha import alpha_choice

    if text is not None and not text.strip():
        raise typer.BadParameter("give auto, none, or a band by number or name")
    return None if text is None else alpha_choice(text)


Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]
Large = Annotated[
    bool,
    typer.Option("--large", help="Allow work beyond the limits, which is otherwise refused before it starts."),
]
Alpha = Annotated[
    str | None,
    typer.Option(
        callback=checked_alpha,
        metavar="auto|none|BAND",
        help="The band that is 0 where there is no data: as tagged in the file (auto), none, or by number or name.",
    ),
]
"""If not given, that of the project or model, otherwise `auto`."""
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors, or the run folder that holds it.")]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="VALUE=CLASSNAME",
        help="The class of a value (a number, a colour #rrggbb or a text); without CLASSNAME it is left out.",
    ),
]
"""For `parse_mapping`."""
