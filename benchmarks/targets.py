"""Trains as the targets ask, as real processes one after another: `python -m benchmarks.targets lite0 unet16`.

Each run is `landseg train` with defaults but for network, minutes and seed, then `landseg evaluate` on the images that
validate; time and memory are those of the whole training process. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.scribbles import write_scribbles
from landseg_core.data.lists import read_list

CLASSES = "landcover-dubai"
BEST = "lite0"
"""The network of the catalogue that gets an hour."""
SCRIBBLED_SHARE, SCRIBBLE_SEED = 0.01, 0


@dataclass(frozen=True)
class Row:
    """A row of the table: options of `landseg train`, its minutes, and whether its labels are scribbles."""

    title: str
    options: tuple[str, ...]
    minutes: float = 10
    scribbles: bool = False


ROWS = {
    "lite0": Row("`lite0`, pretrained", ("--model", "lite0")),
    "unet16": Row("`unet16`, from scratch", ("--model", "unet16")),
    "lite0-scratch": Row("`lite0`, without pretrained weights", ("--model", "lite0", "--no-pretrained")),
    "hour": Row(f"`{BEST}`, an hour", ("--model", BEST), minutes=60),
    "scribbles": Row("`lite0`, 1 % of the pixels labelled", ("--model", "lite0"), scribbles=True),
}


@dataclass(frozen=True)
class Data:
    """A data set: a folder with `images` and whole `masks`; the masks to learn from; where its lists are."""

    folder: Path
    masks: Path
    lists: Path

    @classmethod
    def in_full(cls, folder: Path) -> Data:
        return cls(folder, folder / "masks", folder)

    def scribbled(self, place: Path) -> Data:
        """Return the same data set with scribbles to train on, and whole masks to validate on, written to `place`."""
        write_scribbles(self.masks, self.lists / "train.txt", place, SCRIBBLED_SHARE, SCRIBBLE_SEED)
        stems = set(read_list(self.lists / "val.txt"))
        for mask in self.masks.iterdir():
            if mask.stem in stems:
                shutil.copyfile(mask, place / mask.name)
        return replace(self, masks=place)

    def train_command(self, run: Path, *options: str) -> list[str]:
        lists = ["--train-list", str(self.lists / "train.txt"), "--val-list", str(self.lists / "val.txt")]
        return ["train", *self._pairs(self.masks), "--classes", CLASSES, *lists, *options, "--out", str(run)]

    def evaluate_command(self, run: Path, figures: Path) -> list[str]:
        judges = [*self._pairs(self.folder / "masks"), "--list", str(self.lists / "val.txt")]
        return ["evaluate", str(run), *judges, "--json", str(figures)]

    def _pairs(self, masks: Path) -> list[str]:
        return ["--images", str(self.folder / "images"), "--masks", str(masks)]


@dataclass(frozen=True)
class Ended:
    """A process that ended well: seconds by the clock, and the most memory that it held, in MiB."""

    seconds: float
    peak_mib: float


def run_landseg(command: Sequence[str]) -> Ended:
    """Run a `landseg` command as a process of its own; where it fails, so does this."""
    print("landseg", shlex.join(command), file=sys.stderr, flush=True)
    start = time.monotonic()
    arguments = [sys.executable, "-m", "landseg_core.cli", *command]
    output = [(os.POSIX_SPAWN_DUP2, 2, 1)]  # the table alone goes to stdout
    process = os.posix_spawn(sys.executable, arguments, os.environ, file_actions=output)
    _, status, usage = os.wait4(process, 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"landseg {command[0]} ended with {code}")
    return Ended(time.monotonic() - start, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Result:
    """What a run reached."""

    seed: int
    miou: float
    accuracy: float
    process: Ended

    @property
    def cells(self) -> tuple[float, ...]:
        return self.miou, self.accuracy, self.process.seconds, self.process.peak_mib


def trained(data: Data, folder: Path, seed: int, *options: str) -> tuple[Ended, dict[str, Any]]:
    """Train in `folder` and evaluate; return how the training ended, and the figures of `landseg evaluate --json`."""
    run, figures = folder / f"seed-{seed}", folder / f"seed-{seed}.json"
    process = run_landseg(data.train_command(run, *options, "--seed", str(seed)))
    run_landseg(data.evaluate_command(run, figures))
    return process, json.loads(figures.read_text())


def row_result(row: Row, data: Data, minutes: float, seed: int, folder: Path) -> Result:
    """Return what a row reaches with one seed."""
    process, told = trained(data, folder, seed, *row.options, "--minutes", f"{minutes:g}")
    return Result(seed, told["miou"], told["accuracy"], process)


HEADER = "| run | minutes | seed | mIoU | accuracy | process, s | peak, MiB |\n|---|---|---|---|---|---|---|"


def lines(row: Row, minutes: float, results: Sequence[Result]) -> list[str]:
    """Return the lines of a row: one for each seed, and the median of each column."""
    medians = [statistics.median(column) for column in zip(*(result.cells for result in results), strict=True)]
    told = [(str(result.seed), result.cells) for result in results]
    return [_line(row, minutes, *each) for each in (*told, ("**median**", medians))]


def _line(row: Row, minutes: float, seed: str, cells: Sequence[float]) -> str:
    miou, accuracy, seconds, mib = cells
    return f"| {row.title} | {minutes:g} | {seed} | {miou:.3f} | {accuracy:.3f} | {seconds:.0f} | {mib:.0f} |"


def run_rows(names: Sequence[str], data: Data, seeds: Sequence[int], minutes: float | None, folder: Path) -> None:
    """Train the rows one after another, and print each as soon as it is done."""
    print(HEADER, flush=True)
    for name in names:
        row, place = ROWS[name], folder / name
        place.mkdir(parents=True)
        its_data = data.scribbled(place / "masks") if row.scribbles else data
        length = minutes or row.minutes
        results = [row_result(row, its_data, length, seed, place) for seed in seeds]
        print("\n".join(lines(row, length, results)), flush=True)


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Let `--data` name the data set; it must where `LANDSEG_DATA` does not."""
    shared = os.environ.get("LANDSEG_DATA")
    place = Path(shared) / "landcover_dubai" if shared else None
    parser.add_argument("--data", type=Path, default=place, required=place is None, help="default: in LANDSEG_DATA")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets", description=__doc__)
    parser.add_argument("rows", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, help="instead of those of the row")
    add_data_option(parser)
    parser.add_argument("--out", type=Path, help="a new folder that keeps the runs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        run_rows(asked.rows, Data.in_full(asked.data), asked.seeds, asked.minutes, asked.out or Path(passing))


if __name__ == "__main__":
    main()
