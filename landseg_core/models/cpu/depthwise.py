"""Depthwise convolutions with gradients that are fast on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.cpu.training_precision import trains_on_cpu


class DepthwiseConv(nn.Conv2d):
    """A depthwise convolution, padded to keep the size at stride 1; no bias."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels, channels, kernel, stride, padding=kernel // 2, groups=channels, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, channels, H / stride, W / stride) of (N, channels, H, W)."""
        if not trains_on_cpu(features):
            return super().forward(features)
        apply = _WideGradients.apply
        result: torch.Tensor = apply(features, self.weight, self.stride, self.padding)  # type: ignore[no-untyped-call]
        return result


class _WideGradients(torch.autograd.Function):
    """The convolution in bf16, its gradients in float32, except where they are a convolution themselves.

    On a CPU the gradients of a depthwise convolution take up to a hundred times as long in bf16 as in float32, where
    there is a routine for them; a step of `lite0` takes a quarter less time with these. At stride 1 the gradient of the
    features is a convolution with the mirrored weights, which is fast in bf16.
    """

    @staticmethod
    def forward(
        ctx: Any, features: torch.Tensor, weight: torch.Tensor, stride: tuple[int, ...], padding: tuple[int, ...]
    ) -> torch.Tensor:
        ctx.save_for_backward(features, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(features, weight.to(features.dtype), None, stride, padding, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        features, weight = ctx.saved_tensors
        gradient, wanted = gradients[0], list(ctx.needs_input_grad[:2])
        of_features = None
        if wanted[0] and set(ctx.stride) == {1}:
            mirrored = weight.flip(2, 3).to(gradient.dtype)
            of_features = functional.conv2d(gradient, mirrored, None, 1, ctx.padding, groups=len(weight))
            wanted[0] = False
        of_features_wide, of_weight = _wide_gradients(ctx, gradient, features, weight, wanted)
        if of_features_wide is not None:
            of_features = of_features_wide.to(features.dtype)
        return of_features, of_weight, None, None


def _wide_gradients(
    ctx: Any, gradient: torch.Tensor, features: torch.Tensor, weight: torch.Tensor, wanted: list[bool]
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Return the gradients of features and weight that are wanted, in float32; both together take half the time."""
    of_features, of_weight, _ = torch.ops.aten.convolution_backward(
        gradient.float(),
        features.float(),
        weight.float(),
        None,
        ctx.stride,
        ctx.padding,
        (1, 1),
        False,  # noqa: FBT003 - not transposed; the operator takes no names
        (0, 0),
        len(weight),
        (*wanted, False),
    )
    return of_features, of_weight
