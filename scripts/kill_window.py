"""Kills the real window, again and again, in the midst of whatever it does, and checks that nothing stored is lost.

    scripts/on_screen python scripts/kill_window.py --count 100 --seed 1 --append build/window-kills.jsonl

A child process opens the window on a project and creates, paints, edits classes, imports, accepts, adds images, copies,
closes, undoes and lets pyramids be built. It prints what the labels are after each step, and again once that is
stored. The parent kills it (SIGKILL) at a random instant, opens everything that is there under its final name, and
starts the next child on the same project. Runs add to the file of `--append`; `--report docs/reliability.md` makes the
table of all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import rasterio
from batches import add_record, batch_parser, records_in
from report_section import write_section

from landseg_core.errors import LandsegError
from landseg_core.labels.classes import load_classes
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.raster.files.gdal import open_dataset

SIDE = 2600  # px: more than what opens without a pyramid
SMALL_IMAGES = 30
PAST_READY, BEFORE_READY = 5.0, 2.5  # s


# What both sides know


def state_of(project: Project) -> str:
    """Return a short text that is another after every change of labels, classes or images."""
    seen = hashlib.blake2b(project.schema.to_json().encode(), digest_size=12)
    for image in project.images:
        seen.update(image.name.encode())
        seen.update(project.labels(image.id).read(image.grid.window).tobytes())
    return seen.hexdigest()


def make_files(folder: Path) -> None:
    """Make an image, a mask of it to import, a map of it to accept, and small images to add."""
    dice = np.random.default_rng(1)
    place = {"crs": "EPSG:32632", "transform": (0.25, 0, 4e5, 0, -0.25, 5e6), "width": SIDE, "height": SIDE}
    layout = {"driver": "GTiff", "dtype": "uint8", "tiled": True}
    with rasterio.open(folder / "ground.tif", "w", count=3, **place, **layout) as dataset:
        dataset.write(np.kron(dice.integers(0, 255, (3, 26, 26), np.uint8), np.ones((1, 100, 100), np.uint8)))
    small = place | {"width": 300, "height": 200}
    for number in range(SMALL_IMAGES):
        with rasterio.open(folder / f"small_{number:02}.tif", "w", count=3, **small, **layout) as dataset:
            dataset.write(dice.integers(0, 255, (3, 200, 300), np.uint8))
    for name in ("mask", "map"):
        values = np.kron(dice.integers(0, 5, (26, 26), np.uint8), np.ones((100, 100), np.uint8))
        with rasterio.open(folder / f"{name}.tif", "w", count=1, nodata=255, **place, **layout) as dataset:
            dataset.write(values, 1)
            dataset.update_tags(LANDSEG_CLASSES=load_classes("landcover-ai").to_json())


# The child


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Child:
    """Drives the window until the end comes."""

    def __init__(self, folder: Path, seed: int) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        from landseg_gui import startup
        from landseg_gui.jobs.runner import JobRunner
        from landseg_gui.settings import Settings

        self._event_loop, self._timer = QEventLoop, QTimer
        self.folder, self.path, self.dice = folder, folder / "killed.landseg", random.Random(seed)
        app = startup.application()
        self.window = startup.main_window(app, Settings(folder / "settings.ini"), JobRunner(app))
        self.session = self.window.session.project_session
        self.number = int(time.time() * 1000)
        self.operations: dict[Callable[[], None], float] = {
            self.stroke: 10,
            self.rectangle: 6,
            self.undo_storm: 3,
            self.rename_class: 2,
            self.import_mask: 2,
            self.accept_map: 2,
            self.add_image: 2,
            self.copy: 2,
            self.close_and_open: 1,
            self.create: 0.5,
        }

    def wait(self, seconds: float) -> None:
        loop = self._event_loop()
        self._timer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def wait_until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.wait(0.01)

    def run(self) -> None:
        self.window.show()
        self.open()
        self.session.project.flush()
        say("ready", state_of(self.session.project))
        while True:
            act = self.dice.choices(list(self.operations), list(self.operations.values()))[0]
            say("act", act.__name__)
            act()

    def open(self) -> None:
        self.window.commands.open_paths([self.path])
        self.wait_until(lambda: self.session.image and self.session.labels)

    def tell(self) -> None:
        """Say what the labels are in the window, and once more when that is on the disk.

        The step may be on the disk before it is told of here: `step` has said that one is under way.
        """
        state = state_of(self.session.project)
        say("begun", state)
        self.session.project.flush()
        say("stored", state)

    def job(self, start: Callable[[], Any]) -> None:
        """Do what goes to the file at its end, in one transaction."""
        say("step")
        job = start()
        self.wait_until(lambda: job is None or not job.running)
        self.wait_until(lambda: not self.session.editing.busy)
        self.tell()

    def drag(self, tool: str) -> None:
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        self.window.tools.select(tool)
        self.session.paint.active_value = self.dice.choice(self.session.schema.classes).value
        say("step")
        canvas = self.window.viewport.viewport()
        points = [QPoint(self.dice.randint(50, 800), self.dice.randint(50, 500)) for _ in range(6)]
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
        for point in points[1:]:
            QTest.mouseMove(canvas, point)
            self.wait(0.003)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])
        self.wait(0)
        self.wait_until(lambda: not self.session.editing.busy)
        self.tell()

    def stroke(self) -> None:
        self.drag("brush")

    def rectangle(self) -> None:
        self.drag("rectangle")

    def undo_storm(self) -> None:
        for act in self.dice.choices(
            (self.session.editing.undo, self.session.editing.redo), (3, 2), k=self.dice.randint(1, 12)
        ):
            say("step")
            act()
            self.wait_until(lambda: not self.session.editing.busy)
            self.tell()

    def rename_class(self) -> None:
        project = self.session.project
        classes = json.loads(project.schema.to_json())
        self.dice.choice(classes["classes"])["name"] = f"class {self.dice.randint(0, 10**9)}"
        schema = type(project.schema).model_validate(classes)
        self.job(
            lambda: self.session.editing.run(
                "Rename",
                lambda on_event, control: project.change_schema(schema, "Rename", on_event=on_event, control=control),
            )
        )

    def import_mask(self) -> None:
        from landseg_gui.dialogs.import_labels import ImportLabelsRequest

        names = [item.name for item in self.session.schema.classes]
        request = ImportLabelsRequest(
            self.folder / "mask.tif", {str(value): names[value % len(names)] for value in range(5)}, None
        )
        flow = self.window.label_commands.import_flow
        self.job(lambda: flow.start(self.session.project, self.session.image, request))

    def accept_map(self) -> None:
        from landseg_gui.dialogs.accept import AcceptRequest
        from landseg_gui.session.acceptable import EVERYWHERE, Prediction

        prediction = Prediction("map", self.folder / "map.tif", None, self.session.schema)
        request = AcceptRequest(prediction, EVERYWHERE, None, bool(self.dice.random() < 0.5), 0.0)
        flow = self.window.label_commands.accept_flow
        self.job(lambda: flow.start(request))

    def add_image(self) -> None:
        """Add one of the small images that are not there yet."""
        there = {image.path for image in self.session.project.images}
        others = [path for path in sorted(self.folder.glob("small_*.tif")) if path not in there]
        if others:
            self.job(lambda: self.session.images.add(others[:1]))

    def copy(self) -> None:
        self.number += 1
        job = self.session.saving.save_copy(self.folder / f"copy_{self.number}.landseg")
        self.wait_until(lambda: not job.running)

    def create(self) -> None:
        """Make another project with the image, then go back to the one that is checked."""
        self.number += 1
        self.session.lifecycle.create(self.folder / f"new_{self.number}.landseg", load_classes("landcover-ai"), [])
        self.wait_until(lambda: self.session.project and self.session.project.path != self.path)
        self.open()

    def close_and_open(self) -> None:
        self.window.label_commands.close_project()
        self.wait_until(lambda: self.session.project is None)
        self.open()
        self.tell()


# The parent


@dataclass(frozen=True)
class Said:
    """What a child said before its end."""

    lines: tuple[str, ...]

    def words(self) -> Iterator[list[str]]:
        for line in self.lines:
            yield line.split()

    @property
    def act(self) -> str:
        """Return what it was at: opening, or the last act."""
        acts = [words[1] for words in self.words() if words[0] == "act"]
        return acts[-1] if acts else "opening"

    @property
    def stored(self) -> str | None:
        """Return the last state that it called stored."""
        states = [words[1] for words in self.words() if words[0] in ("stored", "ready")]
        return states[-1] if states else None

    @property
    def since(self) -> list[list[str]]:
        """Return what it said after that."""
        after: list[list[str]] = []
        for words in self.words():
            after = [] if words[0] in ("stored", "ready") else [*after, words]
        return after


class KillTest:
    """One project, and window after window on it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.path, self.seed = folder, folder / "killed.landseg", seed
        self.dice = random.Random(seed)
        make_files(folder)
        with Project.create(self.path, load_classes("landcover-ai")) as project:
            project.add_images([project.examine_image(folder / "ground.tif")], as_step=False)
            self.state = state_of(project)

    def kill_one(self, number: int) -> dict[str, Any]:
        """Start a window, kill it, and return what came out; `problem` is empty where nothing was lost."""
        if self.dice.random() < 0.3:
            self.drop_pyramids()
        said = self.run_child(f"{self.seed}{number:04}")
        record: dict[str, Any] = {"seed": self.seed, "number": number, "act": said.act, "outcome": "", "problem": ""}
        try:
            record["outcome"] = self.check(said)
            self.check_others()
        except (AssertionError, LandsegError) as error:
            record["problem"] = str(error) or repr(error)
        return record

    def run_child(self, seed: str) -> Said:
        command = [sys.executable, __file__, "--child", str(self.folder), "--seed", seed]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        lines: list[str] = []
        ready = threading.Event()
        listener = threading.Thread(target=listen, args=(child, lines, ready))
        listener.start()
        if self.dice.random() < 0.12:
            ready.wait(self.dice.uniform(0, BEFORE_READY))
        else:
            ready.wait(60)
            time.sleep(self.dice.uniform(0, PAST_READY))
        child.kill()
        listener.join()
        assert child.wait() == -signal.SIGKILL, f"the window ended by itself with {child.returncode}"
        return Said(tuple(lines))

    def check(self, said: Said) -> str:
        """Compare the project with what was called stored, and with what was under way."""
        stored = said.stored or self.state
        begun = [words[1] for words in said.since if words[0] == "begun"]
        with Project.open(self.path) as project:
            assert not project.read_only, f"it opens read-only: {project.read_only_reason}"
            found = state_of(project)
            outcome = "stored" if found == stored else "begun" if found in begun else ""
            if not outcome and ["step"] in said.since:
                outcome = self.one_step_further(project, stored)
            assert outcome, f"what was stored is lost, or there in part; after {stored}: {said.since}; found {found}"
            self.state = state_of(project)
        problems = check_project(self.path)
        assert problems == [], problems
        return outcome

    def one_step_further(self, project: Project, stored: str) -> str:
        """Return that a step of which nobody was told is there whole: one step back or on leads to what was stored."""
        for there, back in ((project.undo, project.redo), (project.redo, project.undo)):
            if there() is not None:
                found = state_of(project)
                back()
                if found == stored:
                    return "a step"
        return ""

    def check_others(self) -> None:
        """Open all else that is there under its final name, and remove it."""
        for path in [*self.folder.glob("copy_*.landseg"), *self.folder.glob("new_*.landseg")]:
            with Project.open(path) as project:
                assert not project.read_only, f"{path.name} opens read-only"
            assert check_project(path) == [], path.name
            path.unlink()
        for level in pyramids().glob("*/level_*.tif"):
            if not level.parent.name.startswith(".landseg-"):  # unfinished: the next pyramid has it removed
                with open_dataset(level) as dataset:
                    dataset.read()

    def drop_pyramids(self) -> None:
        for path in sorted(pyramids().glob("**/*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


def pyramids() -> Path:
    return platformdirs.user_cache_path("landseg", appauthor=False) / "pyramids"


def listen(child: subprocess.Popen[str], lines: list[str], ready: threading.Event) -> None:
    """Take what a child says until its end; a line that the kill has cut does not count."""
    assert child.stdout is not None
    with child.stdout as output:
        for line in output:
            if line.endswith("\n"):
                lines.append(line.rstrip())
                if line.startswith("ready"):
                    ready.set()
    ready.set()


HEADING = "## The window killed in the midst of its work"
EXPLANATION = """\
A child process opens the real window and paints, undoes, edits classes, imports, accepts, adds images, copies, creates,
closes and opens, while pyramids are built; it is killed at a random instant. The project must then hold what the window
last called stored, or one whole step more, and pass `landseg project check`; every other file under its final name must
be whole. The next child goes on with the same project.
"""


def report(records: list[dict[str, Any]]) -> str:
    """Return the table for people."""
    acts = Counter(record["act"].replace("_", " ") for record in records)
    outcomes = Counter(record["outcome"] for record in records)
    rows = {
        "kills (SIGKILL)": len(records),
        **{f"while: {act}": count for act, count in acts.most_common()},
        "labels, classes and images as last called stored": outcomes["stored"],
        "a gesture further, there whole": outcomes["begun"] + outcomes["a step"],
        "lost, there in part, or a file under its final name that is not whole": sum(
            bool(r["problem"]) for r in records
        ),
    }
    seeds = ", ".join(map(str, sorted({record["seed"] for record in records})))
    command = f"`scripts/on_screen python scripts/kill_window.py --count ... --seed ... --append FILE`, seeds {seeds}:"
    return "\n".join(
        [EXPLANATION, command, "", "| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows.items())]
    )


def main() -> None:
    parser = batch_parser(__doc__)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        Child(options.child, options.seed).run()
    elif options.report is not None:
        write_section(options.report, "window-kills", HEADING, report(records_in(options.append)))
    elif kill_all(options.count, options.seed, options.append):
        sys.exit(1)


def kill_all(count: int, seed: int, out: Path | None) -> int:
    """Kill so many windows and return how many times something was lost; the caches are those of this run."""
    problems = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[variable] = str(folder / variable.lower())
        (folder / "work").mkdir()
        test = KillTest(folder / "work", seed)
        for number in range(count):
            record = test.kill_one(number)
            print(record, flush=True)
            problems += bool(record["problem"])
            add_record(out, record)
            if record["problem"]:
                break  # what follows would be compared with a state that is unknown
    return problems


if __name__ == "__main__":
    main()
