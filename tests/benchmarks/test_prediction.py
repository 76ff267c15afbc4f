"""The lines on prediction, from a small raster and a network with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine

from benchmarks import prediction
from benchmarks.prediction import Case, Mapping, flop_per_px
from landseg_core.inference.backends.choice import Choice
from landseg_core.labels.classes import load_classes
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.raster.source import RasterSource


@pytest.fixture
def bundle() -> ModelBundle:
    schema = load_classes("landcover-ai")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = weights_of(build_model("unet16", 3, len(schema)))
    normalisation = Normalisation((120.0,) * 3, (60.0,) * 3)
    return ModelBundle(BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, None, {}), weights)


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": 96, "height": 64, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", transform=Affine(1, 0, 500, 0, -1, 500), **profile) as target:
        target.write(np.random.default_rng(0).integers(1, 256, (3, 64, 96), np.uint8))
    return path


def test_every_line_has_its_baseline(
    bundle: ModelBundle, raster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "MATRIX", 64)
    monkeypatch.setattr(
        prediction, "WAYS", (Choice("torch", prediction.PRECISION), Choice("onnxruntime", "int8"), prediction.PEER)
    )
    case = Case("unet16", 10**6, of_limit=0.7, plain_side=48, of_plain=9, beside=5)
    with RasterSource(raster) as source:
        lines = list(Mapping(bundle, source, case.side, tmp_path).lines(case))
    limit, *_, beside, plain, tuned = lines
    peer = next(line for line in lines if line.baseline_name == "ONNX Runtime in fp32")
    assert limit.baseline_name.startswith("matrix product")
    assert plain.baseline_name == "plain PyTorch loop"
    assert tuned.baseline_name == "plain PyTorch loop, landseg's allocator"
    for line in (limit, peer, plain):
        assert len(line.landseg) == len(line.baseline) == 5
        assert (line.ratio or 0) > 0
        assert line.target
    assert all(0 < share < 100 for share in beside.landseg)
    agreements = [line.middle for line in lines if "the class of" in line.name]
    assert min(agreements) > 90


def test_the_operations_are_those_of_the_convolutions(bundle: ModelBundle) -> None:
    assert flop_per_px(bundle) == pytest.approx(93_000, rel=0.05)
