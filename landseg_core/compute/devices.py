"""Where a network runs, and in which arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from landseg_core.compute.device_names import DeviceError
from landseg_core.messages import N_


@dataclass(frozen=True)
class Precision:
    """The arithmetic of a device: `dtype` is that of autocast, None for none.

    `scaled` tells that gradients need a scaler, which is so where numbers have fp16's small range.
    """

    name: str
    dtype: torch.dtype | None
    memory_format: torch.memory_format
    scaled: bool = False

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context in which a forward pass uses this arithmetic."""
        return torch.autocast(device.type, self.dtype or torch.bfloat16, enabled=self.dtype is not None)


_FP32 = Precision("fp32", None, torch.channels_last)
_FP32_PLAIN = Precision("fp32", None, torch.contiguous_format)
_BF16 = Precision("bf16", torch.bfloat16, torch.channels_last)
_FP16 = Precision("fp16", torch.float16, torch.channels_last, scaled=True)


def _cpu_precision() -> Precision:
    # Processors without these instructions emulate bf16, and are slower with it.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return _BF16 if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else _FP32


def _cuda_precision() -> Precision:
    return _BF16 if torch.cuda.is_bf16_supported(including_emulation=False) else _FP16


_FASTEST: dict[str, Callable[[], Precision]] = {
    "cpu": _cpu_precision,
    "cuda": _cuda_precision,
    "mps": lambda: _FP32_PLAIN,
}

_OTHERS: dict[str, dict[str, Precision]] = {
    "cpu": {"bf16": _BF16},
    "cuda": {"bf16": _BF16, "fp16": _FP16},
    "mps": {},
}
"""What a device computes in besides float32."""


def precision_for(device: torch.device, wanted: str = "auto") -> Precision:
    """Return the arithmetic for `device`: the fastest it is good at, or the one of the name `wanted`.

    Raises:
        DeviceError: the device is not made for that.
    """
    fastest = _FASTEST[device.type]()
    if wanted == "auto":
        return fastest
    if wanted == "fp32":
        return Precision("fp32", None, fastest.memory_format)
    if wanted not in _OTHERS[device.type]:
        good = " or ".join(("fp32", *_OTHERS[device.type]))
        raise DeviceError(
            N_(
                "the device {type} does not compute in {wanted}; choose {good}",
                type=device.type,
                wanted=wanted,
                good=good,
            )
        )
    return _OTHERS[device.type][wanted]


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; "auto" takes CUDA, else MPS, else the CPU.

    Raises:
        DeviceError: this computer, or this build of torch, does not have it.
    """
    if name == "auto":
        return torch.device(_best_kind())
    kind, _, number = name.partition(":")
    if kind not in _COUNTS:
        raise DeviceError(N_("{name!r} is no device; choose auto, cpu, cuda, cuda:0 or mps", name=name))
    count = _COUNTS[kind]()
    if count == 0:
        raise DeviceError(
            N_("torch finds no {kind} device on this computer; choose cpu, or install torch for {kind}", kind=kind)
        )
    if number and not (number.isdecimal() and int(number) < count):
        raise DeviceError(
            N_(
                "there is no device {name}; this computer has {count} of {kind}, counted from 0",
                name=name,
                count=count,
                kind=kind,
            )
        )
    return torch.device(name)


_COUNTS: dict[str, Callable[[], int]] = {
    "cuda": lambda: torch.cuda.device_count() if torch.cuda.is_available() else 0,
    "mps": lambda: int(torch.backends.mps.is_available()),
    "cpu": lambda: 1,
}


def _best_kind() -> str:
    return next(kind for kind, count in _COUNTS.items() if count())


def gpu_name(device: torch.device) -> str | None:
    """Return what a CUDA GPU is called; None for other devices."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
