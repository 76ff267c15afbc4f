"""The most memory that a prediction holds, on an orthophoto and on the same laid out 5 x 5."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import ROUNDS, Line, Target
from benchmarks.targets import run_landseg
from benchmarks.trained import KEPT, trained
from scripts.repeat_vrt import repeated

COPIES = 5
MOST_MIB = 1.2e9 / 2**20
MOST_TIMES = 1.1


def lines(raster: Path) -> Iterator[Line]:
    trained("unet16")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        giga = folder / "giga.vrt"
        giga.write_text(repeated(raster, COPIES, COPIES))
        small, large = ([peak(path, folder) for _ in range(times)] for path, times in ((raster, ROUNDS), (giga, 1)))
    yield Line("unet16, the orthophoto", small, unit="MiB", target=Target(value=MOST_MIB))
    told = f"unet16, laid out {COPIES} x {COPIES}"
    yield Line(told, large, unit="MiB", target=Target(value=MOST_MIB))
    of_small = Target(ratio=1 / MOST_TIMES)
    yield Line(f"{told}, once", large, "the orthophoto", [statistics.median(small)], "MiB", target=of_small)


def peak(raster: Path, folder: Path) -> float:
    """Return the MiB that mapping `raster` took at most."""
    return run_landseg(["predict", str(KEPT / "unet16"), str(raster), "--out", str(folder), "--overwrite"]).peak_mib
