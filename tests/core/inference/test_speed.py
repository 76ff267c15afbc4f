from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from landseg_core.data.normalisation import Normalisation
from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference import speed
from landseg_core.inference.backends.backend import BackendRequest
from landseg_core.inference.backends.catalog import BACKENDS, BackendKind
from landseg_core.inference.backends.choice import Choice
from landseg_core.inference.speed import PlainLoop, measure_speeds
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.weights import weights_of
from landseg_core.raster.gdal import open_dataset
from landseg_core.raster.source import RasterSource


@pytest.fixture
def bundle(schema: ClassSchema) -> ModelBundle:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = weights_of(build_model("unet16", 3, 3))
    return ModelBundle(
        "unet16", schema, (1, 2, 3), "uint8", Normalisation((120.0,) * 3, (60.0,) * 3), None, {}, weights
    )


@pytest.fixture
def raster(tmp_path: Path, write_raster: Callable[..., Path]) -> Path:
    return write_raster(tmp_path / "a.tif", np.random.default_rng(0).integers(1, 256, (3, 96, 128), np.uint8))


def test_every_choice_is_measured_against_the_plain_loop(bundle: ModelBundle, raster: Path) -> None:
    choices = [Choice("torch", "fp32"), Choice("onnxruntime", "fp32")]
    with RasterSource(raster) as source:
        speeds = measure_speeds(bundle, source, PixelWindow(0, 0, 128, 96), 2, choices)
    assert speeds.pixels == 128 * 96
    assert len(speeds.plain_px_per_s) == 2
    for line in speeds.backends:
        assert line.problem is None
        assert len(line.px_per_s) == len(line.ratios) == 2
        assert min(line.px_per_s) > 0
    assert speeds.backends[0].agreement == 1
    assert speeds.backends[1].agreement > 0.999


def test_what_cannot_run_has_its_problem_and_no_figure(
    bundle: ModelBundle, raster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: BackendRequest, _precision: str) -> object:
        raise ModelError("it cannot")

    monkeypatch.setitem(BACKENDS, "openvino", BackendKind("OpenVINO", ("fp32",), refuse))  # type: ignore[arg-type]
    with RasterSource(raster) as source:
        choices = [Choice("torch", "fp32"), Choice("openvino", "fp32")]
        speeds = measure_speeds(bundle, source, PixelWindow(0, 0, 64, 64), 1, choices)
    assert [line.problem for line in speeds.backends] == [None, "it cannot"]
    assert speeds.backends[1].px_per_s == ()


def test_the_plain_loop_makes_the_same_map(
    bundle: ModelBundle, raster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAIN_TILE", 64)
    monkeypatch.setattr(speed, "PLAIN_OVERLAP", 32)
    window = PixelWindow(8, 16, 112, 80)
    PlainLoop(bundle, raster, window).run(tmp_path / "plain.tif")
    with rasterio.open(tmp_path / "plain.tif") as written:
        classes = written.read(1)
    assert classes.shape == (80, 112)
    with open_dataset(raster) as source:
        pixels = (source.read(window=((16, 96), (8, 120))).astype(np.float32) - 120) / 60
    with torch.inference_mode():
        whole = bundle.build()(torch.from_numpy(pixels)[None])[0].argmax(0).numpy()
    assert (classes[20:60, 20:90] == whole[20:60, 20:90]).mean() > 0.9
