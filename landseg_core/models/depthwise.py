"""Convolutions of each channel by itself, with gradients that a CPU finds quickly."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight


class DepthwiseConv(nn.Conv2d):
    """A convolution of each channel by itself, padded to keep the size at stride 1; no bias."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels, channels, kernel, stride, padding=kernel // 2, groups=channels, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, channels, H / stride, W / stride) of (N, channels, H, W)."""
        learns_in_bf16 = features.dtype == torch.bfloat16 and torch.is_grad_enabled()
        if not (learns_in_bf16 and features.is_cpu):
            return super().forward(features)
        apply = _WideGradients.apply
        result: torch.Tensor = apply(features, self.weight, self.stride, self.padding)  # type: ignore[no-untyped-call]
        return result


class _WideGradients(torch.autograd.Function):
    """The convolution in bf16, its gradients in float32.

    On a CPU the gradients of a depthwise convolution take up to a hundred times as long in bf16 as in float32, where
    there is a routine for them; a step of `lite0` takes a quarter less time with these.
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
        gradient, shapes = gradients[0].float(), (ctx.stride, ctx.padding, 1, weight.shape[0])
        of_features = of_weight = None
        if ctx.needs_input_grad[0]:
            of_features = conv2d_input(features.shape, weight.float(), gradient, *shapes).to(features.dtype)
        if ctx.needs_input_grad[1]:
            of_weight = conv2d_weight(features.float(), weight.shape, gradient, *shapes)
        return of_features, of_weight, None, None
