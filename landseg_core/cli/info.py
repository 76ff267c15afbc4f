"""`landseg info`: facts about a raster or a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from landseg_core.cli.options import Alpha
from landseg_core.cli.output import say

MODEL_SUFFIX = ".safetensors"


def info(
    path: Annotated[
        Path, typer.Argument(metavar="RASTER|MODEL", help="A raster, a model file, the folder of a run, or `starter`.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    alpha: Alpha = None,
) -> None:
    """Show size, bands, CRS and true ground resolution of a raster; classes, bands and metrics of a model."""
    if _means_model(path) and alpha is not None:
        raise typer.BadParameter("--alpha is for rasters; a model keeps its own")
    facts = _model_facts(path) if _means_model(path) else _raster_facts(path, alpha)
    say(*([json.dumps(facts)] if as_json else _lines(facts)))


def _means_model(path: Path) -> bool:
    from landseg_core.models.header import MODEL_FILE
    from landseg_core.models.starter import STARTER

    return str(path) == STARTER or path.suffix == MODEL_SUFFIX or (path / MODEL_FILE).exists()


def _raster_facts(path: Path, alpha: str | None) -> dict[str, Any]:
    from landseg_core.raster.alpha import AUTO
    from landseg_core.raster.info import describe
    from landseg_core.raster.near_infrared import near_infrared_notice
    from landseg_core.raster.source import RasterSource

    with RasterSource(path, alpha=alpha or AUTO) as source:
        if notice := near_infrared_notice(source):
            say(f"note: {notice}", err=True)
        return describe(source)


def _model_facts(path: Path) -> dict[str, Any]:
    from landseg_core.labels.class_names import name_notices
    from landseg_core.models.header import model_path, read_header
    from landseg_core.models.info import describe_model

    header = read_header(path)
    for notice in name_notices(header.schema.names):
        say(f"note: {notice}", err=True)
    return describe_model(model_path(path), header)


def _lines(facts: Mapping[str, Any]) -> list[str]:
    return [f"{key:20} {_shown(value)}" for key, value in facts.items() if key != "training"]


def _shown(value: object) -> str:
    return "-" if value in (None, []) else str(value)
