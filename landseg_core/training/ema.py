"""The EMA of a network's weights: it generalises better than the weights of any single step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

_FIRST_STEPS = 10
"""At the start the EMA follows quickly: after n steps it reaches back over about n / 10 of them."""


class ModelEma:
    """An exponential moving average of weights and of batch norms' statistics.

    Polyak, Juditsky: "Acceleration of stochastic approximation by averaging", 1992; as in Tarvainen, Valpola: "Mean
    teachers", 2017. `share` of the run is how far the average reaches back; 0 turns it off.
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        self._share = share
        self._live = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        self.weights = {name: value.detach().clone() for name, value in self._live.items()}

    @torch.no_grad()
    def update(self, step: int, advance: float) -> None:
        """Update with the weights after `step` (from 1), which advanced the run by `advance` (0-1)."""
        decay = math.exp(-advance / self._share) if self._share > 0 else 0.0
        decay = min(decay, step / (step + _FIRST_STEPS))
        torch._foreach_lerp_(list(self.weights.values()), list(self._live.values()), 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the averaged weights inside the `with` block."""
        own = {name: value.detach().clone() for name, value in self._live.items()}
        self._load(self.weights)
        try:
            yield
        finally:
            self._load(own)

    def restore(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Resume from saved `weights`.

        Raises:
            KeyError: weights are missing.
            RuntimeError: weights have another shape.
        """
        with torch.no_grad():
            for name, value in self.weights.items():
                value.copy_(weights[name])

    def _load(self, weights: Mapping[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, value in self._live.items():
                value.copy_(weights[name])
