"""The scripts that damage files and fill disks: their shortened runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.mark.skipif(sys.platform != "linux", reason="they look at /proc and set limits")
@pytest.mark.parametrize(
    ("command", "mark", "row"),
    [
        (["fuzz_files.py", "--cases", "40", "--seed", "4"], "fuzz", "| all | 40 |"),
        (["full_disk.py", "--rounds", "2", "--disk", "a limit on the size of files"], "full-disk", "| seconds |"),
    ],
)
def test_nothing_fails_and_the_table_takes_the_place_of_the_older_one(
    command: list[str], mark: str, row: str, tmp_path: Path
) -> None:
    out = tmp_path / "table.md"
    out.write_text(f"# Before\n\n<!-- {mark} -->\nolder\n<!-- /{mark} -->\n\nAfter\n")
    script, *options = command
    result = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *options, "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    text = out.read_text()
    assert text.startswith(f"# Before\n\n<!-- {mark} -->\n")
    assert text.endswith(f"<!-- /{mark} -->\n\nAfter\n")
    assert row in text
    assert "older" not in text
