"""Models that have not learned anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of

PLAIN = Normalisation((100.0, 90.0, 80.0), (40.0, 50.0, 60.0))


def random_bundle(
    architecture: str,
    normalisation: Normalisation = PLAIN,
    classes: int = 3,
    dtype: str = "uint8",
    resolution: float | None = 0.5,
    seed: int = 0,
) -> ModelBundle:
    """Return a model that has not learned anything, but in which nothing is at its start."""
    bands = tuple(range(1, len(normalisation.mean) + 1))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        network = build_model(architecture, len(bands), classes)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(std=0.3)  # type: ignore[union-attr]
                layer.running_var.uniform_(0.1, 0.6)  # type: ignore[union-attr]
    colours = (LandClass(value=9 - i, name=f"Höhe {i}", colour="#808080") for i in range(classes))
    schema = ClassSchema(classes=tuple(colours))
    header = BundleHeader(architecture, schema, bands, dtype, normalisation, resolution, {})
    return ModelBundle(header, weights_of(network))


def with_header(bundle: ModelBundle, **changes: Any) -> ModelBundle:
    """Return the same weights with another header."""
    return replace(bundle, header=replace(bundle.header, **changes))
