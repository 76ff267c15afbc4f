"""Labels in memory, and painting in a window without and with a screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.label_levels import label_levels
from benchmarks.platforms import on_each_platform
from benchmarks.table import Line


def lines(raster: Path) -> Iterator[Line]:
    yield from label_levels()
    yield from on_each_platform("painting", raster)
