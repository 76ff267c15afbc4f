"""Writes the table: as Markdown, as JSON with all figures, and as a chart of the ratios."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.table import HEADER, Line
from landseg_core.machine import cores, processor, version_of

_PACKAGES = ("landseg", "torch", "onnxruntime", "openvino", "PySide6-Essentials", "rasterio", "numpy")
_BAR, _ROW, _LEFT, _WIDTH = 14, 22, 420, 860


def facts() -> dict[str, Any]:
    """Return machine, versions and date."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version_of(name) for name in _PACKAGES},
    }


def told(machine: dict[str, Any]) -> str:
    """Return the facts in a sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Python {machine['python']}, {versions}"
    )


def write(folder: Path, machine: dict[str, Any], parts: dict[str, list[Line]]) -> None:
    """Write `bench.md`, `bench.json` and `bench.svg` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [
        told(machine),
        *(f"\n## {name}\n\n{HEADER}\n" + "\n".join(map(Line.markdown, part)) for name, part in parts.items()),
    ]
    (folder / "bench.md").write_text("\n".join(text) + "\n")
    record = machine | {"parts": {name: [line.as_dict() for line in part] for name, part in parts.items()}}
    (folder / "bench.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "bench.svg").write_text(chart([line for part in parts.values() for line in part]))


def chart(lines: Sequence[Line]) -> str:
    """Return an SVG of how many times as good as its baseline each line is, on a logarithmic scale of base 2."""
    shown = [(line, line.ratio) for line in lines if line.ratio]
    longest = max((abs(math.log2(ratio)) for _, ratio in shown), default=1) or 1
    unit = (_WIDTH - _LEFT - 70) / longest
    rows = []
    for number, (line, ratio) in enumerate(shown):
        y, length = 10 + number * _ROW, max(1.0, math.log2(ratio) * unit)
        colour = "#1c7a57" if ratio >= 1 else "#a4341f"
        rows.append(
            f'<text x="{_LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(line.name)}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{length:.0f}" height="{_BAR}" rx="2" fill="{colour}"/>'
            f'<text x="{_LEFT + length + 6:.0f}" y="{y + 11}">{ratio:.1f}x</text>'
        )
    height = 20 + len(shown) * _ROW
    style = 'font-family="sans-serif" font-size="12" fill="#57635d"'
    body = "\n".join(rows)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {style}>\n{body}\n</svg>\n'
