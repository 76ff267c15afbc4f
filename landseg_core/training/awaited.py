"""Numbers that a device still computes, brought to the processor without holding anything up."""

from __future__ import annotations

import torch


class Awaited:
    """A single number on its way from `tensor`, which stays where it is.

    On a graphics card work is asked for long before it is done. `value` waits until this number is there, and not for
    what was asked for after it, so that the card always has something left to do.
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
