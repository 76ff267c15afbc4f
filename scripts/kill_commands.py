"""Ends commands of `landseg` at random instants, by SIGTERM, Ctrl+C and SIGKILL, and looks at what is left.

    python scripts/kill_commands.py --count 60 --seed 1 --append build/command-kills.jsonl

An instant is drawn from the first line of landseg on, when it takes its signals. After SIGTERM and Ctrl+C: the exit
code is 143 or 130, within three seconds, in one line, without a traceback; nothing unfinished and no process is left.
After any of them: results are whole or absent, the project is fine, the run can be read. What SIGKILL of the command
and its guardian leaves is gone once something is written to the same folder. Runs add to the file of `--append`;
`--report docs/reliability.md` makes the table of all.
"""

from __future__ import annotations

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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import rasterio
from affine import Affine
from batches import add_record, batch_parser, records_in
from report_section import write_section

from landseg_core.labels.classes import load_classes
from landseg_core.leftovers import scratch_folder
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.tensor_file import read_tensor_file
from landseg_core.models.weights import weights_of
from landseg_core.output_files import write_atomically
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.runs.catalogue import list_runs
from landseg_core.sample import write_sample

SECONDS = 3.0
"""How long an end may take."""
CLASSES = "landcover-ai"
DATA = f"--images sample/images --masks sample/masks --classes {CLASSES}"
PICTURE, MASK = "sample/images/landscape_1.tif", "sample/masks/landscape_1.tif"
MOVED = "moved.landseg"
"""A project whose image has been exported anew, elsewhere."""


@dataclass(frozen=True)
class Command:
    """What is started, and up to how many seconds later it is ended, on an idle computer."""

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
    "export png": Command(
        f"export png {MASK} --classes {CLASSES} --style overlay --image {PICTURE} --out new.png", 1.2
    ),
    "export onnx": Command("export onnx run --out new.onnx --tile 256", 8),
    "project new": Command(f"project new q.landseg --classes {CLASSES}", 0.9),
    "project add-image": Command("project add-image p.landseg sample/images/landscape_3.tif", 1.0),
    "project import": Command(f"project import p.landseg {MASK} --image landscape_1", 1.4),
    "project export": Command("project export p.landseg --image landscape_2 --format gpkg --out new.gpkg", 2),
    "project regrid": Command(f"project regrid {MOVED} --image moved --move-labels", 1.2),
    "project relink": Command("project relink p.landseg copy.tif --image landscape_1", 0.9),
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
    bundle = ModelBundle(BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, 0.25, {}), weights)
    bundle.save(folder / "run" / "model.safetensors")
    with Project.create(folder / "p.landseg", schema) as project:
        for stem in ("landscape_1", "landscape_2"):
            project.add_image(sample.images / f"{stem}.tif")
    label(folder, "p.landseg", "landscape_2")
    shutil.copy(sample.images / "landscape_1.tif", folder / "copy.tif")
    shutil.copy(sample.images / "landscape_2.tif", folder / "moved.tif")
    with Project.create(folder / MOVED, schema) as project:
        project.add_image(folder / "moved.tif")
    label(folder, MOVED, "moved")
    with rasterio.open(folder / "moved.tif", "r+") as dataset:
        dataset.transform *= Affine.translation(64, 32)


def label(folder: Path, project: str, image: str) -> None:
    """Label an image of a project with the mask of the sample's second."""
    command = [*landseg(), "project", "import", project, "sample/masks/landscape_2.tif", "--image", image]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def landseg() -> list[str]:
    return [sys.executable, "-m", "landseg_core.cli"]


@dataclass
class Kill:
    """A command, its signal, and what came of it."""

    seed: int
    number: int
    command: str
    signal: str
    instant: float
    """Seconds from when it took its signals to the kill."""
    had_ended: bool = False
    """It had ended in order before."""
    seconds: float = 0.0
    """How long its end took, after SIGTERM and Ctrl+C."""
    by_system: bool = False
    """Its exit code came from the system: a library kept Python's lock."""
    swept: int = 0
    """What SIGKILL left and the next command removed."""
    problems: list[str] = field(default_factory=list)


def report(kills: list[Kill]) -> str:
    """Return the table for people."""
    killed = [kill for kill in kills if not kill.had_ended]
    by_signal = ", ".join(f"{sum(kill.signal == name for kill in killed)} {name}" for name in SIGNALS)
    seeds = ", ".join(map(str, sorted({kill.seed for kill in kills})))
    told = f"""
`python scripts/kill_commands.py --count ... --seed ... --append FILE`, seeds {seeds}: {len(killed)} kills
({by_signal}); {len(kills) - len(killed)} commands had ended before theirs.
Exit codes that the system gave, because a library kept Python's lock: {sum(kill.by_system for kill in kills)}.
Unfinished files and scratch folders that SIGKILL left, all removed by the next to write there:
{sum(kill.swept for kill in kills)}.
Longer than {SECONDS:g} s, other exit codes, tracebacks, results in part, projects or runs that do not open, processes
or unfinished files left: {sum(len(kill.problems) for kill in kills)}."""
    rows = ["| command | SIGTERM | Ctrl+C | SIGKILL | slowest end |", "|---|---:|---:|---:|---:|"]
    for name in COMMANDS:
        own = [kill for kill in killed if kill.command == name]
        counts = " | ".join(str(sum(kill.signal == kind for kill in own)) for kind in SIGNALS)
        rows.append(f"| {name} | {counts} | {max((kill.seconds for kill in own), default=0):.2f} s |")
    problems = [
        f"- {kill.command}, {kill.signal} after {kill.instant:.2f} s: {told}"
        for kill in kills
        for told in kill.problems
    ]
    return "\n\n".join([told.strip(), "\n".join(rows), *(["\n".join(problems)] if problems else [])])


class Killer:
    """Ends one command after the other, each in its own copy of the stage; `told` takes what came of each."""

    def __init__(self, stage: Path, folder: Path, seed: int, told: Callable[[Kill], None]) -> None:
        self._stage, self._folder, self._seed, self._told = stage, folder, seed, told
        self._dice = random.Random(seed)

    def run(self, count: int) -> None:
        """End so many commands: each in turn, in an order of its own."""
        names: list[str] = []
        for number in range(count):
            if not names:
                names, late = self._dice.sample(list(COMMANDS), len(COMMANDS)), self._lateness()
            name, kind = names.pop(), self._dice.choice(["SIGTERM", "Ctrl+C"] * 2 + ["SIGKILL"])
            instant = (COMMANDS[name].longest + late) * self._dice.random() ** 1.5
            kill = Kill(self._seed, number, name, kind, round(instant, 3))
            place = self._folder / str(number)
            shutil.copytree(self._stage, place)
            kill.problems += self._end(kill, place)
            self._told(kill)
            shutil.rmtree(place, ignore_errors=True)

    def _lateness(self) -> float:
        """Return how many seconds later than on an idle computer a command has done its work now."""
        begin, info = time.monotonic(), COMMANDS["info"]
        subprocess.run([*landseg(), *info.arguments.split()], cwd=self._stage, check=True, capture_output=True)
        return max(0.0, time.monotonic() - begin - info.longest)

    def _end(self, kill: Kill, place: Path) -> Iterator[str]:
        """Start a command, end it, and yield what is not as it should be."""
        (place / "tmp").mkdir()
        own = {f"XDG_{name}_HOME": str(place / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        process = subprocess.Popen(
            [*landseg(), *COMMANDS[kill.command].arguments.split()],
            cwd=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | own | {"TMPDIR": str(place / "tmp")},
            start_new_session=True,
        )
        wait_for_handlers(process)
        try:
            process.wait(kill.instant)
        except subprocess.TimeoutExpired:
            yield from killed(process, kill)
            yield from left(kill, place)
        else:
            kill.had_ended = True
            if process.communicate()[1].count("Traceback") or process.returncode:
                yield f"ended by itself with exit code {process.returncode}"
        yield from broken(place)


def killed(process: subprocess.Popen[str], kill: Kill) -> Iterator[str]:
    """Kill a process, and yield what is not as it should be of its end."""
    family = relatives(process)
    begin = time.monotonic()
    if kill.signal == "SIGKILL":
        os.killpg(process.pid, signal.SIGKILL)  # the guardian as well
    else:
        process.send_signal(SIGNALS[kill.signal])
    try:
        said = process.communicate(timeout=30)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        yield "it goes on"
        return
    seconds = time.monotonic() - begin
    yield from judged(process.returncode, said, seconds, kill)
    _, alive = psutil.wait_procs(family, timeout=5 if kill.signal == "SIGKILL" else 0.5)
    yield from (f"a process is left: {one}" for one in alive if is_at_work(one))


def judged(code: int, said: str, seconds: float, kill: Kill) -> Iterator[str]:
    """Yield what is not as it should be of how soon a command ended, and with what code and words."""
    if "Traceback" in said:
        yield f"a traceback: {said[-300:]}"
    if kill.signal == "SIGKILL":
        return
    if seconds > SECONDS:
        yield f"it took {seconds:.2f} s"
    kill.seconds = round(seconds, 3)
    if code == 0:  # it had done all it had to do
        return
    kill.by_system = code < 0
    if code not in CODES[kill.signal]:
        yield f"exit code {code}: {said[-300:]}"
    elif said.count("landseg: stopped") != 1:
        yield f"it says {said[-300:]!r}"


def left(kill: Kill, place: Path) -> Iterator[str]:
    """Yield what is left unfinished, at once or after another command has written there."""
    unfinished_files = unfinished(place)
    if unfinished_files and kill.signal != "SIGKILL":
        yield f"left {', '.join(map(str, unfinished_files))}"
    for folder in dict.fromkeys(path.parent for path in unfinished_files):
        write_atomically(folder / "next", b"")
        (folder / "next").unlink()
    with scratch_folder(place / "tmp"):
        pass
    if stays := unfinished(place):
        yield f"not removed by the next command: {', '.join(map(str, stays))}"
    kill.swept = len(unfinished_files) if kill.signal == "SIGKILL" else 0


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
    problems = check_project(path)
    assert problems == [] or (path.name == MOVED and "moved.tif" in " ".join(map(str, problems))), problems


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
    parser = batch_parser(__doc__)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    if options.report is not None:
        kills = [Kill(**record) for record in records_in(options.append)]
        write_section(options.report, "kill-commands", "## Commands that are killed", report(kills))
    elif kill_all(options.count, options.seed, options.append):
        sys.exit(1)


def kill_all(count: int, seed: int, out: Path | None) -> int:
    """Kill so many commands and return in how many something was not as it should be."""
    kills: list[Kill] = []

    def told(kill: Kill) -> None:
        kills.append(kill)
        print(kill, flush=True)
        add_record(out, asdict(kill))

    with tempfile.TemporaryDirectory() as name:
        stage = Path(name) / "stage"
        stage.mkdir()
        make_stage(stage)
        Killer(stage, Path(name), seed, told).run(count)
    return sum(bool(kill.problems) for kill in kills)


if __name__ == "__main__":
    main()
