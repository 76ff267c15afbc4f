"""What people do to train on strokes, by the same commands: a project, its labels, a run, and maps of all images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.assistant.code import Code
from benchmarks.assistant.scenes import CLASSES, Scene, read_values
from benchmarks.scribbles import UNLABELLED, Mask


@dataclass(frozen=True)
class Reported:
    """The mIoU that a run reports of itself, and its 95 % interval."""

    miou: float
    interval: tuple[float, float]

    @classmethod
    def by(cls, run: Path) -> Reported:
        told = json.loads((run / "evaluation.json").read_text())
        return cls(told["miou"], tuple(told["miou_interval"] or (0.0, 1.0)))

    def beside(self, truth: float) -> dict[str, float]:
        """Return the figures beside the true mIoU."""
        low, high = self.interval
        return {
            "reported": self.miou,
            "reported_low": low,
            "reported_high": high,
            "reported_difference": abs(self.miou - truth),
            "reported_holds": float(low <= truth <= high),
            "reported_width": high - low,
        }


def new_project(code: Code, scene: Scene, folder: Path) -> Path:
    """Return a new project in `folder` with the images of a scene."""
    project = folder / f"{scene.name}-{code.name}.landseg"
    code.run("project", "new", project, "--classes", CLASSES)
    code.run("project", "add-image", project, *scene.images)
    return project


def add_labels(code: Code, project: Path, scene: Scene, labels: Sequence[Mask]) -> None:
    """Import the labelled pixels of each image, (H, W) class values."""
    for stem, labelled in zip(scene.stems, labels, strict=True):
        if (labelled != UNLABELLED).any():
            mask = project.parent / f"{stem}.png"
            cv2.imwrite(str(mask), labelled)
            # Said, since a mask of 0 and 255 alone could as well be one of 255 = the class.
            code.run("project", "import", project, mask, "--image", stem, "--map", "255=")


def train(code: Code, project: Path, run: Path, minutes: float, seed: int, *options: str | Path) -> float:
    """Train on a project's labels; return the seconds of the process."""
    length = ("--minutes", f"{minutes:g}", "--seed", str(seed))
    return code.run("train", "--project", project, *length, *options, "--out", run)


def predict(code: Code, run: Path, scene: Scene, out: Path, *options: str | Path) -> tuple[list[Mask], float]:
    """Return the map of each image of a scene, (H, W) class values, and the seconds of the process."""
    seconds = code.run("predict", run, *scene.images, "--backend", "torch", *options, "--out", out)
    return read_maps(out, scene), seconds


def read_maps(folder: Path, scene: Scene) -> list[Mask]:
    """Return the maps of a scene's images as `landseg predict` named them."""
    return [read_values(folder / f"{stem}_mask.tif") for stem in scene.stems]
