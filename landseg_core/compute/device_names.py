"""The names of devices, and the error for those that are not available; which are available, only torch knows."""

from __future__ import annotations

import re

from landseg_core.errors import LandsegError
from landseg_core.messages import N_

DEVICES = {
    "auto": N_("auto (fastest available)"),
    "cpu": N_("cpu"),
    "cuda": N_("cuda (NVIDIA GPU)"),
    "mps": N_("mps (Apple GPU)"),
}
"""The kinds of devices, each with its text in a list."""

_DEVICE_PATTERN = r"^(auto|cpu|mps|cuda(:\d+)?)$"


class DeviceError(LandsegError):
    """A device is not available on this computer, does not support a precision, or has too little memory."""


def require_device_name(name: str) -> None:
    """Check that `name` is that of a device, whether this computer has it or not.

    Raises:
        DeviceError: it is not.
    """
    if not re.match(_DEVICE_PATTERN, name):
        raise DeviceError(N_("{name!r} is no device; choose auto, cpu, cuda, cuda:0 or mps", name=name))
