"""What to do when memory runs out: smaller pieces of work, or one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import torch

from landseg_core.compute.device_names import DeviceError
from landseg_core.events import Notice
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_, Text

_SIGNS = (
    "DefaultCPUAllocator: ",
    "not enough memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "unable to find an engine to execute",
    "Unable to find a valid cuDNN algorithm",
)
"""Torch's messages where it raises no error type of its own: on the CPU, on Windows, on MPS, in CUDA's libraries."""


Answer = TypeVar("Answer")


class NotEnoughMemoryError(Exception):
    """Some work needs more memory than the device has; what it had allocated is free once this is no longer handled."""


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise the many errors of Python and torch for too little memory as one type.

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
    """Return the result of `work`, retried after each `make_smaller`, which raises where nothing can be smaller."""
    while True:
        with suppress(NotEnoughMemoryError), memory_errors():
            return work()
        make_smaller()
        free_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Return whether `error` was raised because memory ran out."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error) for sign in _SIGNS)


def free_cache() -> None:
    """Return the memory that torch caches to the system.

    Not while an error is being handled: its traceback holds the tensors of every function that it passed through.
    """
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device_label(device: torch.device) -> Text:
    """Return what the memory of `device` belongs to, for the start of a sentence."""
    return N_("this computer") if device.type == "cpu" else N_("the GPU")


@contextmanager
def memory_as_sentence(device: torch.device) -> Iterator[None]:
    """Raise one sentence where even the smallest piece of work needs too much memory.

    Raises:
        DeviceError: the `with` block needs more memory than there is.
    """
    try:
        with memory_errors():
            yield
    except NotEnoughMemoryError:
        raise DeviceError(
            N_(
                "{device} does not have enough memory for this run; choose a smaller network or chip size, or close "
                "other programs",
                device=device_label(device),
            )
        ) from None


def smaller_steps(device: torch.device, batch: int, before: int, after: int) -> Notice:
    """Return the notice that a step processes a batch by `after` chips at a time, instead of `before`."""
    return Notice(
        N_(
            "{device} does not have enough memory for {before} chips at once: training on {after} at a time, %n times "
            "per step",
            n=-(-batch // after),
            device=device_label(device),
            before=before,
            after=after,
        )
    )


def smaller_windows(device: torch.device, before: PixelWindow, after: PixelWindow) -> Notice:
    """Return the notice that validation processes windows of `after` instead of `before`."""
    return Notice(
        N_(
            "{device} does not have enough memory to validate {width} x {height} px at once: validating at most "
            "{smaller_width} x {smaller_height} px at a time, with the same result",
            device=device_label(device),
            width=before.width,
            height=before.height,
            smaller_width=after.width,
            smaller_height=after.height,
        )
    )
