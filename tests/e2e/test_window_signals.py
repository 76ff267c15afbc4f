"""The window as the system ends it: everything is stored, and nothing is left beside the project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command_line import run_landseg

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.slow
def test_a_signal_closes_the_window_in_order(landscape: Path, tmp_path: Path, number: int, code: int) -> None:
    project = tmp_path / "p.landseg"
    run_landseg("project", "new", project, "--classes", "landcover-ai")
    run_landseg("project", "add-image", project, landscape / "images" / "landscape_1.tif")
    process = subprocess.Popen(
        [sys.executable, "-m", "landseg_gui", str(project)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    until = time.monotonic() + 60
    while not (tmp_path / ".p.landseg.lock").exists() and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=10)  # three seconds are the promise
    assert process.returncode == code, said
    assert said.endswith("landseg: stopped\n")
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["p.landseg"]
    run_landseg("project", "check", project)
