"""Tells glibc's allocator to keep the large blocks that a network frees, instead of handing them back each time."""

from __future__ import annotations

import ctypes
import sys

# Parameter numbers of mallopt(3), from glibc's <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_NEVER_TRIM = 2**31 - 1


def tune_allocator() -> bool:
    """Keep freed memory in the process; return whether that could be set.

    A network frees and takes feature maps of many megabytes at every layer. By default glibc maps each anew, and the
    kernel clears every page of it: that costs a third of the speed. Call this before torch is imported. Anywhere but
    on Linux with glibc it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    return bool(libc.mallopt(_M_MMAP_MAX, 0)) and bool(libc.mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIM))
