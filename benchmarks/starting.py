"""How soon the command line answers, and how soon the window is there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.platforms import Platform, platforms
from benchmarks.table import Line, Target, in_turns

HELP, WINDOW = Target(value=0.4), Target(value=1.5)  # seconds

_START = """
import os, sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication

def until_shown(*_):
    while not any(w.windowHandle() and w.windowHandle().isExposed() for w in QApplication.topLevelWidgets()):
        QApplication.processEvents()
    began = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    print(time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    return 0

QApplication.exec = until_shown
from landseg_gui.app import main
sys.exit(main([]))
"""


def starting() -> Iterator[Line]:
    ask_for_help = [sys.executable, "-m", "landseg_core.cli", "--help"]
    bare_python = [sys.executable, "-c", "pass"]
    asked, bare = in_turns([lambda: run_quietly(ask_for_help), lambda: run_quietly(bare_python)])
    yield Line("landseg --help", asked, "python -c pass", bare, target=HELP)
    for platform in platforms():
        (shown,) = in_turns([lambda platform=platform: window_seconds(platform)])
        yield Line(f"landseg-gui, until its window is on the screen, {platform.name}", shown, target=WINDOW)


def run_quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def window_seconds(platform: Platform) -> float:
    """Return how long it takes from the start of the process until the window is shown, in a new home."""
    with tempfile.TemporaryDirectory() as home:
        places = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"), home)
        command = [sys.executable, "-c", _START]
        done = platform.run(command, env=os.environ | places, capture_output=True, text=True)
    return float(done.stdout.split()[-1])
