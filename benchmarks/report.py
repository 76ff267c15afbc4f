"""Writes the table: as Markdown, as JSON with all figures, and as a chart of the ratios."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.table import HEADER, Line
from landseg_core.machine import cores, processor, version_of

_PACKAGES = ("landseg", "torch", "onnxruntime", "openvino", "PySide6-Essentials", "rasterio", "numpy")
_GREEN, _RED, _GREY = "#2a9d73", "#c2593f", "#8a969e"
_BAR, _ROW, _LEFT, _WIDTH, _LETTERS = 14, 20, 560, 960, 82


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


@dataclass(frozen=True)
class Part:
    """Lines that were measured together, and on which machine."""

    machine: dict[str, Any]
    lines: Sequence[Line]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Part:
        """Return the part that `as_dict` told."""
        return cls(told["machine"], [Line.of(line) for line in told["lines"]])

    def as_dict(self) -> dict[str, Any]:
        return {"machine": self.machine, "lines": [line.as_dict() for line in self.lines]}

    def markdown(self) -> str:
        return "\n".join([f"{told(self.machine)}.\n", HEADER, *(line.markdown() for line in self.lines)])


def write(folder: Path, new: dict[str, Part], order: Sequence[str]) -> None:
    """Write `bench.md`, `bench.json` and `bench.svg` to `folder`; parts that are not `new` stay as they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "bench.json"
    known = {name: Part.of(part) for name, part in _parts_in(record).items()} | new
    parts = {name: known[name] for name in order if name in known}
    text = ["# Measured", *(f"## {name}\n\n{part.markdown()}" for name, part in parts.items())]
    (folder / "bench.md").write_text("\n\n".join(text) + "\n")
    record.write_text(json.dumps({"parts": {name: part.as_dict() for name, part in parts.items()}}, indent=1) + "\n")
    (folder / "bench.svg").write_text(chart({name: part.lines for name, part in parts.items()}))


def _parts_in(record: Path) -> dict[str, Any]:
    parts: dict[str, Any] = json.loads(record.read_text())["parts"] if record.exists() else {}
    return parts


def chart(parts: dict[str, Sequence[Line]]) -> str:
    """Return an SVG of how many times as good as its baseline each line is, on a logarithmic scale of base 2."""
    shown = {name: [line for line in lines if line.ratio] for name, lines in parts.items()}
    ratios = [line.ratio for lines in shown.values() for line in lines if line.ratio]
    better, worse = (max((math.log2(ratio) * sign for ratio in ratios), default=0.0) for sign in (1, -1))
    unit = (_WIDTH - _LEFT - 60) / (max(better, 0) + max(worse, 0) or 1)
    middle = _LEFT + max(worse, 0) * unit
    rows: list[str] = []
    y = 16
    for name, lines in shown.items():
        if lines:
            rows.append(
                f'<text x="{_LEFT - 8}" y="{y + 11}" text-anchor="end" font-weight="bold">{escape(name)}</text>'
            )
            y += _ROW
        for line in lines:
            rows.append(_bar(line, y, middle, unit))
            y += _ROW
    style = 'font-family="sans-serif" font-size="12" fill="#6b7780"'  # legible on light and on dark
    axis = f'<line x1="{middle:.0f}" y1="8" x2="{middle:.0f}" y2="{y}" stroke="#6b7780"/>'
    body = "\n".join([axis, *rows])
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" {style}>\n{body}\n</svg>\n'


def _bar(line: Line, y: int, middle: float, unit: float) -> str:
    """Return a line's name and its bar: to the right of the `middle` where landseg is better, to the left elsewhere."""
    end = middle + math.log2(line.ratio or 1) * unit
    left, length = min(middle, end), max(1.0, abs(end - middle))
    return (
        f'<text x="{_LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(_short(line))}</text>'
        f'<rect x="{left:.0f}" y="{y}" width="{length:.0f}" height="{_BAR}" rx="2" fill="{_colour(line)}"/>'
        f'<text x="{max(middle, end) + 6:.0f}" y="{y + 11}">{line.ratio:.2g}x</text>'
    )


def _colour(line: Line) -> str:
    """Return green for what is as asked, or better than the baseline where nothing is, red for what misses a target."""
    if line.target:
        return _GREEN if line.target.reached(line) else _RED
    return _GREEN if (line.ratio or 1) >= 1 else _GREY


def _short(line: Line) -> str:
    told_in_full = f"{line.name} vs {line.baseline_name}"
    return told_in_full if len(told_in_full) <= _LETTERS else told_in_full[: _LETTERS - 1] + "…"
