"""Ends commands of `landseg` at random instants, by SIGTERM, Ctrl+C and SIGKILL, and looks at what is left.

    python scripts/kill_commands.py --count 60 --seed 1 --append docs/reliability.md

An instant is drawn from the first line of landseg on, when it takes its signals. After SIGTERM and Ctrl+C: the exit
code is 143 or 130, within three seconds, in one line, without a traceback; nothing unfinished and no process is left.
After any of them: results are whole or absent, the project is fine, the run can be read. What SIGKILL of the command
and its guardian leaves is gone once something is written to the same folder. Batches with other seeds add up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import rasterio
from report_section import write_section

from landseg_core.data.normalisation import Normalisation
from landseg_core.labels.classes import load_classes
from landseg_core.leftovers import scratch_folder
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.tensor_file import read_tensor_file
from landseg_core.models.weights import weights_of
from landseg_core.output_files import write_atomically
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.sample import write_sample
from landseg_core.training.runs import list_runs

SECONDS = 3.0
"""How long an end may take."""
CLASSES = "landcover-ai"
DATA = f"--images sample/images --masks sample/masks --classes {CLASSES}"
PICTURE, MASK = "sample/images/landscape_1.tif", "sample/masks/landscape_1.tif"


@dataclass(frozen=True)
class Command:
    """What is started, and up to how many seconds later it is ended."""

    arguments: str
    longest: float


COMMANDS = {
    "info": Command(f"info {PICTURE}", 0.7),
    "info of a model": Command("info run --json", 0.5),
    "models": Command("models", 0.4),
    "runs": Command("runs .", 0.5),
    "sample": Command("sample --out new", 4),
    "train": Command(f"train {DATA} --out new --model unet16 --epochs 20 --chip 64 --batch 2", 14),
    "train on a project": Command("train --project p.landseg --out new --model unet16 --epochs 9 --chip 64", 10),
    "evaluate": Command("evaluate run --images sample/images --masks sample/masks --json figures.json", 7),
    "predict": Command(f"predict run {PICTURE} sample/images/landscape_2.tif --out new --confidence", 7),
    "predict as PNG": Command(f"predict run {PICTURE} --out new --format png", 5),
    "export png": Command(f"export png {MASK} --style overlay --image {PICTURE} --out new.png", 1.2),
    "export onnx": Command("export onnx run --out new.onnx --tile 256", 8),
    "project new": Command(f"project new q.landseg --classes {CLASSES}", 0.9),
    "project add-image": Command("project add-image p.landseg sample/images/landscape_3.tif", 1.0),
    "project import": Command(f"project import p.landseg {MASK} --image landscape_1", 1.4),
    "project export": Command("project export p.landseg --image landscape_2 --format gpkg --out new.gpkg", 2),
    "project check": Command("project check p.landseg", 0.9),
    "project info": Command("project info p.landseg", 0.8),
    "bench": Command("bench run", 16),
    "demo": Command("demo --out new --no-window", 20),
}
"""By what the table calls them; they run in a copy of what `make_stage` makes."""

SIGNALS = {"SIGTERM": signal.SIGTERM, "Ctrl+C": signal.SIGINT, "SIGKILL": signal.SIGKILL}
CODES = {"SIGTERM": (143, -signal.SIGTERM), "Ctrl+C": (130, -signal.SIGINT), "SIGKILL": (-signal.SIGKILL,)}


def make_stage(folder: Path) -> None:
    """Make images with masks, the folder of a run with a model, and a project with labels."""
    sample = write_sample(folder / "sample", size=(1024, 768))
    schema = load_classes(CLASSES)
    weights = weights_of(build_model("unet16", 3, len(schema)))
    normalisation = Normalisation((120.0,) * 3, (50.0,) * 3)
    (folder / "run").mkdir()
    bundle = ModelBundle("unet16", schema, (1, 2, 3), "uint8", normalisation, 0.25, {}, weights)
    bundle.save(folder / "run" / "model.safetensors")
    with Project.create(folder / "p.landseg", schema) as project:
        for stem in ("landscape_1", "landscape_2"):
            project.add_image(sample.images / f"{stem}.tif")
    label = [*landseg(), "project", "import", "p.landseg", "sample/masks/landscape_2.tif", "--image", "landscape_2"]
    subprocess.run(label, cwd=folder, check=True, capture_output=True)


def landseg() -> list[str]:
    return [sys.executable, "-m", "landseg_core.cli"]


@dataclass
class Tally:
    """What came out, over all batches; times in seconds."""

    batches: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    """By `command/signal`."""
    ended: Counter[str] = field(default_factory=Counter)
    """By command: what ended in order before its signal came."""
    slowest: dict[str, float] = field(default_factory=dict)
    """By command, after SIGTERM and Ctrl+C."""
    by_system: int = 0
    """Exit codes by the system: a library kept Python's lock."""
    swept: int = 0
    """What SIGKILL left and the next command removed."""
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, out: Path | None) -> Tally:
        """Return what earlier batches have put into a file."""
        found = re.search(r"<!-- kill-commands-tally (.*?) -->", out.read_text()) if out and out.exists() else None
        if found is None:
            return cls()
        told = json.loads(found[1])
        return cls(**told | {"kills": Counter(told["kills"]), "ended": Counter(told["ended"])})

    def report(self) -> str:
        """Return the table for people, and what the next batch adds to."""
        total = sum(self.kills.values())
        by_signal = {name: sum(n for key, n in self.kills.items() if key.endswith(f"/{name}")) for name in SIGNALS}
        told = f"""
{total} kills ({", ".join(f"{number} {name}" for name, number in by_signal.items())}) in {len(self.batches)} batches of
`scripts/kill_commands.py` ({"; ".join(self.batches)}); {sum(self.ended.values())} commands had ended before theirs.
Exit codes that the system gave, because a library kept Python's lock: {self.by_system}.
Unfinished files and scratch folders that SIGKILL left, all removed by the next to write there: {self.swept}.
Longer than {SECONDS:g} s, other exit codes, tracebacks, results in part, projects or runs that do not open, processes
or unfinished files left: {len(self.problems)}."""
        rows = ["| command | SIGTERM | Ctrl+C | SIGKILL | slowest end |", "|---|---:|---:|---:|---:|"]
        for name in COMMANDS:
            counts = " | ".join(str(self.kills[f"{name}/{kind}"]) for kind in SIGNALS)
            rows.append(f"| {name} | {counts} | {self.slowest.get(name, 0):.2f} s |")
        problems = [f"- {problem}" for problem in self.problems]
        kept = f"<!-- kill-commands-tally {json.dumps(vars(self))} -->"
        return "\n\n".join([told.strip(), "\n".join(rows), *(["\n".join(problems)] if problems else []), kept])


class Killer:
    """Ends one command after the other, each in its own copy of the stage."""

    def __init__(self, stage: Path, folder: Path, seed: int, tally: Tally) -> None:
        self._stage, self._folder, self._tally = stage, folder, tally
        self._dice = random.Random(seed)

    def run(self, count: int) -> None:
        """End so many commands: each in turn, in an order of its own."""
        names: list[str] = []
        for number in range(count):
            names = names or self._dice.sample(list(COMMANDS), len(COMMANDS))
            name, kind = names.pop(), self._dice.choice(["SIGTERM", "Ctrl+C"] * 2 + ["SIGKILL"])
            instant = COMMANDS[name].longest * self._dice.random() ** 1.5
            place = self._folder / str(number)
            shutil.copytree(self._stage, place)
            problems = list(self._end(name, kind, instant, place))
            told = f"{name}, {kind} after {instant:.2f} s"
            print(f"{number + 1}/{count} {told}: {'; '.join(problems) or 'fine'}", flush=True)
            self._tally.problems += [f"{told}: {problem}" for problem in problems]
            shutil.rmtree(place, ignore_errors=True)

    def _end(self, name: str, kind: str, instant: float, place: Path) -> Iterator[str]:
        """Start a command, end it, and yield what is not as it should be."""
        (place / "tmp").mkdir()
        own = {f"XDG_{name}_HOME": str(place / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        process = subprocess.Popen(
            [*landseg(), *COMMANDS[name].arguments.split()],
            cwd=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | own | {"TMPDIR": str(place / "tmp")},
            start_new_session=True,
        )
        wait_for_handlers(process)
        try:
            process.wait(instant)
        except subprocess.TimeoutExpired:
            self._tally.kills[f"{name}/{kind}"] += 1
            yield from self._killed(process, name, kind)
            yield from self._left(kind, place)
        else:
            self._tally.ended[name] += 1
            if process.communicate()[1].count("Traceback") or process.returncode:
                yield f"ended by itself with exit code {process.returncode}"
        yield from broken(place)

    def _killed(self, process: subprocess.Popen[str], name: str, kind: str) -> Iterator[str]:
        family = relatives(process)
        begin = time.monotonic()
        if kind == "SIGKILL":
            os.killpg(process.pid, signal.SIGKILL)  # the guardian as well
        else:
            process.send_signal(SIGNALS[kind])
        try:
            said = process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            yield "it goes on"
            return
        seconds = time.monotonic() - begin
        yield from self._judged(process.returncode, said, seconds, name, kind)
        _, alive = psutil.wait_procs(family, timeout=5 if kind == "SIGKILL" else 0.5)
        yield from (f"a process is left: {one}" for one in alive if is_at_work(one))

    def _judged(self, code: int, said: str, seconds: float, name: str, kind: str) -> Iterator[str]:
        if "Traceback" in said:
            yield f"a traceback: {said[-300:]}"
        if kind == "SIGKILL":
            return
        if seconds > SECONDS:
            yield f"it took {seconds:.2f} s"
        self._tally.slowest[name] = max(self._tally.slowest.get(name, 0.0), seconds)
        if code == 0:  # it had done all it had to do
            return
        self._tally.by_system += code < 0
        if code not in CODES[kind]:
            yield f"exit code {code}: {said[-300:]}"
        elif said.count("landseg: stopped") != 1:
            yield f"it says {said[-300:]!r}"

    def _left(self, kind: str, place: Path) -> Iterator[str]:
        left = unfinished(place)
        if left and kind != "SIGKILL":
            yield f"left {', '.join(map(str, left))}"
        for folder in dict.fromkeys(path.parent for path in left):
            write_atomically(folder / "next", b"")
            (folder / "next").unlink()
        with scratch_folder(place / "tmp"):
            pass
        if stays := unfinished(place):
            yield f"not removed by the next command: {', '.join(map(str, stays))}"
        self._tally.swept += len(left) if kind == "SIGKILL" else 0


def wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Wait until a process takes SIGTERM and SIGINT itself."""
    wanted = sum(1 << (number - 1) for number in (signal.SIGTERM, signal.SIGINT))
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16)  # type: ignore[index]
        if caught & wanted == wanted and "python" in status:
            return
        time.sleep(0.0005)


def relatives(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_at_work(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def unfinished(place: Path) -> list[Path]:
    """Return unfinished files and scratch folders, but not what lies in a scratch folder."""
    found = [path for path in place.rglob("*") if ".unfinished-" in path.name or path.name.startswith(".landseg-")]
    return [path for path in found if not set(path.parents) & set(found)]


def broken(place: Path) -> Iterator[str]:
    """Yield what is neither whole nor absent."""
    for path in sorted(place.rglob("*")):
        check = CHECKS.get(path.suffix)
        if check is None or ".unfinished-" in path.name or not path.is_file():
            continue
        try:
            check(path)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is broken
            yield f"{path.relative_to(place)} is broken: {error}"


def check_raster(path: Path) -> None:
    with rasterio.open(path) as dataset:
        dataset.read()


def check_picture(path: Path) -> None:
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None, "it cannot be read"


def check_tensors(path: Path) -> None:
    if path.name == "model.safetensors":
        ModelBundle.load(path)
    else:
        read_tensor_file(path, "landseg-checkpoint")


def check_project_file(path: Path) -> None:
    with Project.open(path) as project:
        assert not project.read_only, project.read_only_reason
        for image in project.images:
            project.class_pixels(image.id)
    assert check_project(path) == []


def check_log(path: Path) -> None:
    assert np.all([summary.problem == "" for summary in list_runs(path.parent)]), "the run cannot be read"


def check_graph(path: Path) -> None:
    import onnx

    onnx.checker.check_model(onnx.load(path))


CHECKS: dict[str, Callable[[Path], Any]] = {
    ".tif": check_raster,
    ".png": check_picture,
    ".safetensors": check_tensors,
    ".landseg": check_project_file,
    ".jsonl": check_log,
    ".json": lambda path: json.loads(path.read_text()),
    ".onnx": check_graph,
    ".gpkg": lambda path: __import__("pyogrio").read_info(path, force_feature_count=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--append", type=Path, metavar="FILE", help="a Markdown file whose table the batch adds to")
    options = parser.parse_args()
    tally = Tally.read(options.append)
    tally.batches.append(f"seed {options.seed}: {options.count}")
    before = len(tally.problems)
    with tempfile.TemporaryDirectory() as name:
        stage = Path(name) / "stage"
        stage.mkdir()
        make_stage(stage)
        Killer(stage, Path(name), options.seed, tally).run(options.count)
    text = tally.report()
    print(text.partition("<!--")[0])
    if options.append is not None:
        write_section(options.append, "kill-commands", "## Commands that are killed", text)
    sys.exit(len(tally.problems) > before)


if __name__ == "__main__":
    main()
