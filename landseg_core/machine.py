"""The machine that landseg runs on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def processor() -> str:
    """Return the processor's name; Python itself knows it only outside Linux."""
    return _cpu_info("model name") or platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """Return what the processor can do, in Linux's words, such as "avx512_bf16"; nothing elsewhere."""
    return frozenset(_cpu_info("flags").split())


def _cpu_info(key: str) -> str:
    """Return what Linux says of the processor under `key`; nothing elsewhere."""
    try:
        lines = _CPU_INFO.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
