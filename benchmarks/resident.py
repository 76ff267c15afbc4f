"""Memory of this process that lies in RAM, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

_PROCESS = Path("/proc/self")


def resident_megabytes() -> float:
    """Return what lies in RAM now."""
    pages = int((_PROCESS / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def forget_peak() -> None:
    """Let `peak_megabytes` begin anew."""
    (_PROCESS / "clear_refs").write_text("5")


def peak_megabytes() -> float:
    """Return the most that lay in RAM since `forget_peak`."""
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
