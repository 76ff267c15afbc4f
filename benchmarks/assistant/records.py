"""Records of runs: one for each line, scene and seed, appended to a file that the table is made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.assistant.code import commit
from benchmarks.assistant.line import Measured, Values
from landseg_core.machine import processor

NAME = "assistant.json"


@dataclass(frozen=True)
class Record:
    """What a line gave on a scene with a seed, what it cost, and where it was measured."""

    line: str
    scene: str
    seed: int
    values: Values
    person: dict[str, float]
    computer_s: float
    commit: str
    machine: dict[str, Any]

    @classmethod
    def of(cls, line: str, scene: str, seed: int, measured: Measured) -> Record:
        """Return a record of what was measured just now, on this machine."""
        person = {**asdict(measured.effort), "seconds": measured.effort.seconds}
        seconds = round(measured.computer_s, 1)
        return cls(line, scene, seed, _rounded(measured.values), person, seconds, commit(), report.facts())

    def is_current(self, *, fixed: bool) -> bool:
        """Return whether this processor would measure the same: the code is the same, unless the line is `fixed`."""
        known = self.commit and not self.commit.endswith("+")
        return (fixed or bool(known and self.commit == commit())) and self.machine["processor"] == processor()

    @property
    def run(self) -> tuple[str, str, int]:
        """Return what a later record of the same run has in common."""
        return self.line, self.scene, self.seed


def append(folder: Path, record: Record) -> None:
    """Add a record to the file in `folder`, one on each line of its text."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(each)) for each in (*load(folder), record)]
    unfinished = folder / f"{NAME}.part"
    unfinished.write_text('{"records": [\n' + ",\n".join(lines) + "\n]}\n")
    unfinished.replace(folder / NAME)


def load(folder: Path) -> list[Record]:
    """Return all records, the oldest first."""
    path = folder / NAME
    return [Record(**told) for told in json.loads(path.read_text())["records"]] if path.exists() else []


def latest(records: Sequence[Record]) -> dict[tuple[str, str, int], Record]:
    """Return the last record of each run."""
    return {record.run: record for record in records}


def _rounded(values: Values) -> Values:
    return {name: round(v, 5) if isinstance(v, float | int) else [round(x, 5) for x in v] for name, v in values.items()}
