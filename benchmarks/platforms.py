"""Measures a part in a window that nobody sees, and in a real one.

For each it starts `python -m benchmarks.platforms PART RASTER PLACE`, which leaves the lines at PLACE.
"""

from __future__ import annotations

import importlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.table import Line
from landseg_core.allocator import tune_allocator

_ON_SCREEN = Path(__file__).parents[1] / "scripts" / "on_screen"


@dataclass(frozen=True)
class Platform:
    """A Qt platform, and what starts a command on it."""

    name: str
    launcher: tuple[str, ...] = ()

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command that must not fail; `options` are those of `subprocess.run`."""
        environment = options.pop("env", os.environ) | {"QT_QPA_PLATFORM": self.name}
        return subprocess.run([*self.launcher, *command], env=environment, check=True, **options)


def platforms() -> list[Platform]:
    """Return the platforms that this machine has, and say so where it has no screen."""
    found = [Platform("offscreen")]
    if os.environ.get("DISPLAY") or shutil.which("xvfb-run"):
        return [*found, Platform("xcb", (str(_ON_SCREEN),))]
    print("no display and no Xvfb: what a real window would take is not measured", file=sys.stderr, flush=True)
    return found


def on_each_platform(part: str, raster: Path) -> Iterator[Line]:
    """Measure a part on every platform, each time in a new process, which tells on stderr how far it is."""
    with tempfile.TemporaryDirectory() as folder:
        for platform in platforms():
            place = Path(folder) / platform.name
            command = [sys.executable, "-m", "benchmarks.platforms", part, str(raster), str(place)]
            own_cache = os.environ | {"XDG_CACHE_HOME": folder}  # no overviews from an earlier time
            platform.run(command, stdout=sys.stderr, env=own_cache)
            lines: list[Line] = pickle.loads(place.read_bytes())  # written by that process of ours
            yield from (replace(line, name=f"{line.name}, {platform.name}") for line in lines)


def measure_here(part: str, raster: Path, place: Path) -> None:
    """Measure a part on the platform of this process."""
    tune_allocator()  # as the window does
    lines: list[Line] = []
    for line in importlib.import_module(f"benchmarks.{part}").lines(raster):
        print(line.markdown(), flush=True)
        lines.append(line)
    place.write_bytes(pickle.dumps(lines))


if __name__ == "__main__":
    measure_here(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
