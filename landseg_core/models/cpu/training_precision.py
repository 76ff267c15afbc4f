"""When a network learns in bf16 on a processor: a few gradients then take many times as long as they need to."""

from __future__ import annotations

import torch


def learns_on_cpu(features: torch.Tensor) -> bool:
    """Tell whether a layer that gets `features` learns in bf16 on a processor."""
    return features.is_cpu and features.dtype == torch.bfloat16 and torch.is_grad_enabled()
