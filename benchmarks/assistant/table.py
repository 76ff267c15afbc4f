"""The table: for each goal its statistic by scene and over the final scenes, and whether it is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.assistant.line import Goal
from benchmarks.assistant.lines import Rows, table_rows
from benchmarks.assistant.records import Record, latest, load
from benchmarks.assistant.scenes import DECIDING, FINAL, TUNING

INTRODUCTION = """# What a label is worth

Made by `python -m benchmarks assistant`; the simulated user and the lines are described in CONTRIBUTING.
Accuracy and mIoU are those of all pixels of a scene, or of a view, that no stroke or click labels. Targets are about
{final}, which no choice was tuned on; choices were tuned on {tuning}."""


class Table:
    """Looks up what the latest record of each run says."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._latest = latest(records)
        found = {record.scene for record in records}
        self.scenes = [scene for scene in FINAL if scene in found] + sorted(found - set(FINAL))

    def markdown(self, rows: Iterable[Rows]) -> str:
        """Return the whole table."""
        heads = ["line", "measure", "target", *self.scenes, "final scenes", "runs", "reached"]
        lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        lines += [self._row(row, goal) for row in rows for goal in row.goals]
        return "\n".join(lines)

    def numbers(self, lines: Sequence[str], goal: Goal, scenes: Sequence[str]) -> list[float]:
        """Return a goal's value of every run of some lines on some scenes; lists are opened up."""
        runs = [run for run in self._latest if run[0] in lines and run[1] in scenes]
        return [number for run in runs for number in self._of_run(run, goal)]

    def _of_run(self, run: tuple[str, str, int], goal: Goal) -> list[float]:
        own = self._latest[run]
        if not goal.over:
            return _listed(own, goal.value)
        other = self._latest.get((goal.over, *run[1:]))
        if other is None or other.machine["processor"] != own.machine["processor"]:
            return []  # minutes of another processor are other minutes
        return [a - b for a, b in zip(_listed(own, goal.value), _listed(other, goal.value), strict=True)]

    def _row(self, row: Rows, goal: Goal) -> str:
        own = self.numbers(row.lines, goal, DECIDING)
        cells = [_cell(self.numbers(row.lines, goal, [scene]), goal) for scene in self.scenes]
        reached = "" if not (goal.bounded and own) else "yes" if goal.reached(own) else "**no**"
        measure = goal.title if goal.by != "mean" else f"{goal.title}, mean"
        told = (row.title, measure, goal.asked, *cells, _cell(own, goal), str(len(own)) if own else "", reached)
        return f"| {' | '.join(told)} |"


def _listed(record: Record, value: str) -> list[float]:
    found = record.values.get(value, [])
    return [found] if isinstance(found, float | int) else list(found)


def _cell(numbers: Sequence[float], goal: Goal) -> str:
    return f"{goal.statistic(numbers):.3g}" if numbers else "-"


def write_table(folder: Path) -> None:
    """Write `assistant.md` from the records in `folder`."""
    records = load(folder)
    text = INTRODUCTION.format(final=" and ".join(FINAL), tuning=", ".join(TUNING))
    machines = {report.told(record.machine | {"date": ""}).removeprefix(", ") for record in records}
    told = "\n".join(f"- {machine}" for machine in sorted(machines))
    table = Table(records).markdown(table_rows())
    (folder / "assistant.md").write_text(f"{text}\n\n{table}\n\nMeasured on:\n\n{told}\n")
