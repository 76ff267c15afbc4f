"""The most memory that a prediction holds, on an orthophoto and on the same laid out 5 x 5."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Line, Target
from benchmarks.targets import run_landseg
from benchmarks.trained import KEPT, trained
from scripts.repeat_vrt import repeated

COPIES = 5
MOST_MIB = 1.2e9 / 2**20


def lines(raster: Path) -> Iterator[Line]:
    trained("unet16")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        giga = folder / "giga.vrt"
        giga.write_text(repeated(raster, COPIES, COPIES))
        peaks = [
            run_landseg(["predict", str(KEPT / "unet16"), str(path), "--out", str(folder / path.stem)]).peak_mib
            for path in (raster, giga)
        ]
    yield Line("unet16, the orthophoto", [peaks[0]], unit="MiB", target=Target(value=MOST_MIB))
    yield Line(
        f"unet16, laid out {COPIES} x {COPIES}",
        [peaks[1]],
        "the orthophoto",
        [peaks[0]],
        "MiB",
        target=Target(ratio=1 / 1.1),
    )
