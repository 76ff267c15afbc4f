"""The EMA of a network's weights: it does better on new ground than the weights of any single step."""

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
    teachers", 2017. `share` of the run is how far the average reaches back; 0 averages nothing.
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        self._share = share
        self._live = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        self.weights = {name: value.detach().clone() for name, value in self._live.items()}

    @torch.no_grad()
    def update(self, step: int, advance: float) -> None:
        """Take in the weights after `step` (from 1), which brought the run on by `advance` of its whole (0-1)."""
        kept = math.exp(-advance / self._share) if self._share > 0 else 0.0
        kept = min(kept, step / (step + _FIRST_STEPS))
        torch._foreach_lerp_(list(self.weights.values()), list(self._live.values()), 1 - kept)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let the network have the averaged weights inside the `with` block."""
        own = {name: value.detach().clone() for name, value in self._live.items()}
        self._put(self.weights)
        try:
            yield
        finally:
            self._put(own)

    def restore(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Go on from saved `weights`.

        Raises:
            KeyError: weights are missing.
            RuntimeError: weights have another shape.
        """
        with torch.no_grad():
            for name, value in self.weights.items():
                value.copy_(weights[name])

    def _put(self, weights: Mapping[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, value in self._live.items():
                value.copy_(weights[name])
