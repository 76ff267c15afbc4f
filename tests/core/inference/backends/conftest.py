from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from landseg_core.inference.backends.backend import BackendRequest
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of


@pytest.fixture
def bundle(schema: ClassSchema) -> ModelBundle:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build_model("unet16", 3, 3)
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.normal_()  # type: ignore[union-attr]
                norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    normalisation = Normalisation((100.0, 90.0, 80.0), (40.0, 50.0, 60.0))
    return ModelBundle(BundleHeader("unet16", schema, (1, 2, 3), "uint16", normalisation, None, {}), weights_of(model))


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 50, 70)).astype(np.uint16)


@pytest.fixture
def request_for(bundle: ModelBundle, pixels: np.ndarray) -> Callable[..., BackendRequest]:
    """Return a maker of requests for the model, with `pixels` as the only sample."""
    return lambda **options: BackendRequest(options.pop("bundle", bundle), lambda: [pixels], **options)
