"""A network that learns: one optimiser step at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch._dynamo  # AdamW imports it when first used, for a second or more; so it comes with the other imports
from torch import nn

from landseg_core.models.weights import load_weights, weights_of
from landseg_core.training.average import WeightAverage
from landseg_core.training.colour import ColourChange
from landseg_core.training.config import TrainConfig
from landseg_core.training.losses import cross_entropy, dice_loss
from landseg_core.training.network import Network

GRADIENT_NORM = 5.0
"""Longer gradients are shortened to this: a single odd batch must not throw the weights far off."""
_WEIGHTS, _AVERAGE, _OPTIMISER, _RANDOM = "weights.", "average.", "optimiser.", "random"
_SHARE = "share"
"""The key of an optimiser's group for its learning rate as a share of the run's."""


class Learner:
    """A network with its optimiser (AdamW: Loshchilov, Hutter, "Decoupled weight decay regularization", 2019)."""

    def __init__(self, network: Network, config: TrainConfig, encoder_share: float = 1.0) -> None:
        """Take a network; its `encoder` learns at `encoder_share` of the learning rate."""
        self.network = network
        self.average = WeightAverage(network.model, config.average)
        self._dice = config.dice
        self._colour = ColourChange(config.colour, config.blur)
        self._parameters = [p for p in network.model.parameters() if p.requires_grad]
        groups = _groups(network.model, config.weight_decay, encoder_share)
        self._optimiser = torch.optim.AdamW(groups, lr=config.learning_rate)
        self._scaler = torch.amp.GradScaler(network.device.type, enabled=network.precision.scaled)

    def step(
        self, pixels: npt.NDArray[Any], labels: npt.NDArray[np.uint8], learning_rate: float, seed: Sequence[int] = (0,)
    ) -> float:
        """Learn from (N, C, S, S) native pixels and (N, S, S) class indices; return the loss before the step.

        `seed` gives the random numbers of the change in colour. Where the loss or its gradient is not finite, the
        weights stay as they are and the answer is NaN.
        """
        self.network.model.train()
        pictures = self._colour(self.network.pictures(pixels), seed)
        loss = self._loss(self.network.classify(pictures), self.network.on_device(labels))
        value = float(loss.detach())
        if not math.isfinite(value):
            return math.nan
        self._optimiser.zero_grad()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        return value if self._descend(learning_rate) else math.nan

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        loss = cross_entropy(logits, labels)
        return loss + self._dice * dice_loss(logits, labels) if self._dice else loss

    def _descend(self, learning_rate: float) -> bool:
        """Step along the gradients unless they are not finite; tell whether the run can go on."""
        self._scaler.unscale_(self._optimiser)
        norm = nn.utils.clip_grad_norm_(self._parameters, GRADIENT_NORM)
        # fp16 gradients may overflow: the scaler then skips the step and lowers its scale, which is no failure.
        if not self._scaler.is_enabled() and not norm.isfinite():
            return False
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate * group[_SHARE]
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return True

    @property
    def scale(self) -> float:
        """Return the factor on fp16 gradients; 1 in other arithmetic."""
        return float(self._scaler.get_scale())

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what `restore` needs: weights and their average, the optimiser's moments, torch's random numbers."""
        weights = {_WEIGHTS + name: value for name, value in weights_of(self.network.model).items()}
        average = {_AVERAGE + name: value for name, value in self.average.weights.items()}
        moments = {
            f"{_OPTIMISER}{name}.{kind}": value.float()
            for name, parameter in self.network.model.named_parameters()
            for kind, value in self._optimiser.state[parameter].items()
        }
        return weights | average | moments | {_RANDOM: torch.get_rng_state()}

    def restore(self, tensors: Mapping[str, torch.Tensor], scale: float) -> None:
        """Go back to the state that `tensors` and `scale` hold.

        Raises:
            KeyError: tensors are missing.
            RuntimeError: tensors have another shape.
        """
        load_weights(self.network.model, _part(tensors, _WEIGHTS))
        self.average.restore(_part(tensors, _AVERAGE))
        parameters = dict(self.network.model.named_parameters())
        for place, value in _part(tensors, _OPTIMISER).items():
            name, _, kind = place.rpartition(".")
            self._optimiser.state[parameters[name]][kind] = _laid_out_like(parameters[name], value)
        torch.set_rng_state(tensors[_RANDOM])
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(self._scaler.state_dict() | {"scale": scale})


def _groups(model: nn.Module, weight_decay: float, encoder_share: float) -> list[dict[str, Any]]:
    """Return the optimiser's groups: only convolutions decay; a norm's scale and a bias have no reason to be small."""
    encoder = [p for name, p in model.named_parameters() if name.startswith("encoder.")]
    others = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    return [
        {"params": [p for p in parameters if (p.ndim > 1) is decays], "weight_decay": decay, _SHARE: share}
        for parameters, share in ((encoder, encoder_share), (others, 1.0))
        for decays, decay in ((True, weight_decay), (False, 0.0))
    ]


def _part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _laid_out_like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return a copy of `value` with the memory format of `parameter`; the count of steps, a scalar, has none."""
    return torch.empty_like(parameter).copy_(value) if value.ndim else value.clone()
