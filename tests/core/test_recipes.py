"""The networks, formats and backends that CONTRIBUTING.md shows work as they stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.models import random_bundle
from support.rasters import write_raster
from torch import nn
from typer.testing import CliRunner

from landseg_core.cli.app import app
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.exporters import EXPORTERS, Exporter, export_labels
from landseg_core.formats.strips import StripSource, emit_notices, strips
from landseg_core.inference.arrays import predict_pixels
from landseg_core.inference.backends.backend import BackendRequest, Pixels, Probabilities
from landseg_core.inference.backends.catalog import BACKENDS, BackendKind
from landseg_core.inference.layout import ReceptiveField
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import load_classes
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.onnx.export import export_onnx
from landseg_core.output_files import OutputFiles
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
KNOWN = {
    "AnyPath": AnyPath,
    "BackendRequest": BackendRequest,
    "ReceptiveField": ReceptiveField,
    "InputNormaliser": InputNormaliser,
    "JobControl": JobControl,
    "OnEvent": OnEvent,
    "OutputFiles": OutputFiles,
    "Path": Path,
    "Pixels": Pixels,
    "Probabilities": Probabilities,
    "StripSource": StripSource,
    "emit_notices": emit_notices,
    "ignore_event": ignore_event,
    "nn": nn,
    "strips": strips,
    "torch": torch,
}
"""What a recipe imports."""


def shown(name: str) -> Any:
    """Return the class or function `name` of the page."""
    (code,) = re.findall(rf"```python\n((?:class|def) {name}\b.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, KNOWN, found)
    return found[name]


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 48, 64), np.uint8)
    return write_raster(tmp_path / "a.tif", pixels)


def test_a_network_that_is_added_is_listed_predicts_and_is_exported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(CATALOG, "two", Architecture("Two layers", shown("TwoLayers"), good_for="an example"))
    assert "an example" in CliRunner().invoke(app, ["models"], env={"COLUMNS": "160"}).stdout
    bundle = random_bundle("two")
    bundle.save(tmp_path / "model.safetensors")
    export_onnx(tmp_path / "model.safetensors", tmp_path / "model.onnx", 64)
    assert predict_pixels(bundle, np.ones((3, 40, 50), np.uint8), device="cpu").classes.shape == (40, 50)


def test_a_backend_that_is_added_gives_the_map_of_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raster: Path
) -> None:
    monkeypatch.setitem(BACKENDS, "plain", BackendKind("Plain", ("fp32",), shown("PlainBackend")))
    bundle, maps = random_bundle("unet16", resolution=None), []
    for name in ("torch", "plain"):
        options = PredictOptions(backend=name, precision="fp32", device="cpu")
        with RasterSource(raster) as source:
            predict_raster(bundle, source, tmp_path / f"{name}.tif", options=options)
        with RasterSource(tmp_path / f"{name}.tif") as made:
            maps.append(made.read(made.grid.window))
    assert (maps[0] == maps[1]).mean() > 0.999


def test_a_format_that_is_added_takes_labels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raster: Path) -> None:
    write: Callable[..., None] = shown("write_raw")
    monkeypatch.setitem(EXPORTERS, "raw", Exporter("Raw class values", ".raw", write))  # type: ignore[arg-type]
    with Project.create(tmp_path / "p.landseg", load_classes("landcover-ai")) as project:
        project.add_image(raster)
        export_labels(project, 1, "raw", tmp_path / "labels.raw")
    assert (np.fromfile(tmp_path / "labels.raw", np.uint8) == 255).sum() == 48 * 64
