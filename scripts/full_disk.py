"""Paints on a disk until it is full, and looks at what is said, what is kept, and how it goes on once there is room.

As root on Linux the disk is a small file system in memory (tmpfs); else a limit on the size of files stands for it.
Every other round the project is closed while the disk is full. The first thing that is not as it should be ends the
run with an AssertionError.

    python scripts/full_disk.py --rounds 40 --seed 1 --out docs/reliability.md
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from report_section import write_section

from landseg_core.errors import ProjectError
from landseg_core.events import EditStored, Event, StoringFailed
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

WIDTH, HEIGHT = 1100, 900
WINDOW = PixelWindow(0, 0, WIDTH, HEIGHT)
VALUES = np.array([0, 1, 2, 255], np.uint8)
SCHEMA = ClassSchema.model_validate(
    {"classes": [{"value": value, "name": f"class {value}", "colour": "#0072b2"} for value in range(3)]}
)
MIB = 2**20
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Disk:
    """A folder for a project with little room, until `free` is called; that may be done again."""

    folder: Path
    free: Callable[[], None]


@contextmanager
def small_file_system(folder: Path, size: int) -> Iterator[Disk]:
    """Mount a file system of 64 MiB in memory, all but `size` bytes of it taken by one file; `free` deletes that."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "landseg", folder], check=True, capture_output=True)
    try:
        ballast = folder / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 64 * MIB - size)
        yield Disk(folder, lambda: ballast.unlink(missing_ok=True))
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def small_files(folder: Path, size: int) -> Iterator[Disk]:
    """Let no file become longer than `size` bytes, until `free`."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield Disk(folder, free)
    finally:
        free()


DISKS = {"a file system in memory (tmpfs)": small_file_system, "a limit on the size of files": small_files}


def usable_disk() -> str:
    """Return the name of the first of `DISKS` that this machine lets us have."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_file_system(Path(folder), MIB):
                return next(iter(DISKS))
        except (OSError, subprocess.CalledProcessError):
            return list(DISKS)[-1]


@dataclass
class Tally:
    """What came out, over all rounds."""

    rounds: int = 0
    stored: int = 0
    waited: int = 0
    stored_later: int = 0
    lost_by_closing: int = 0
    refused: int = 0
    seconds: float = 0.0
    said: set[str] = field(default_factory=set)


class Round:
    """One project on one disk, painted until that is full."""

    def __init__(self, disk: Disk, image: Path, dice: random.Random, tally: Tally) -> None:
        self._disk, self._dice, self._tally = disk, dice, tally
        self._events: list[Event] = []
        self._path = disk.folder / "full.landseg"
        self._states = [np.full((HEIGHT, WIDTH), 255, np.uint8)]
        self._project = Project.create(self._path, SCHEMA, on_event=self._events.append)
        self._project.add_images([self._project.examine_image(image)], as_step=False)

    def run(self, *, close_while_full: bool) -> None:
        """Fill the disk, then close the project or make room and go on."""
        try:
            self._paint_until_full()
            self._check_told()
            self._check_refused()
            self._check_stored()
            if close_while_full:
                self._close_while_full()
            else:
                self._go_on()
        finally:
            self._disk.free()
            self._project.close()

    @property
    def stored(self) -> int:
        return sum(isinstance(event, EditStored) for event in self._events)

    @property
    def failures(self) -> list[str]:
        return [event.message for event in self._events if isinstance(event, StoringFailed)]

    def _paint_until_full(self) -> None:
        while self._project.failure is None:
            assert len(self._states) < 1000, "the disk does not become full"
            try:
                self._paint()
            except ProjectError:
                break  # it became full between the question and the gesture
            if self._dice.random() < 0.8:  # else the next gesture waits behind this one
                self._settle()
        self._settle()

    def _settle(self) -> None:
        said = refusal(self._project.flush)
        assert said == self._project.failure, f"flush says {said}, failure {self._project.failure}"

    def _paint(self) -> None:
        """Make a gesture of noise, which no compression makes small."""
        x, y = self._dice.randrange(WIDTH - 300), self._dice.randrange(HEIGHT - 300)
        width, height = self._dice.randrange(1, 300), self._dice.randrange(1, 300)
        noise = np.random.default_rng(self._dice.randrange(2**32)).choice(VALUES, (height, width))
        edit = self._project.labels(1).begin()
        edit.put(PixelWindow(x, y, width, height), noise, np.ones(noise.shape, bool))
        finished = edit.finish()
        if finished is None:
            return
        self._project.record(1, finished, "Noise")
        self._states.append(labels_of(self._project))

    def _check_told(self) -> None:
        assert self.failures, "nobody was told"
        assert self._project.failure == self.failures[-1], "the window is told another thing than the project says"
        assert self._project.waiting == len(self._states) - 1 - self.stored > 0, "a gesture is not counted"
        self._tally.said.add(self.failures[-1].replace(str(self._path), self._path.name))
        self._tally.stored += self.stored
        self._tally.waited += self._project.waiting

    def _check_refused(self) -> None:
        """Check that all editing is refused now, and changes nothing."""
        project, steps = self._project, self._project.history.steps
        noise = np.random.default_rng(1)

        def fill(_key: Any, window: PixelWindow, _values: Labels) -> Labels:
            return noise.choice(VALUES, (window.height, window.width))

        edits: list[Callable[[], Any]] = [self._paint, project.undo, project.redo]
        edits += [lambda: project.set_areas(1, [], "Area"), lambda: project.edit_tiles(1, "Fill", fill)]
        edits += [lambda: project.change_schema(SCHEMA, "Merge", {1: 2})]
        for edit in edits:
            assert refusal(edit) is not None, "an edit is taken although the disk is full"
            assert (labels_of(project) == self._states[-1]).all(), "a refused edit has changed labels"
            assert project.history.steps == steps, "a refused edit is a step"
            self._tally.refused += 1
        project.retry()
        self._settle()
        assert len(self.failures) > 1, "nobody was told that trying again has failed"

    def _check_stored(self) -> None:
        """Check that the file holds what was acknowledged, as another program finds it after a crash."""
        with tempfile.TemporaryDirectory() as elsewhere:
            for part in self._files():
                if not part.name.endswith("-shm"):
                    shutil.copy(part, elsewhere)
            self._require(Path(elsewhere) / self._path.name, self.stored)

    def _files(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.name}*"))

    def _require(self, path: Path, steps: int) -> None:
        problems = [problem for problem in check_project(path) if "is missing" not in problem]
        assert problems == [], problems
        with Project.open(path) as project:
            assert not project.read_only, project.read_only_reason
            assert len(project.history.steps) == steps, (
                f"{steps} gestures were stored, {len(project.history.steps)} are there"
            )
            assert (labels_of(project) == self._states[steps]).all(), "a stored gesture is lost"

    def _go_on(self) -> None:
        """Make room: what waits is stored, in order, and painting goes on."""
        waiting = self._project.waiting
        self._disk.free()
        self._project.retry()
        self._project.flush()
        assert (self._project.waiting, self._project.failure) == (0, None)
        self._tally.stored_later += waiting
        self._paint()
        self._project.undo()
        self._project.redo()
        self._project.close()
        self._require_whole(len(self._states) - 1)

    def _close_while_full(self) -> None:
        """Close all the same: it is said how many gestures are lost, and those that were stored are there."""
        waiting = self._project.waiting
        said = refusal(self._project.close)
        assert said is not None, "nobody was told that gestures are lost"
        assert "could not be stored and" in said, said
        assert waiting == 1 or f"the last {waiting} edits" in said, said
        self._tally.said.add(said.replace(str(self._path), self._path.name))
        self._tally.lost_by_closing += waiting
        self._disk.free()
        self._require_whole(self.stored)

    def _require_whole(self, steps: int) -> None:
        self._require(self._path, steps)
        assert self._files() == [self._path], f"a closed project leaves {self._files()}"


def refusal(deed: Callable[[], Any]) -> str | None:
    """Do something; return why it was refused, or None."""
    try:
        deed()
    except ProjectError as error:
        return str(error)
    return None


def labels_of(project: Project) -> Labels:
    return project.labels(1).read(WINDOW)


def run_rounds(rounds: int, seed: int, kind: str) -> Tally:
    """Fill disks of different sizes; raises AssertionError at the first thing that is wrong."""
    tally, start, dice = Tally(), time.monotonic(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="full") as folder:
        image = Path(folder) / "image.tif"
        write_image(image)
        for number in range(rounds):
            place = Path(folder) / str(number)
            place.mkdir()
            with DISKS[kind](place, dice.randrange(MIB // 2, 3 * MIB)) as disk:
                Round(disk, image, dice, tally).run(close_while_full=number % 2 == 1)
            tally.rounds += 1
    tally.seconds = time.monotonic() - start
    return tally


def write_image(path: Path) -> None:
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "width": WIDTH, "height": HEIGHT}
    with rasterio.open(path, "w", **profile, crs="EPSG:32633", transform=(0.5, 0, 4e5, 0, -0.5, 5e6)) as dataset:
        dataset.write(np.zeros((1, HEIGHT, WIDTH), np.uint8))


HEADING = "## The disk really fills up"


def report(tally: Tally, seed: int, kind: str) -> str:
    """Return the table for people."""
    rows = {
        f"disks filled ({kind})": tally.rounds,
        "gestures stored, all there to the pixel, also in a copy made while the disk was full": tally.stored,
        "times that the disk was full and the user was not told": 0,
        "edits tried on a full disk, all refused and without effect": tally.refused,
        "gestures made before that became known, kept waiting": tally.waited,
        "of these stored once there was room": tally.stored_later,
        "of these lost by closing on the full disk, as was said": tally.lost_by_closing,
        "files in which `landseg project check` found anything": 0,
        "seconds": f"{tally.seconds:.0f}",
    }
    lines = [f"| {name} | {number} |" for name, number in rows.items()]
    command = f"python scripts/full_disk.py --rounds {tally.rounds} --seed {seed}"
    said = [f"- {sentence}" for sentence in sorted(tally.said)]
    return "\n".join([f"`{command}`:", "", "| | |", "|---|---:|", *lines, "", "What was said:", "", *said, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disk", choices=list(DISKS), default=None, help="default: the first that is possible here")
    parser.add_argument("--out", type=Path, help="a Markdown file for the table")
    options = parser.parse_args()
    kind = options.disk or usable_disk()
    text = report(run_rounds(options.rounds, options.seed, kind), options.seed, kind)
    print(text)
    if options.out is not None:
        write_section(options.out, "full-disk", HEADING, text)


if __name__ == "__main__":
    main()
