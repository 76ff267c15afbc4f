"""What devices are called, and the error for those that cannot be had; which there are, only torch knows."""

from __future__ import annotations

import re

from landseg_core.errors import LandsegError
from landseg_core.messages import N_

DEVICES = {
    "auto": "auto (the fastest there is)",
    "cpu": "cpu",
    "cuda": "cuda (NVIDIA graphics card)",
    "mps": "mps (Apple graphics)",
}
"""The kinds of devices, each with what a list shows for it."""

_DEVICE_PATTERN = r"^(auto|cpu|mps|cuda(:\d+)?)$"


class DeviceError(LandsegError):
    """A device cannot be had on this computer, does not compute as asked, or has too little memory."""


def require_device_name(name: str) -> None:
    """Check that `name` means a device, whether this computer has it or not.

    Raises:
        DeviceError: it does not.
    """
    if not re.match(_DEVICE_PATTERN, name):
        raise DeviceError(N_("{name!r} is no device; choose auto, cpu, cuda, cuda:0 or mps", name=name))
