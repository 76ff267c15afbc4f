"""Models of other scenes, which training on a scene's strokes begins from; trained once and saved in `.bench`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.assistant.code import ROOT, before
from benchmarks.assistant.line import Case
from benchmarks.assistant.project_runs import predict, read_maps
from benchmarks.assistant.scenes import CLASSES
from benchmarks.scribbles import Mask

FOLDER = ROOT / ".bench" / "parents"
MINUTES = 10


@dataclass(frozen=True)
class Parent:
    """A run on other scenes, and its maps of the scene that it never saw."""

    run: Path
    maps: list[Mask]


def parent(case: Case) -> Parent:
    """Return the parent of a case's scene; it comes from the code of before, so that no change of ours is in it."""
    minutes = case.length(MINUTES)
    folder = FOLDER / (case.scene.name if minutes == MINUTES else f"{case.scene.name}-{minutes:g}min")
    if not folder.exists():
        _train(case, minutes, folder)
    return Parent(folder / "run", read_maps(folder / "maps", case.scene))


def _train(case: Case, minutes: float, folder: Path) -> None:
    """Train and predict beside `folder`, which gets its name when all is done."""
    print(f"training a parent for {case.scene.name}: {minutes:g} minutes", file=sys.stderr, flush=True)
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    before().run("train", *_training_data(case, unfinished), "--minutes", f"{minutes:g}", "--out", unfinished / "run")
    predict(before(), unfinished / "run", case.scene, unfinished / "maps")
    unfinished.rename(folder)


def _training_data(case: Case, folder: Path) -> list[str | Path]:
    data = case.data.folder
    options: list[str | Path] = ["--images", data / "images", "--masks", data / "masks", "--classes", CLASSES]
    for part, stems in zip(("train", "val"), case.data.others(case.scene.name), strict=True):
        if not stems:
            raise SystemExit(
                f"{data}: no images of other scenes in {part}.txt, to train the parent of {case.scene.name}"
            )
        listed = folder / f"{part}.txt"
        listed.write_text("".join(f"{stem}\n" for stem in stems))
        options += [f"--{part}-list", listed]
    return options
