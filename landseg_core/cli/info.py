"""`landseg info`: what a raster is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def info(
    raster: Annotated[Path, typer.Argument(metavar="RASTER")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell size, bands, CRS and true ground resolution of a raster."""
    from landseg_core.raster.info import describe
    from landseg_core.raster.source import RasterSource

    with RasterSource(raster) as source:
        facts = describe(source)
    typer.echo(json.dumps(facts) if as_json else "\n".join(f"{key:20} {_shown(value)}" for key, value in facts.items()))


def _shown(value: object) -> str:
    return "-" if value in (None, []) else str(value)
