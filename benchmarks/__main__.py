"""`make bench`: measures all parts and writes one table; nothing else should run meanwhile.

`python -m benchmarks viewer labels` measures these parts alone; `python -m benchmarks assistant` has a table of its
own. Each part is a process of its own: neither its memory nor what it has loaded touches another's figures.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.table import HEADER, Line
from landseg_core.allocator import tune_allocator
from landseg_core.sample import write_sample

PARTS = {
    "prediction": "Prediction",
    "memory": "Memory of a prediction",
    "training": "Training",
    "gpu": "On a graphics card",
    "rasters": "Reading",
    "viewer": "Drawing",
    "layers": "Many layers",
    "labels": "Painting",
    "clicks": "Segmenting by clicks",
    "files": "Files and start",
}


def picture(folder: Path) -> Path:
    """Return the real orthophoto, or a generated one where there is none."""
    data = os.environ.get("LANDSEG_DATA")
    if data:
        return Path(data) / "ortho" / "swissimage_brig_8704x6656.tif"
    return write_sample(folder / "sample", size=(8192, 4096)).images / "landscape_1.tif"


def measured(part: str, raster: Path, folder: Path, failed: list[str]) -> list[Line]:
    """Measure a part in a process of its own, which prints its lines as they come.

    One that breaks off is added to `failed`, and keeps the lines it had.
    """
    place = folder / f"{part}.lines"
    command = [sys.executable, "-m", "benchmarks", "--part", part, str(raster), str(place)]
    if subprocess.run(command, check=False).returncode:
        failed.append(part)
    lines: list[Line] = pickle.loads(place.read_bytes()) if place.exists() else []  # written by that process of ours
    return lines


def measure_here(part: str, raster: Path, place: Path) -> None:
    """Measure a part, print its lines, and leave them at `place`."""
    tune_allocator()  # before torch is imported
    lines: list[Line] = []
    place.write_bytes(pickle.dumps(lines))
    for line in importlib.import_module(f"benchmarks.{part}").lines(raster):
        print(line.markdown(), flush=True)
        lines.append(line)
        place.write_bytes(pickle.dumps(lines))  # each at once: what fails later must not take it along


def main() -> None:
    if sys.argv[1:2] == ["assistant"]:
        importlib.import_module("benchmarks.assistant.command").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=Path("docs/bench"), help="folder of the table")
    parser.add_argument("--part", nargs=3, metavar=("PART", "RASTER", "PLACE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        part, raster, place = asked.part
        measure_here(part, Path(raster), Path(place))
        return
    machine = report.facts()
    print(f"{report.told(machine)}\n\n{HEADER}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raster = picture(folder)
        failed: list[str] = []
        found = {part: measured(part, raster, folder, failed) for part in asked.parts or PARTS}
    parts = {PARTS[part]: report.Part(machine, lines) for part, lines in found.items() if lines}
    report.write(asked.out, parts, list(PARTS.values()))
    if failed:
        sys.exit(f"not measured to the end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
