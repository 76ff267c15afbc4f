"""What many layers take, in a window without and with a screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.platforms import on_each_platform
from benchmarks.table import Line


def lines(raster: Path) -> Iterator[Line]:
    yield from on_each_platform("many_layers", raster)
