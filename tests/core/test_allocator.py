from __future__ import annotations

import subprocess
import sys

import pytest

from landseg_core.allocator import tune_allocator

LARGE_BLOCK_STAYS = """
import ctypes, sys
from landseg_core.allocator import tune_allocator
assert tune_allocator()
assert "torch" not in sys.modules
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
first = libc.malloc(1 << 26)
libc.free(first)
print(first == libc.malloc(1 << 26))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be tuned")
def test_a_large_block_is_kept_for_the_next_one() -> None:
    answer = subprocess.run([sys.executable, "-c", LARGE_BLOCK_STAYS], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_left_alone(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert tune_allocator() is False
