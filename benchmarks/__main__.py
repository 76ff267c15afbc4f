"""`make bench`: prints one table; nothing else should run meanwhile. `python -m benchmarks labels`: that part alone."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.table import HEADER
from landseg_core.allocator import tune_allocator
from landseg_core.sample import write_sample

PARTS = ("rasters", "prediction")  # in one process
ALONE = ("labels",)  # in a process of its own: its memory is measured


def picture(folder: Path) -> Path:
    """Return the real orthophoto, or a generated one where there is none."""
    data = os.environ.get("LANDSEG_DATA")
    if data:
        return Path(data) / "ortho" / "swissimage_brig_8704x6656.tif"
    return write_sample(folder, size=(8192, 4096)).images / "landscape_1.tif"


def chosen_parts(arguments: list[str]) -> tuple[str, ...]:
    unknown = set(arguments) - {*PARTS, *ALONE}
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join((*PARTS, *ALONE))}")
    return tuple(arguments) or PARTS


def main() -> None:
    parts = chosen_parts(sys.argv[1:])
    if parts != ALONE:
        tune_allocator()  # before torch is imported
    today = datetime.now(UTC).date().isoformat()
    processor = platform.processor() or platform.machine()
    torch = importlib.metadata.version("torch")
    print(f"{today}, {processor}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch}\n")
    print(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        raster = picture(Path(folder))
        for part in parts:
            for line in importlib.import_module(f"benchmarks.{part}").lines(raster):
                print(line.markdown(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
