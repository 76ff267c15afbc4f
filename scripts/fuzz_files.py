"""Damages project files and files to import at random, thousands of times, and looks at what landseg makes of them.

Child processes open each damaged file, read all there is and edit it. What may happen: it is as if the file were whole,
or landseg says what is lost, or it refuses the file with a reason. Anything else is a failure: another exception, a
crash, a hang, more than 1 GB of memory, or labels that are not those that were painted, without a word about it.

    python scripts/fuzz_files.py --cases 2000 --seed 1 --out docs/reliability.md
    python scripts/fuzz_files.py --seed 1 --case 17        # one case, in this process, with its traceback
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from fuzz_cases import BYTES, KINDS, Case, Kind, case, labels_of, make_originals, paint
from report_section import write_section

from landseg_core.errors import LandsegError
from landseg_core.interchange.importers import describe_source, import_labels
from landseg_core.labels.regions import StrokeRegion
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

CHILDREN = 2
HANG_SECONDS = 20.0
MOST_MEMORY = 2**30
PLAIN = b"\1\1"
"""Bytes 18 and 19 of an SQLite file that has no write-ahead log: one beside it is another's."""

# What landseg makes of it

WHOLE = "as if whole"
OTHER = "as if whole, but for a text or number"
EARLIER = "an earlier state, whole"
TOLD = "read-only, says what is lost"
TOLD_WRITABLE = "writable, says what is lost"
REFUSED = "refused with a reason"
IMPORTED = "imported, other labels"
FAILURE = "**failure**"
RESULTS = (WHOLE, OTHER, EARLIER, TOLD, TOLD_WRITABLE, REFUSED, IMPORTED, FAILURE)


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `sentence` is the first thing that landseg said, or what failed."""

    number: int
    kind: str
    damage: str
    result: str
    sentence: str = ""


@dataclass(frozen=True)
class Contents:
    """What was read of a project: hashes of the labels by image and level, and all the rest."""

    labels: dict[str, str]
    rest: Any


class Trial:
    """Tries cases in a folder of its own."""

    def __init__(self, originals: Path, folder: Path, seed: int) -> None:
        shutil.copytree(originals, folder, dirs_exist_ok=True)
        self._folder, self._seed = folder, seed
        self._states = json.loads((folder / "states.json").read_text())
        self._whole: dict[str, Any] = {}
        for kind in KINDS:
            if kind.originals[0] not in self._whole:
                self._whole[kind.originals[0]] = self._read_whole(kind)
        self._accidents: list[str] = []
        threading.excepthook = lambda hook: self._accidents.append(place_of(hook.exc_value))

    def _read_whole(self, kind: Kind) -> Any:
        """Return what the undamaged file holds."""
        path = self._copy(kind)[0]
        if not kind.is_project:
            with self._small_project() as project:
                return self._imported(project, path)
        with Project.open(path) as project:
            return contents_of(project)

    def _copy(self, kind: Kind) -> list[Path]:
        """Copy the whole files; return the copies, the one to open first."""
        self._clear()
        copies = [self._folder / f"case{name[name.index('.') :]}" for name in kind.originals]
        for name, copy in zip(kind.originals, copies, strict=True):
            shutil.copy(self._folder / name, copy)
        return copies

    def _clear(self) -> None:
        for path in self._folder.glob("case*"):
            path.unlink()

    def _small_project(self) -> Project:
        for path in self._folder.glob("target*"):
            path.unlink()
        return Project.open(Path(shutil.copy(self._folder / "small.landseg", self._folder / "target.landseg")))

    def _damaged(self, item: Case) -> Path:
        """Return the path of a damaged copy: what changes bytes may also take the files beside it."""
        copies = self._copy(item.kind)
        with suppress(sqlite3.Error):  # what SQLite itself refuses to change stays as it is
            item.damage(item.dice.choice(copies) if item.damage in BYTES else copies[0], item.dice)
        return copies[0]

    def run(self, number: int, keep: Path | None = None) -> Outcome:
        """Try one case; whatever is raised is its outcome. A failure's files stay in `keep`, as they were before."""
        item = case(self._seed, number)
        path = self._damaged(item)
        kept = self._kept(keep, number)
        result, sentence = self._judged(path, item.kind)
        if kept and result != FAILURE:
            shutil.rmtree(kept)
        return Outcome(number, item.kind.name, item.damage.__name__, result, sentence)

    def _kept(self, keep: Path | None, number: int) -> Path | None:
        if keep is None:
            return None
        place = keep / str(number)
        place.mkdir(parents=True)
        for part in self._folder.glob("case*"):
            shutil.copy(part, place)
        return place

    def _judged(self, path: Path, kind: Kind) -> tuple[str, str]:
        """Return what came of a damaged file, and a sentence about it."""
        self._accidents.clear()
        reset_peak()
        try:
            result, sentence = (self._try_project if kind.is_project else self._try_import)(path, kind)
        except Exception as error:  # noqa: BLE001 - whatever comes out of landseg is what is looked for
            return FAILURE, place_of(error)
        if self._accidents:
            return FAILURE, f"in a thread: {self._accidents[0]}"
        if peak_bytes() > MOST_MEMORY:
            return FAILURE, f"{peak_bytes() / 1e9:.1f} GB of memory"
        return result, sentence.replace(f"{self._folder}{os.sep}", "")

    def _try_project(self, path: Path, kind: Kind) -> tuple[str, str]:
        """Open a project, read all of it, edit it, close it."""
        has_no_log = path.read_bytes()[18:20] == PLAIN
        try:
            project = Project.open(path)
        except LandsegError as error:
            return REFUSED, str(error)
        found, told, problems = self._used(project)
        told = [*project.notices, *told]
        if told or project.read_only:
            return (TOLD if project.read_only else TOLD_WRITABLE), told[0] if told else str(project.read_only_reason)
        result = self._compared(found, self._whole[kind.originals[0]])
        if result == EARLIER and has_no_log:
            return FAILURE, "the log of another moment was put over the file, without a word"
        said = problems[0] if problems else "nothing"
        return result, f"other labels without a word; `check_project` says: {said}" if result == FAILURE else ""

    def _used(self, project: Project) -> tuple[Contents | None, list[str], list[str]]:
        """Return what could be read, what was refused on the way, and what `check_project` finds."""
        found, problems = None, []
        try:
            found = contents_of(project)
            problems = [problem for problem in check_project(project.path) if not problem.endswith("is missing")]
            if not project.read_only:
                edit(project, found)
        except LandsegError as error:
            return found, [str(error)], problems
        finally:
            with suppress(LandsegError):
                project.close()
        return found, [], problems

    def _compared(self, found: Contents | None, whole: Contents) -> str:
        """Judge what was read where landseg says that nothing is lost."""
        if found == whole:
            return WHOLE
        if found is not None and found.labels == whole.labels:
            return OTHER
        return EARLIER if found is not None and found.labels in self._states else FAILURE

    def _try_import(self, path: Path, kind: Kind) -> tuple[str, str]:
        """Describe a source and import it into a new project; a refusal must leave that as it was."""
        with self._small_project() as project:
            try:
                found = self._imported(project, path)
            except LandsegError as error:
                found, sentence = None, str(error)
                assert (project.position, project.class_pixels(1)) == (0, {}), "a refused import has changed something"
                assert len(sentence.splitlines()) == 1, f"not one sentence: {sentence}"
        assert check_project(project.path) == [], "the import has spoilt the project"
        if found is None:
            return REFUSED, sentence
        return (WHOLE if found == self._whole[kind.originals[0]] else IMPORTED), ""

    def _imported(self, project: Project, path: Path) -> dict[str, str]:
        describe_source(path, project.schema)
        import_labels(project, 1, path)
        return labels_of(project)


def contents_of(project: Project) -> Contents:
    """Read everything that a project holds."""
    rest = [project.schema.to_json(), project.label_state(), project.position, project.steps, project.runs]
    rest += [project.view_state(key) for key in ("window", "image")]
    for entry in project.images:
        rest += [entry.path, entry.grid, entry.missing, entry.fingerprint, project.areas(entry.id)]
        rest += [project.class_pixels(entry.id), project.predictions(entry.id), project.tile_keys(entry.id)]
    labels = labels_of(project)
    with project.read_transaction() as view:
        for entry in project.images:
            rest += [hashlib.blake2b(tile.tobytes()).hexdigest() for _, tile in view.tiles(entry.id)]
    return Contents(labels, rest)


def edit(project: Project, found: Contents) -> None:
    """Undo and redo a step, and paint a stroke."""
    if project.undo() is not None:
        project.redo()
        assert labels_of(project) == found.labels, "undo and redo lead to other labels"
    for entry in project.images[:1]:
        paint(project, entry.id, StrokeRegion([(3, 3), (90, 60)], 9), project.schema.values[0])
    project.flush()


def place_of(error: BaseException | None) -> str:
    """Return an exception in one line, with the last place in landseg or here that it came through."""
    if error is None:
        return "an unknown exception"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "landseg" in frame.filename or frame.filename == __file__] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else "nowhere"
    return f"{type(error).__name__} at {where}: {error}"


def reset_peak() -> None:
    """Begin to measure the peak of memory anew, where the system lets us."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    return 1024 * next(
        (int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line), 0
    )


# Children


def serve(originals: Path, seed: int, wishes: Connection, keep: Path | None) -> None:
    """Be a child: take numbers of cases, send outcomes, until there are no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # GDAL tells of every damaged byte
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        trial = Trial(originals, Path(folder), seed)
        limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 3 * MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        wishes.send("ready")
        while (number := wishes.recv()) is not None:
            wishes.send(trial.run(number, keep))


class Child:
    """A process that tries cases; another takes its place when it dies or hangs."""

    def __init__(self, originals: Path, seed: int, keep: Path | None) -> None:
        self._arguments = originals, seed
        self._keep = keep
        self._process: SpawnProcess | None = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve, args=(*self._arguments, other, self._keep), daemon=True)
        self._process.start()
        other.close()
        assert self._pipe.recv() == "ready"

    def run(self, number: int) -> Outcome:
        """Try a case; a crash or a hang is its outcome."""
        if self._process is None:
            self._start()
        self._pipe.send(number)
        try:
            if self._pipe.poll(HANG_SECONDS):
                outcome: Outcome = self._pipe.recv()
                return outcome
            reason = f"no end after {HANG_SECONDS:.0f} s"
        except EOFError:
            reason = "the process has died"
        return self._failed(number, reason)

    def _failed(self, number: int, reason: str) -> Outcome:
        assert self._process is not None
        self._process.kill()
        self._process.join()
        item = case(self._arguments[1], number)
        code, self._process = self._process.exitcode, None
        return Outcome(number, item.kind.name, item.damage.__name__, FAILURE, f"{reason} (exit code {code})")

    def end(self) -> None:
        if self._process is not None:
            self._pipe.send(None)
            self._process.join()
            self._pipe.close()


def run_all(cases: int, seed: int, keep: Path | None = None) -> list[Outcome]:
    """Try all cases; return their outcomes by number."""
    numbers = iter(range(cases))
    guard = threading.Lock()

    def next_number() -> int | None:
        with guard:
            return next(numbers, None)

    def work(child: Child) -> list[Outcome]:
        outcomes = [child.run(number) for number in iter(next_number, None)]
        child.end()
        return outcomes

    with tempfile.TemporaryDirectory(prefix="fuzz") as folder, ThreadPoolExecutor(CHILDREN) as pool:
        make_originals(Path(folder))
        parts = pool.map(work, [Child(Path(folder), seed, keep) for _ in range(CHILDREN)])
        return sorted((outcome for part in parts for outcome in part), key=lambda outcome: outcome.number)


# The report


def report(outcomes: list[Outcome], seed: int, seconds: float) -> str:
    """Return what came out, as Markdown."""
    command = f"python scripts/fuzz_files.py --cases {len(outcomes)} --seed {seed}"
    failures = [outcome for outcome in outcomes if outcome.result == FAILURE]
    lines = [f"`{command}`: {len(outcomes)} cases, seed {seed}, {seconds:.0f} s, {len(failures)} failures.", ""]
    lines += [*table(outcomes, "kind of file", lambda outcome: outcome.kind), ""]
    projects = [outcome for outcome in outcomes if outcome.kind.startswith("project")]
    lines += ["Project files by kind of damage:", "", *table(projects, "damage", lambda outcome: outcome.damage), ""]
    lines += ["What landseg said most often (paths and numbers left out):", "", *sentences(outcomes), ""]
    if failures:
        lines += ["Failures:", "", *failure_lines(failures, seed), ""]
    return "\n".join(lines)


def table(outcomes: list[Outcome], title: str, row_of: Callable[[Outcome], str]) -> list[str]:
    counts = Counter((row_of(outcome), outcome.result) for outcome in outcomes)
    results = [result for result in RESULTS if result == FAILURE or any(key[1] == result for key in counts)]
    rows = [f"| {title} | cases | {' | '.join(results)} |", "|---|" + "---:|" * (1 + len(results))]
    for row in dict.fromkeys(row_of(outcome) for outcome in sorted(outcomes, key=row_of)):
        numbers = [counts[row, result] for result in results]
        rows.append(f"| {row} | {sum(numbers)} | {' | '.join(map(str, numbers))} |")
    totals = [sum(count for key, count in counts.items() if key[1] == result) for result in results]
    return [*rows, f"| all | {len(outcomes)} | {' | '.join(map(str, totals))} |"]


def sentences(outcomes: list[Outcome]) -> Iterator[str]:
    said = [outcome for outcome in outcomes if outcome.result != FAILURE and outcome.sentence]
    counts = Counter((outcome.result, re.sub(r"\d+", "N", outcome.sentence)[:200]) for outcome in said)
    for (result, sentence), count in counts.most_common(25):
        yield f"- {count} x {result}: {sentence}"


def failure_lines(failures: list[Outcome], seed: int) -> Iterator[str]:
    """Yield what failed, each kind of failure once, with the cases that show it."""
    cases: dict[str, list[Outcome]] = {}
    for outcome in failures:
        cases.setdefault(re.sub(r"\s+", " ", outcome.sentence)[:300], []).append(outcome)
    for sentence, found in cases.items():
        numbers = ", ".join(str(outcome.number) for outcome in found[:10])
        kinds = ", ".join(sorted({f"{outcome.kind}: {outcome.damage}" for outcome in found}))
        yield f"- {len(found)} x {sentence} ({kinds}; `--seed {seed} --case` {numbers})"


HEADING = "## Thousands of damaged files"
EXPLANATION = """
Files are damaged at random (bytes overwritten, cut short, pages zeroed and swapped, header fields changed, rows of the
wrong type, columns and tables dropped) and opened by a child process, which reads everything, undoes, redoes and
paints, or imports the file. Where landseg says that nothing is lost, the labels of all levels are compared with those
that were painted. No checksum guards names and numbers beside the labels: these may differ ("as if whole, but for a
text or number"), as may what a file of polygons or a mask without checksums holds ("imported, other labels"). Where the
write-ahead log is damaged, SQLite takes the gestures up to there ("an earlier state, whole").
"""


def try_one(number: int, seed: int) -> None:
    """Try one case in this process and say all about it."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as originals, tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        make_originals(Path(originals))
        trial = Trial(Path(originals), Path(folder), seed)
        print(trial.run(number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="try only this one, in this process")
    parser.add_argument("--keep", type=Path, help="a folder for the damaged files that failed")
    parser.add_argument("--out", type=Path, help="a Markdown file for the tables")
    options = parser.parse_args()
    if options.case is not None:
        try_one(options.case, options.seed)
        return
    start = time.monotonic()
    outcomes = run_all(options.cases, options.seed, options.keep)
    text = report(outcomes, options.seed, time.monotonic() - start)
    print(text)
    if options.out is not None:
        write_section(options.out, "fuzz", HEADING, f"{EXPLANATION}\n{text}")
    sys.exit(any(outcome.result == FAILURE for outcome in outcomes))


if __name__ == "__main__":
    main()
