"""Commands as users end them: what is left, and how soon. For all commands see `scripts/kill_commands.py`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux what a process catches")

TRAIN = "train --images {0}/images --masks {0}/masks --classes landcover-ai --out new --epochs 99 --chip 64"


def started(arguments: str, place: Path) -> subprocess.Popen[str]:
    """Start a command and wait until it takes SIGTERM itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "landseg_core.cli", *arguments.split()],
        cwd=place,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TMPDIR": str(place)},
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{process.pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            break
    return process


def test_next_to_nothing_is_imported_before_signals_are_taken() -> None:
    code = "import signal, sys; had = set(sys.modules); import landseg_core.cli.main; print(*set(sys.modules) - had)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert modules <= {"__future__", "landseg_core", "landseg_core.cli", "landseg_core.cli.main"}


@pytest.mark.parametrize(
    ("arguments", "seconds", "number", "code"),
    [
        ("models", 0.0, signal.SIGINT, 130),
        ("info {0}/images/landscape_1.tif", 0.1, signal.SIGTERM, 143),
        ("sample --out new", 0.7, signal.SIGTERM, 143),
        ("bench", 1.0, signal.SIGTERM, 143),
        (TRAIN, 0.8, signal.SIGINT, 130),
    ],
)
def test_a_command_ends_wherever_it_is(
    arguments: str, seconds: float, number: int, code: int, landscape: Path, tmp_path: Path
) -> None:
    process = started(arguments.format(landscape), tmp_path)
    time.sleep(seconds)  # where it is then, no matter what, it is to end
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, said = process.communicate(timeout=10)  # three seconds are the promise
    assert process.returncode in {code, -number}
    assert said.endswith("landseg: stopped\n")
    assert said.count("\n") == 1
    _, alive = psutil.wait_procs(family, timeout=1)
    assert alive == []
    assert list(tmp_path.iterdir()) == []
