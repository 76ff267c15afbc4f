"""What to do when memory does not suffice: less at a time, or one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import torch

from landseg_core.compute.device_names import DeviceError
from landseg_core.events import Notice
from landseg_core.geo.window import PixelWindow

_SIGNS = (
    "DefaultCPUAllocator: ",
    "not enough memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "unable to find an engine to execute",
    "Unable to find a valid cuDNN algorithm",
)
"""How torch tells it where it has no error of its own for it: on the CPU, on Windows, on MPS, in CUDA's libraries."""


Answer = TypeVar("Answer")


class NotEnoughMemoryError(Exception):
    """Some work needs more memory than the device has; what it had taken is free when this is no longer handled."""


@contextmanager
def memory_errors() -> Iterator[None]:
    """Have Python's and torch's many errors for too little memory raised as one.

    Raises:
        NotEnoughMemoryError: the `with` block needs more memory than there is.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not is_out_of_memory(error):
            raise
        raise NotEnoughMemoryError from error


def retry_on_out_of_memory(work: Callable[[], Answer], make_smaller: Callable[[], None]) -> Answer:
    """Return what `work` gives, tried again after each `make_smaller`, which raises where that cannot be."""
    while True:
        with suppress(NotEnoughMemoryError), memory_errors():
            return work()
        make_smaller()
        free_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether `error` was raised because memory does not suffice."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error) for sign in _SIGNS)


def free_cache() -> None:
    """Give back memory that torch keeps for later.

    Not while an error is handled: its traceback holds the tensors of every function that it went through.
    """
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device_label(device: torch.device) -> str:
    """Return what has the memory of `device`, in words."""
    return "this computer" if device.type == "cpu" else "the graphics card"


@contextmanager
def memory_as_sentence(device: torch.device) -> Iterator[None]:
    """Tell in one sentence that even the least is too much.

    Raises:
        DeviceError: the `with` block needs more memory than there is.
    """
    try:
        with memory_errors():
            yield
    except NotEnoughMemoryError:
        raise DeviceError(
            f"{device_label(device)} has not enough memory for this run; choose a smaller network or chip, "
            "or close other programs"
        ) from None


def smaller_steps(device: torch.device, batch: int, before: int, after: int) -> Notice:
    """Return the notice that a step learns from a batch by `after` chips at a time, where it was `before`."""
    parts = -(-batch // after)
    often = "twice" if parts == 2 else f"{parts} times"
    return Notice(
        f"{device_label(device)} has no memory for {before} chips at once: learning from {after} at a time, "
        f"{often} a step"
    )


def smaller_windows(device: torch.device, before: PixelWindow, after: PixelWindow) -> Notice:
    """Return the notice that validation looks at `after` at a time, where it was `before`."""
    return Notice(
        f"{device_label(device)} has no memory to validate {before.width} x {before.height} px at once: validating at "
        f"most {after.width} x {after.height} px at a time, with the same result"
    )
