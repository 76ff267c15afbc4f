"""Chips of plain colours, and a model that knows two of three."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from landseg_core.compute.devices import precision_for
from landseg_core.labels.classes import UNLABELLED
from landseg_core.models.normalisation import Normalisation
from landseg_core.training.batches import Batch
from landseg_core.training.network import Network

CPU = torch.device("cpu")
NORMALISATION = Normalisation((128.0,) * 3, (50.0,) * 3)
COLOURS = np.array([(220, 40, 40), (40, 220, 40), (40, 40, 220), (200, 200, 40)], np.uint8)


class ByColour(nn.Module):
    """Tells red from green, and takes blue for red; `head` is its last layer, as of every network."""

    stride, radius = 1, 0

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3, kernel_size=1)
        with torch.no_grad():
            self.head.weight[:, :, 0, 0] = 2 * torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
            self.head.bias[:] = torch.tensor([0.0, 0.0, -5.0])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images)


def network_of(model: nn.Module) -> Network:
    return Network(model, NORMALISATION, CPU, precision_for(CPU, "fp32"))  # type: ignore[arg-type]


def network_of_colours() -> Network:
    return network_of(ByColour())


def coloured(classes: int, labelled: float, seed: int = 0) -> tuple[Batch, np.ndarray]:
    """Return chips of squares in the colours of classes, a share of whose pixels is labelled, and all the classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, (4, 4, 4)).astype(np.uint8).repeat(16, 1).repeat(16, 2)
    pixels = (COLOURS[truth].astype(int) + rng.integers(-20, 20, (*truth.shape, 3))).clip(0, 255).astype(np.uint8)
    labels = np.where(rng.random(truth.shape) < labelled, truth, np.uint8(UNLABELLED))
    return (pixels.transpose(0, 3, 1, 2).copy(), labels), truth
