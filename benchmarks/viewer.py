"""First pictures, drawing, and frames beside other work, in a window without and with a screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.platforms import on_each_platform
from benchmarks.table import Line


def lines(raster: Path) -> Iterator[Line]:
    for part in ("first_pictures", "drawing"):
        yield from on_each_platform(part, raster)
