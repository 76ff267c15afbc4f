"""A network's weights as a plain dictionary: float32, on the CPU, in the order of the network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from landseg_core.models.catalog import build_model


def _floating(model: nn.Module) -> dict[str, torch.Tensor]:
    # Batch norms also count their batches, as integers. Nothing here uses that count.
    return {name: value for name, value in model.state_dict().items() if value.is_floating_point()}


def weights_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the weights and the batch norms' statistics."""
    contiguous = torch.contiguous_format
    return {
        name: value.detach().to("cpu", torch.float32, copy=True, memory_format=contiguous)
        for name, value in _floating(model).items()
    }


def load_weights(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Copy `weights`, with all names and shapes of the model's, into it."""
    with torch.no_grad():
        for name, value in _floating(model).items():
            value.copy_(weights[name])


def weight_shapes(architecture: str, bands: int, classes: int) -> dict[str, torch.Size]:
    """Return the shape of every weight of a network of the catalogue, without allocating the weights."""
    with torch.device("meta"):
        model = build_model(architecture, bands, classes)
    return {name: value.shape for name, value in _floating(model).items()}
