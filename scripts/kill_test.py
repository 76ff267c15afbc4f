"""Kills a program that paints, again and again, and checks that no stroke which it called stored is ever lost.

A child process paints random gestures on one project and prints each one that is begun and each one that is stored.
The parent kills it (SIGKILL) at a random moment, opens the file and compares it with a plain model that has gone
through the same gestures; the next child goes on with the same file.

    python scripts/kill_test.py --kills 200 --seed 1 --out docs/reliability.md
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from kill_gestures import HEIGHT, SCHEMA, WIDTH, WINDOW, Gesture, Model, State, gesture

from landseg_core.events import EditStored, Event
from landseg_core.project import history
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

# Of nine tiles, a large step would be none: now both ways of undo are taken.
history.LARGE_PATCHES = 4


# The child


def paint_until_killed(path: Path, seed: int) -> None:
    """Wait for the first number on standard input, then make gestures until the end comes."""
    line = sys.stdin.readline()
    if not line:
        return  # the parent has ended
    first = int(line)
    begun: deque[int] = deque()

    def tell_stored(event: Event) -> None:
        if isinstance(event, EditStored):
            tell(f"stored {begun.popleft()}")

    with Project.open(path, on_event=tell_stored) as project:
        if project.read_only:
            raise SystemExit(f"the project opens read-only: {project.read_only_reason}")
        tell("ready")
        for number in itertools.count(first):
            perform(project, gesture(seed, number), begun)


def tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def perform(project: Project, item: Gesture, begun: deque[int]) -> None:
    """Make one gesture; what goes through the queue is told as stored by the writer, the rest at the end."""
    begun.append(item.number)
    tell(f"begun {item.number}")
    if not PERFORM[item.kind](project, item):
        project.flush()
        tell(f"stored {begun.pop()}")


def paint(project: Project, item: Gesture) -> bool:
    edit = project.labels(1).begin()
    edit.paint(item.region, item.value)
    finished = edit.finish()
    if finished is not None:
        project.record(1, finished, item.name)
    return finished is not None


def undo(project: Project, _: Gesture) -> bool:
    return is_queued(project.undo())


def redo(project: Project, _: Gesture) -> bool:
    return is_queued(project.redo())


def is_queued(step: history.Step | None) -> bool:
    return step is not None and not step.is_large


def bulk(project: Project, item: Gesture) -> bool:
    project.edit_tiles(1, item.name, lambda _key, _window, values: item.reassigned(values), item.window)
    return False


def area(project: Project, item: Gesture) -> bool:
    project.set_areas(1, [item.points], item.name)
    return True


PERFORM: dict[str, Callable[[Project, Gesture], bool]] = {
    "stroke": paint,
    "polygon": paint,
    "undo": undo,
    "redo": redo,
    "bulk": bulk,
    "area": area,
}
"""What makes a gesture in a project; returns whether it goes through the queue."""


def is_as(project: Project, model: Model) -> bool:
    """Tell whether labels, areas and history are those of the model, to the pixel."""
    return (
        (project.history.position, [step.name for step in project.history.steps])
        == (model.position, [state.name for state in model.states[1:]])
        and project.areas(1) == model.now.areas
        and bool((project.labels(1).read(WINDOW) == model.now.labels).all())
    )


# The parent


@dataclass
class Tally:
    """What came out, over all kills."""

    kills: int = 0
    while_opening: int = 0
    while_storing: int = 0
    begun: int = 0
    acknowledged: int = 0
    whole: int = 0
    absent: int = 0
    steps: int = 0
    seconds: float = 0.0

    def add(self, said: Said, kept: int) -> None:
        """Count a kill after which the first `kept` of the child's gestures were in the file."""
        self.kills += 1
        self.while_opening += not said.ready
        self.while_storing += said.begun > said.stored
        self.begun += said.begun
        self.acknowledged += said.stored
        self.whole += kept - said.stored
        self.absent += said.begun - kept


@dataclass(frozen=True)
class Said:
    """What a child said before its end: whether it had the project open, and how many gestures it got to."""

    ready: bool
    begun: int
    stored: int


class KillTest:
    """One project, and child after child that paints on it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._path, self._seed = folder / "killed.landseg", seed
        self._dice = random.Random(seed)
        self._number = 0
        empty = np.full((HEIGHT, WIDTH), 255, np.uint8)
        self._model = Model((State("", zlib.compress(empty.tobytes(), 1), ()),))
        self._make_project(folder / "image.tif")

    def _make_project(self, image: Path) -> None:
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "width": WIDTH, "height": HEIGHT}
        with rasterio.open(image, "w", **profile, crs="EPSG:32633", transform=(0.5, 0, 4e5, 0, -0.5, 5e6)) as dataset:
            dataset.write(np.random.default_rng(self._seed).integers(0, 255, (3, HEIGHT, WIDTH), np.uint8))
        with Project.create(self._path, SCHEMA) as project:
            project.add_images([project.examine_image(image)], as_step=False)

    def run(self, kills: int) -> Tally:
        """Kill so many children; raises AssertionError at the first loss."""
        tally, start = Tally(), time.monotonic()
        child = self._start()
        try:
            for _ in range(kills):
                said = self._kill(child)
                child = self._start()  # it loads while the file is checked
                tally.add(said, self._check(said))
        finally:
            child.communicate()
        tally.steps, tally.seconds = len(self._model.states) - 1, time.monotonic() - start
        return tally

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, __file__, "--child", str(self._path), "--seed", str(self._seed)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _kill(self, child: subprocess.Popen[str]) -> Said:
        """Let a child paint for a random time and kill it: sometimes while it is still opening the project."""
        assert child.stdin is not None
        child.stdin.write(f"{self._number}\n")
        child.stdin.flush()
        lines: list[str] = []
        ready = threading.Event()
        listener = threading.Thread(target=listen, args=(child, lines, ready))
        listener.start()
        if self._dice.random() < 0.05:
            ready.wait(self._dice.uniform(0, 0.02))
        else:
            ready.wait()
            time.sleep(self._dice.uniform(0, 0.6))
        child.kill()
        child.stdin.close()
        listener.join()
        assert child.wait() == (-signal.SIGKILL if os.name == "posix" else 1), "the child ended by itself"
        return Said("ready" in lines, count(lines, "begun"), count(lines, "stored"))

    def _check(self, said: Said) -> int:
        """Compare the file with the model; return how many of the child's gestures are in it."""
        models = [self._model]
        for number in range(self._number, self._number + said.begun):
            models.append(models[-1].after(gesture(self._seed, number)))
        with Project.open(self._path) as project:
            assert not project.read_only, f"it opens read-only: {project.read_only_reason}"
            kept = [number for number in range(said.stored, said.begun + 1) if is_as(project, models[number])]
            assert kept, f"a stored gesture is lost, or one is there in part: {said} from {self._number}"
            self._model = models[kept[0]]
            self._check_undo(project)
        assert check_project(self._path) == []
        self._number += said.begun
        return kept[0]

    def _check_undo(self, project: Project) -> None:
        if project.undo() is not None:
            assert is_as(project, replace(self._model, position=self._model.position - 1)), "undo fails"
            project.redo()
        assert is_as(project, self._model), "redo fails"


def listen(child: subprocess.Popen[str], lines: list[str], ready: threading.Event) -> None:
    """Take what a child says until its end; a line that the kill has cut does not count."""
    assert child.stdout is not None
    with child.stdout as output:
        for line in output:
            if line.endswith("\n"):
                lines.append(line.rstrip())
                ready.set()
    ready.set()


def count(lines: list[str], word: str) -> int:
    return sum(line.startswith(f"{word} ") for line in lines)


HEADING = "## Killed while painting"


def report(tally: Tally, seed: int) -> str:
    """Return the table for people."""
    rows = {
        "kills (SIGKILL)": tally.kills,
        "of these while the project was being opened": tally.while_opening,
        "of these with a gesture begun and not yet stored": tally.while_storing,
        "gestures begun": tally.begun,
        "acknowledged as stored, all there to the pixel": tally.acknowledged,
        "not acknowledged, there whole": tally.whole,
        "not acknowledged, not there at all": tally.absent,
        "lost, or there in part": 0,
        "files that did not open, failed `integrity_check` or `landseg project check`, or could not undo and redo": 0,
        "steps in the history at the end": tally.steps,
        "minutes": f"{tally.seconds / 60:.1f}",
    }
    lines = [f"| {name} | {number} |" for name, number in rows.items()]
    command = f"python scripts/kill_test.py --kills {tally.kills} --seed {seed}"
    return "\n".join([HEADING, "", f"`{command}`:", "", "| | |", "|---|---:|", *lines, ""])


TITLE = "# Reliability\n\nWhat happens to a project when a program or a machine fails, and how that was tried.\n"
EXPLANATION = """
A child process paints strokes and polygons, undoes, redoes, changes whole tiles and working areas through the same
interface as the window, and prints each gesture once it is stored. It is killed at a random moment; then the file is
opened, compared pixel by pixel with a plain model of the same gestures, undone and redone by one step, and checked. The
next child goes on with the same file.
"""


def write_section(out: Path, section: str) -> None:
    """Put the section into a Markdown file, in the place of an older one."""
    before = out.read_text() if out.exists() else TITLE
    others = [part for part in re.split(r"\n(?=## )", before) if not part.startswith(HEADING)]
    out.write_text("\n".join([others[0], section, *others[1:]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a Markdown file for the table")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        paint_until_killed(options.child, options.seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        text = report(KillTest(Path(folder), options.seed).run(options.kills), options.seed)
    print(text)
    if options.out is not None:
        write_section(options.out, text + EXPLANATION)


if __name__ == "__main__":
    main()
