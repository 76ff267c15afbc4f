from __future__ import annotations

import subprocess
import sys

import pytest

from landseg_core.allocator import give_back_memory, tune_allocator

TAKE_TWICE = """
import ctypes, sys, threading
from landseg_core.allocator import tune_allocator
assert tune_allocator()
assert "torch" not in sys.modules
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def take_twice():
    first = libc.malloc(1 << 27)
    libc.free(first)
    print(first == libc.malloc(1 << 27))

"""
HERE = TAKE_TWICE + "take_twice()"
IN_A_THREAD = TAKE_TWICE + "thread = threading.Thread(target=take_twice)\nthread.start()\nthread.join()"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be tuned")
@pytest.mark.parametrize("program", [HERE, IN_A_THREAD])
def test_a_large_block_is_kept_for_the_next_one(program: str) -> None:
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_left_alone(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert tune_allocator() is False
    give_back_memory()


GIVEN_BACK = (
    TAKE_TWICE
    + """
import psutil
from landseg_core.allocator import give_back_memory

def resident():
    return psutil.Process().memory_info().rss >> 20

blocks = [libc.malloc(1 << 26) for _ in range(4)]
for block in blocks:
    ctypes.memset(block, 1, 1 << 26)
for block in blocks:
    libc.free(block)
kept = resident()
give_back_memory()
print(kept - resident() > 200)
"""
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be tuned")
def test_memory_goes_back_when_work_has_ended() -> None:
    answer = subprocess.run([sys.executable, "-c", GIVEN_BACK], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"
