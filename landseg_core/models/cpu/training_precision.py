"""Detects training in bf16 on a CPU, where a few gradients of PyTorch are many times slower than they could be."""

from __future__ import annotations

import torch


def trains_on_cpu(features: torch.Tensor) -> bool:
    """Return whether a layer with the input `features` is being trained in bf16 on a CPU."""
    return features.is_cpu and features.dtype == torch.bfloat16 and torch.is_grad_enabled()
