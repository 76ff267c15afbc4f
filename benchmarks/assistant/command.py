"""`python -m benchmarks assistant`: runs lines, appends what they give, and writes the table.

`--line NAME --seed N` runs one line with one seed on each of its scenes; without `--line` all lines run, and without
`--seed` all seeds of a line. Runs of a scene and seed come one after another: before and now see the same machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.assistant.line import Case
from benchmarks.assistant.lines import LINES
from benchmarks.assistant.records import Record, append, load
from benchmarks.assistant.scenes import DataSet
from benchmarks.assistant.table import write_table
from benchmarks.targets import add_data_option
from landseg_core.errors import LandsegError

Run = tuple[str, str, int]


def runs(names: Sequence[str], scenes: Sequence[str] | None, seeds: Sequence[int] | None) -> list[Run]:
    """Return lines, scenes and seeds; those of a scene and seed stand together, in the order of the registry."""
    asked = [
        (name, scene, seed)
        for name, line in LINES.items()
        if name in names
        for scene in scenes or line.scenes
        for seed in (line.seeds if seeds is None else seeds)
    ]
    return sorted(asked, key=lambda run: run[1:])


def named(asked: argparse.Namespace) -> list[str]:
    """Return the names of the lines that a command line asks for."""
    return asked.lines or [name for name, line in LINES.items() if not (line.trains and asked.without_training)]


def missing(asked: Sequence[Run], records: Sequence[Record]) -> list[Run]:
    """Return the runs that have no record of this code on this processor."""
    known = [record for record in records if record.line in LINES]
    current = {record.run for record in known if record.is_current(fixed=LINES[record.line].fixed)}
    return [run for run in asked if run not in current]


def measure(run: Run, asked: argparse.Namespace, folder: Path) -> Record:
    """Run a line in an empty folder, which is deleted afterwards."""
    name, scene, seed = run
    data = DataSet(asked.data)
    folder.mkdir(parents=True)
    case = Case(data, data.scene(scene), seed, folder, asked.minutes)
    try:
        return Record.of(name, scene, seed, LINES[name].measure(case))
    finally:
        shutil.rmtree(folder)


def told(record: Record) -> str:
    values = ", ".join(f"{name} {_number(value)}" for name, value in record.values.items())
    person = f"person {record.person['seconds']:.0f} s, computer {record.computer_s:.0f} s"
    return f"{record.line}, {record.scene}, seed {record.seed}: {values}; {person}"


def _number(value: float | Sequence[float]) -> str:
    return f"{value:.3f}" if isinstance(value, float | int) else " ".join(f"{each:.3f}" for each in value)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks assistant", description=__doc__)
    made.add_argument("--line", dest="lines", action="append", choices=LINES, metavar="NAME", help=", ".join(LINES))
    made.add_argument("--seed", dest="seeds", action="append", type=int, metavar="N", help="default: those of the line")
    made.add_argument("--scene", dest="scenes", action="append", metavar="SCENE", help="default: the final scenes")
    made.add_argument("--without-training", action="store_true", help="only lines that train nothing")
    made.add_argument("--missing", action="store_true", help="only what this code has no record of on this processor")
    made.add_argument("--minutes", type=float, help="of every training, for trying: nothing is recorded then")
    made.add_argument("--out", type=Path, default=Path("docs/bench"), help="folder of the records and the table")
    made.add_argument("--table", action="store_true", help="only write the table anew")
    add_data_option(made)
    return made


def main(arguments: Sequence[str]) -> None:
    asked = parser().parse_args(arguments)
    try:
        write_table(asked.out) if asked.table else run_all(asked)
    except LandsegError as error:
        sys.exit(f"{error}")


def run_all(asked: argparse.Namespace) -> None:
    """Run what is asked for, and record each run as soon as it is done."""
    with tempfile.TemporaryDirectory() as folder:
        waiting = runs(named(asked), asked.scenes, asked.seeds)
        for number, run in enumerate(missing(waiting, load(asked.out)) if asked.missing else waiting):
            record = measure(run, asked, Path(folder) / str(number))
            print(told(record), flush=True)
            if asked.minutes is None:
                append(asked.out, record)
                write_table(asked.out)
