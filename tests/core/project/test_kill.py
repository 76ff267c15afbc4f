"""A program killed while it paints loses nothing that it called stored: the shortened run of `scripts/kill_test.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "kill_test.py"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not known there")
@pytest.mark.slow
def test_nothing_stored_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "table.md"
    command = [sys.executable, str(SCRIPT), "--kills", "6", "--seed", "7", "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert "| kills (SIGKILL) | 6 |" in out.read_text()
