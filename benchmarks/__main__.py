"""`make bench`: prints one table; nothing else should run meanwhile."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from landseg_core.allocator import tune_allocator

tune_allocator()  # before torch is imported

import torch  # noqa: E402

from benchmarks import prediction, rasters  # noqa: E402
from benchmarks.table import HEADER  # noqa: E402
from landseg_core.sample import write_sample  # noqa: E402


def picture(folder: Path) -> Path:
    """Return the real orthophoto, or a generated one where there is none."""
    data = os.environ.get("LANDSEG_DATA")
    if data:
        return Path(data) / "ortho" / "swissimage_brig_8704x6656.tif"
    return write_sample(folder, size=(8192, 4096)).images / "landscape_1.tif"


def main() -> None:
    today = datetime.now(UTC).date().isoformat()
    processor = platform.processor() or platform.machine()
    print(
        f"{today}, {processor}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}\n"
    )
    print(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        raster = picture(Path(folder))
        for line in (*rasters.lines(raster), *prediction.lines(raster)):
            print(line.markdown(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
