"""A model that has not learned, and a raster to predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.rasters import write_raster

from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def bundle(schema: ClassSchema) -> ModelBundle:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = weights_of(build_model("unet16", 3, 3))
    header = BundleHeader("unet16", schema, (1, 2, 3), "uint8", Normalisation((120.0,) * 3, (60.0,) * 3), None, {})
    return ModelBundle(header, weights)


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "a.tif", np.random.default_rng(0).integers(1, 256, (3, 96, 128), np.uint8))
