"""A network in training: one optimiser step at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch._dynamo
from torch import nn

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.memory import device_label, retry_on_out_of_memory
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.models.weights import load_weights, weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.training.augmentation import ColourJitter, cutmix
from landseg_core.training.ema import ModelEma
from landseg_core.training.losses import (
    cross_entropy,
    dice_loss,
    root_weights,
    teacher_loss_sum,
    weighted_cross_entropy_sum,
)
from landseg_core.training.network import Network
from landseg_core.training.teacher import Teacher


class Awaited:
    """A single number on its way from `tensor`, which stays where it is.

    On a GPU, work is queued long before it is done. `value` waits until this number has arrived, and not for
    what was queued after it, so that the GPU always has work left.
    """

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor.detach()
        self._number = self.tensor.to("cpu", non_blocking=tensor.is_cuda)
        self._arrived: torch.cuda.Event | None = None
        if tensor.is_cuda:
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record(torch.cuda.current_stream(tensor.device))

    def value(self) -> float:
        """Return the number."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return float(self._number)


_PartOfLoss = Callable[[torch.Tensor, slice], torch.Tensor]
"""From the logits of some chips of a batch, and which these are, to their part in its loss."""

GRADIENT_NORM = 5.0
"""Longer gradients are clipped to this: a single odd batch must not throw the weights far off."""
LEAST_SCALE = 1.0
"""A run whose fp16 gradients overflow at a scale below this is as lost as one with a loss that is not finite."""
_WEIGHTS, _EMA, _OPTIMISER, _RANDOM, _SCALING = "weights.", "average.", "optimiser.", "random", "scaling"
_SCALER_STATE = "scale", "_growth_tracker"
_SHARE = "share"
"""The key of an optimiser's group for its learning rate as a share of the run's."""


class Learner:
    """A network with its optimiser (AdamW: Loshchilov, Hutter, "Decoupled weight decay regularization", 2019).

    `micro_batch` is how many chips of a batch are in memory together; a step uses all of them nevertheless.
    `encoder_share` is the share of the learning rate that the network's encoder gets. A `teacher`, where there is one,
    counts `teacher_weight` beside the labels.
    """

    def __init__(self, network: Network, config: TrainConfig, encoder_share: float = 1.0) -> None:
        """Wrap a network; its `encoder` is trained at `encoder_share` of the learning rate."""
        self.network = network
        self.teacher: Teacher | None = None
        self.teacher_weight = 0.0
        self.ema = ModelEma(network.model, config.ema)
        self.micro_batch, self.encoder_share = config.batch, encoder_share
        self._dice = config.dice
        self._jitter, self._cutmix = ColourJitter(config.colour_jitter, config.blur), config.cutmix
        self._parameters = [p for p in network.model.parameters() if p.requires_grad]
        groups = _groups(network.model, config.weight_decay, encoder_share)
        self._is_fused = network.device.type != "mps"  # one kernel, with all its state on the device of the weight
        self._optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, fused=self._is_fused)
        self._scaler = torch.amp.GradScaler(network.device.type, enabled=network.precision.scaled)
        self._finite_before = Awaited(torch.tensor(1.0))

    def step(
        self, pixels: npt.NDArray[Any], labels: npt.NDArray[np.uint8], learning_rate: float, seed: Sequence[int] = (0,)
    ) -> float:
        """Train on (N, C, S, S) native pixels and (N, S, S) class indices; return the loss before the step.

        `seed` gives the random numbers of augmentation. Where the loss or its gradient is not finite, the
        weights stay as they are, but not the running statistics of batch norms, and NaN is returned; on a GPU,
        which is not waited for, a step reports the gradient of the step before. Where memory does not suffice
        for `micro_batch` chips at a time, that is halved for good, and the same batch tried again.

        Raises:
            DeviceError: memory does not suffice for a single chip.
        """
        self._set_training_mode()
        with self.network.same_sizes():
            loss = retry_on_out_of_memory(
                lambda: self._gradients(pixels, labels, seed), lambda: self._halve(side=pixels.shape[-1])
            )
        is_finite = self._descend(loss, learning_rate)
        return loss.value() if is_finite else math.nan

    def _set_training_mode(self) -> None:
        """Have batch norms measure the statistics of each batch, unless those of a parent model are to stay.

        A short run on few labels would replace them by those of a few chips.
        """
        self.network.model.train()
        if self.teacher is not None and self.teacher.has_parent:
            for module in self.network.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def _gradients(self, pixels: npt.NDArray[Any], labels: npt.NDArray[np.uint8], seed: Sequence[int]) -> Awaited:
        """Sum up the gradients of a batch, `micro_batch` chips at a time, and return its loss, still being computed.

        Each part weighs as much as it has labelled pixels, so that cross-entropy is that of the whole batch. Two things
        are not: Dice is the mean of those of the parts, and batch norms see one part at a time.
        """
        images, truth, *taught = self._augmented(pixels, labels, seed)
        part_of_loss = self._with_teacher(truth, *taught) if taught else self._of_labels(truth)
        value = torch.zeros((), device=self.network.device)
        self._optimiser.zero_grad()
        for start in range(0, len(images), self.micro_batch):
            part = slice(start, start + self.micro_batch)
            loss = part_of_loss(self.network.classify(images[part]), part)
            value += loss.detach()
            summed = Awaited(value)  # before the backward pass is queued, so that nobody waits for it
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        return summed

    def _augmented(
        self, pixels: npt.NDArray[Any], labels: npt.NDArray[np.uint8], seed: Sequence[int]
    ) -> list[torch.Tensor]:
        """Return the normalised images of a batch after colour jitter and CutMix, and their labels, on the device.

        With a teacher, what it predicts for the images before these changes follows.
        """
        images = self.network.normalise(pixels)
        taught = [self._taught(images)] if self.teacher else []
        batch = [self._jitter(images, seed), self.network.on_device(labels), *taught]
        return cutmix(batch, self._cutmix, seed) if self._cutmix else batch

    def _taught(self, images: torch.Tensor) -> torch.Tensor:
        assert self.teacher is not None
        return torch.cat([self.teacher.probabilities(part) for part in torch.split(images, self.micro_batch)])

    def _halve(self, side: int) -> None:
        """Use half as many chips at a time from now on."""
        self._optimiser.zero_grad()
        if self.micro_batch == 1:
            raise DeviceError(
                N_(
                    "{device} does not have enough memory to train on a single chip of {side} x {side} px; choose a "
                    "smaller chip or network, or close other programs",
                    device=device_label(self.network.device),
                    side=side,
                )
            )
        self.micro_batch //= 2

    def _of_labels(self, labels: torch.Tensor) -> _PartOfLoss:
        """Return what gives the part of some chips in the loss of a batch with these labels."""
        total = (labels != UNLABELLED).sum()

        def part_of_loss(logits: torch.Tensor, part: slice) -> torch.Tensor:
            own = labels[part]
            loss = cross_entropy(logits, own)
            if self._dice:
                loss = loss + self._dice * dice_loss(logits, own)
            return loss * ((own != UNLABELLED).sum() / total.clamp(min=1))

        return part_of_loss

    def _with_teacher(self, labels: torch.Tensor, taught: torch.Tensor) -> _PartOfLoss:
        """Return the same beside `taught`, what a teacher predicts.

        Labels count by the root of their pixels. Dice is left out: what it asks of each class would count for pixels
        without a label, too, and a few strokes do not say how common a class is.
        """
        weights = root_weights(labels, taught.shape[1])
        all_weights, unlabelled = weights.sum().clamp(min=1), (labels == UNLABELLED).sum().clamp(min=1)

        def part_of_loss(logits: torch.Tensor, part: slice) -> torch.Tensor:
            own = labels[part]
            of_labels = weighted_cross_entropy_sum(logits, own, weights[part]) / all_weights
            return of_labels + self.teacher_weight * teacher_loss_sum(logits, own, taught[part]) / unlabelled

        return part_of_loss

    def _descend(self, loss: Awaited, learning_rate: float) -> bool:
        """Step along the gradients unless they or the loss are not finite; return whether the run can go on."""
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate * group[_SHARE]
        self._scaler.unscale_(self._optimiser)
        norm = nn.utils.clip_grad_norm_(self._parameters, GRADIENT_NORM)
        if self._scaler.is_enabled():
            return math.isfinite(loss.value()) and self._descend_scaled()
        is_finite = (loss.tensor + norm).isfinite()
        if is_finite.is_cuda:
            return self._descend_on_gpu(is_finite) and math.isfinite(loss.value())
        if is_finite:
            self._optimiser.step()
        return bool(is_finite)

    def _descend_scaled(self) -> bool:
        """Step where fp16 gradients did not overflow.

        The scaler leaves out a step that did and lowers its scale, which is no failure. But where they overflow without
        a scale over 1, they are not finite at all.
        """
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return self._scaler.get_scale() >= LEAST_SCALE

    def _descend_on_gpu(self, is_finite: torch.Tensor) -> bool:
        """Let the GPU decide whether to step, and return whether it did so in the step before.

        Waiting for the answer would leave the GPU without work between this step and the next.
        """
        self._optimiser.found_inf = (~is_finite).float()  # type: ignore[attr-defined] # a fused optimiser reads it
        self._optimiser.step()
        before, self._finite_before = self._finite_before, Awaited(is_finite)
        return bool(before.value())

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what `restore` needs: weights and their EMA, the optimiser's moments, torch's random numbers."""
        weights = {_WEIGHTS + name: value for name, value in weights_of(self.network.model).items()}
        ema = {_EMA + name: value for name, value in self.ema.weights.items()}
        moments = {
            f"{_OPTIMISER}{name}.{kind}": value.float()
            for name, parameter in self.network.model.named_parameters()
            for kind, value in self._optimiser.state[parameter].items()
        }
        return weights | ema | moments | self._scaling() | {_RANDOM: torch.get_rng_state()}

    def _scaling(self) -> dict[str, torch.Tensor]:
        """Return the scale of fp16 gradients, and for how many steps it was good."""
        state = self._scaler.state_dict()
        return {_SCALING: torch.tensor([float(state[key]) for key in _SCALER_STATE])} if state else {}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Return to the state in `tensors`; `micro_batch` stays as it is.

        Raises:
            KeyError: tensors are missing.
            RuntimeError: tensors have another shape.
        """
        load_weights(self.network.model, _part(tensors, _WEIGHTS))
        self.ema.restore(_part(tensors, _EMA))
        parameters = dict(self.network.model.named_parameters())
        self._optimiser.state.clear()
        for key, value in _part(tensors, _OPTIMISER).items():
            name, _, kind = key.rpartition(".")
            self._optimiser.state[parameters[name]][kind] = self._as_stored(parameters[name], value)
        self._finite_before = Awaited(torch.tensor(1.0))
        torch.set_rng_state(tensors[_RANDOM])
        if self._scaler.is_enabled() and _SCALING in tensors:
            scale, good_steps = tensors[_SCALING].tolist()
            scaling = dict(zip(_SCALER_STATE, (scale, int(good_steps)), strict=True))
            self._scaler.load_state_dict(self._scaler.state_dict() | scaling)

    def _as_stored(self, parameter: nn.Parameter, value: torch.Tensor) -> torch.Tensor:
        """Return a copy of a moment of `parameter`, or of its count of steps, as the optimiser stores it."""
        if value.ndim:
            return torch.empty_like(parameter).copy_(value)
        return value.to(parameter.device if self._is_fused else "cpu", copy=True)


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
