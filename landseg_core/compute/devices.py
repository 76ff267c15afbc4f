"""The devices and the precisions that a network can run in."""

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

    `scaled`: gradients need a scaler, because fp16 has a small range.
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
    # Processors without these instructions emulate bf16, which is slower.
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
"""The precisions of a device besides float32."""


def precision_for(device: torch.device, wanted: str = "auto") -> Precision:
    """Return the precision for `device`: its fastest suitable one, or that of the name `wanted`.

    Raises:
        DeviceError: the device does not support it.
    """
    fastest = _FASTEST[device.type]()
    if wanted == "auto":
        return fastest
    if wanted == "fp32":
        return Precision("fp32", None, fastest.memory_format)
    if wanted not in _OTHERS[device.type]:
        raise DeviceError(
            N_(
                "the device {device} does not support {precision}; choose one of {supported}",
                device=device.type,
                precision=wanted,
                supported=", ".join(("fp32", *_OTHERS[device.type])),
            )
        )
    return _OTHERS[device.type][wanted]


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; "auto" is CUDA if available, else MPS, else the CPU.

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
                "there is no device {name}; this computer has %n {kind} devices, numbered from 0",
                n=count,
                one="there is no device {name}; the only {kind} device of this computer is {kind}:0",
                name=name,
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
    """Return the name of a CUDA GPU; None for other devices."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
