"""What devices are called; which of them this computer has, only torch knows."""

from __future__ import annotations

import re

from landseg_core.errors import TrainingError

DEVICE_PATTERN = r"^(auto|cpu|mps|cuda(:\d+)?)$"


def require_device_name(name: str) -> None:
    """Check that `name` means a device, whether this computer has it or not.

    Raises:
        TrainingError: it does not.
    """
    if not re.match(DEVICE_PATTERN, name):
        raise TrainingError(f"{name!r} is no device; choose auto, cpu, cuda, cuda:0 or mps")
