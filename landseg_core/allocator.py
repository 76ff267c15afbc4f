"""Sets glibc's allocator to keep the large blocks that a network frees, instead of returning them each time."""

from __future__ import annotations

import ctypes
import sys

# Parameter numbers of mallopt(3), from glibc's <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_NEVER_TRIM = 2**31 - 1


def tune_allocator() -> bool:
    """Keep freed memory in the process; return whether that could be set.

    A network allocates and frees feature maps of many megabytes at every layer. By default glibc maps each one again,
    and the kernel clears every page of it: that costs a third of the speed. Threads share one arena, the only one
    that can grow beyond 64 MB: a network in a thread would lose up to half of its speed. Call this before torch is
    imported and before the first thread starts. Anywhere but on Linux with glibc it does nothing.
    """
    libc = _glibc()
    if libc is None:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER_TRIM), (_M_ARENA_MAX, 1))
    done = [libc.mallopt(*setting) for setting in settings]
    return all(done)


def give_back_memory() -> None:
    """Return free memory to the system once long work has ended: `tune_allocator` has the process keep it."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
