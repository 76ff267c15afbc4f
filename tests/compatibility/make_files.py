"""Makes the files in `files/`: a project, a run on it, its model, and the maps of that model.

landseg 0.1.0 wrote them, before its modules were moved, and `expected/` holds what it made of them. They are never made
again: this script tells how they came about, and may stop working as the code moves on.

    python tests/compatibility/make_files.py FOLDER
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import rasterio

from landseg_core.cli import jobs
from landseg_core.cli.jobs import EventPrinter
from landseg_core.cli.main import run
from landseg_core.events import Event, JobControl, StepFinished
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.unet import UNet
from landseg_core.project.project import Project
from landseg_core.sample import write_sample

CATALOG["tiny"] = Architecture("for tests", lambda bands, classes: UNet(bands, classes, base=4, depth=2))
PROJECT, RUN, SAMPLE, MAPS = Path("land.landseg"), Path("runs/first"), Path("sample"), Path("maps")
STOPPED = 130
PICTURE = SAMPLE / "images" / "landscape_3.tif"


def landseg(*arguments: object) -> str:
    """Run a command of landseg in this process, where the tiny network is known, and return what it prints."""
    sys.argv = ["landseg", *map(str, arguments)]
    with redirect_stdout(io.StringIO()) as printed:
        code = run()
    if code not in (0, STOPPED):
        sys.exit(code)
    return printed.getvalue()


@contextmanager
def stopped_at(step: int) -> Iterator[None]:
    """Stop the training after a step, as Ctrl+C does."""
    control, show = JobControl(), vars(EventPrinter)["show"]

    def show_and_stop(printer: EventPrinter, event: Event) -> None:
        show.__get__(printer)(event)
        if isinstance(event, StepFinished) and event.step == step:
            control.stop()

    with patch.object(EventPrinter, "show", show_and_stop), patch.object(jobs, "JobControl", lambda: control):
        yield


@contextmanager
def editing() -> Iterator[Project]:
    """Open the project for what only the window can do."""
    with Project.open(PROJECT) as project:
        yield project
        project.flush()


def make_project() -> None:
    """Label two images by their masks and one stroke; a working area; two steps more, undone after the training."""
    write_sample(SAMPLE, size=(192, 144), seed=3)
    landseg("project", "new", PROJECT, "--classes", SAMPLE / "classes.json")
    landseg("project", "add-image", PROJECT, *sorted((SAMPLE / "images").iterdir()))
    for name in ("landscape_1", "landscape_2"):
        landseg("project", "import", PROJECT, "--image", name, SAMPLE / "masks" / f"{name}.tif")
    with editing() as project:
        paint(project, 2, (8, 8, 60, 40), value=1)
        project.set_areas(1, [[(10.0, 10.0), (180.0, 12.0), (90.5, 130.0)]], "Working area")


def paint(project: Project, image: int, box: tuple[int, int, int, int], value: int) -> None:
    """Paint a rectangle as one gesture."""
    edit = project.labels(image).begin()
    edit.paint(RectangleRegion(box[:2], box[2:]), value)
    finished = edit.finish()
    assert finished is not None
    project.record(image, finished, "Rectangle")


def train_and_predict() -> None:
    """Train on the project's labels, and predict the image without labels; the project has a record of both."""
    how = ("--model", "tiny", "--epochs", 12, "--batch", 4, "--chip", 32, "--buffer", 16, "--seed", 1)
    exactly = ("--device", "cpu", "--set", "precision=fp32", "--set", "learning_rate=0.01")
    with stopped_at(step=104):  # of 108, amid an epoch: it can be resumed
        landseg("train", "--project", PROJECT, "--out", RUN, *how, *exactly)
    exactly = ("--device", "cpu", "--backend", "torch", "--precision", "fp32")
    landseg("predict", RUN, PICTURE, "--out", MAPS, "--confidence", *exactly)
    with editing() as project:
        files = MAPS / "landscape_3_mask.tif", MAPS / "landscape_3_confidence.tif", RUN / "model.safetensors"
        project.add_prediction(3, *(path.absolute() for path in files))


def revise() -> dict[str, str]:
    """Label the third image and paint over it, and take both back: they can be redone. Return the labels at each."""
    landseg("project", "import", PROJECT, "--image", "landscape_3", SAMPLE / "masks" / "landscape_3.tif")
    with editing() as project:
        paint(project, 3, (100, 50, 150, 90), value=1)
    labels = {"redone": label_hash("landscape_3")}
    with editing() as project:
        project.undo()
        project.undo()
    return labels | {name: label_hash(name) for name in ("landscape_1", "landscape_2")}


def label_hash(image: str) -> str:
    """Return the SHA-256 of the class values of an image's labels, row by row."""
    with TemporaryDirectory() as folder:
        out = Path(folder, "labels.tif")
        landseg("project", "export", PROJECT, "--image", image, "--format", "tif", "--out", out)
        with rasterio.open(out) as file:
            return hashlib.sha256(file.read(1).tobytes()).hexdigest()


def write_expected(labels: dict[str, str]) -> None:
    """Write what landseg makes of the files."""
    Path("expected").mkdir()
    images, masks = SAMPLE / "images", SAMPLE / "masks"
    figures = Path("expected/evaluation.json")
    landseg("evaluate", RUN, "--images", images, "--masks", masks, "--json", figures, "--device", "cpu")
    told = {
        "model.json": json.loads(landseg("info", RUN, "--json")),
        "runs.json": json.loads(landseg("runs", "runs", "--json")),
        "project.json": json.loads(landseg("project", "info", PROJECT, "--json")),
        "labels.json": labels,
    }
    for name, record in told.items():
        text = json.dumps(record, indent=2).replace(f"{Path.cwd()}/", "")
        Path("expected", name).write_text(f"{text}\n", encoding="utf-8")


def main() -> None:
    """Make the files in the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir()
    os.chdir(folder)
    make_project()
    train_and_predict()
    write_expected(revise())


if __name__ == "__main__":
    main()
