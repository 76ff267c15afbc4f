"""The scripts that damage files, try odd ones and fill disks: their shortened runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="they look at /proc and set limits")


def script(*command: str | Path) -> None:
    name, *options = map(str, command)
    done = subprocess.run(
        [sys.executable, SCRIPTS / name, *options], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def section(out: Path, mark: str) -> str:
    """Return what a script has written instead of an older text."""
    text = out.read_text()
    assert text.startswith(f"# Before\n\n<!-- {mark} -->\n")
    assert text.endswith(f"<!-- /{mark} -->\n\nAfter\n")
    assert "\nolder\n" not in text
    return text


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "table.md"


def write_older(out: Path, mark: str) -> None:
    out.write_text(f"# Before\n\n<!-- {mark} -->\nolder\n<!-- /{mark} -->\n\nAfter\n")


@pytest.mark.slow
def test_damaged_files_of_two_batches_add_up(tmp_path: Path, out: Path) -> None:
    write_older(out, "fuzz")
    results = tmp_path / "results.jsonl"
    results.write_text(
        json.dumps({"seed": 3, "number": 0, "kind": "project", "damage": "drop", "result": "as if whole"}).removesuffix(
            "}"
        )
        + ', "sentence": ""}\n'
    )
    script("fuzz_files.py", "--count", "20", "--seed", "4", "--append", results)
    script("fuzz_files.py", "--append", results, "--report", out)
    assert "seeds 3, 4: 21 cases, 0 failures" in section(out, "fuzz")


def test_odd_rasters_are_tried_once_each(tmp_path: Path, out: Path) -> None:
    write_older(out, "odd-rasters")
    corpus, results = tmp_path / "corpus" / "own", tmp_path / "results.jsonl"
    corpus.mkdir(parents=True)
    (corpus / "text.png").write_text("no image")
    (corpus / "grey.pgm").write_bytes(b"P5 2 2 255 abcd")
    for seed in (1, 2):
        script("odd_rasters.py", "--corpus", tmp_path / "corpus", "--seed", str(seed), "--append", results)
    script("odd_rasters.py", "--append", results, "--report", out)
    assert "| own | 2 | 1 | 1 | 0 |" in section(out, "odd-rasters")


def test_a_disk_fills_up(out: Path) -> None:
    write_older(out, "full-disk")
    script("full_disk.py", "--rounds", "2", "--disk", "a limit on the size of files", "--out", out)
    assert "| seconds |" in section(out, "full-disk")
