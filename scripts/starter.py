"""Trains the starter model on `landcover_dubai`: `make starter`; see docs/models.md.

python scripts/starter.py DATA [--work FOLDER] [--out FILE]

It does not see two of the seven scenes, and is measured on each of them: that is what it is worth elsewhere. A run that
is in the working folder already is resumed, or used if it is finished.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from landseg_core.data.sources.folders import Folders
from landseg_core.events import EpochFinished, Event
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.starter import STARTER_NETWORK
from landseg_core.runs.folder import RunFolder
from landseg_core.tasks.evaluate import EvaluateTask, run_evaluate
from landseg_core.tasks.train import TrainTask, run_train

SETTINGS = {"model": STARTER_NETWORK, "epochs": 12, "scale_low": 0.5, "scale_high": 2.0, "seed": 0}
CLASSES = "landcover-dubai"
LEFT_OUT = ("tile1", "tile5")
"""The scenes that are not trained on; the file name of an image begins with its scene."""
ORIGIN = {
    "command": "make starter",
    "data": "Humans in the Loop, MBRSC: Semantic segmentation of aerial imagery (Dubai)",
    "licence": "data CC0; the encoder began with EfficientNet-Lite0 trained on ImageNet (Apache-2.0, see NOTICE)",
}
_KEPT = ("trained_on", "trained_on_untold", "trained_px", "settings")


def scene_of(stem: str) -> str:
    """Return the scene of an image."""
    return stem.split("_")[0]


def trained(images: Path, masks: Path, run: Path) -> Path:
    """Train in the folder `run`, as far as that is not done, and return it."""
    folder, source = RunFolder(run), Folders(images=images, masks=masks)
    if not folder.report.exists():
        resume = folder.checkpoint.exists()
        settings = {} if resume else SETTINGS
        run_train(
            TrainTask(out=run, source=source, classes=CLASSES, settings=settings, resume=resume, large=True), _say
        )
    return run


def _say(event: Event) -> None:
    if isinstance(event, EpochFinished):
        print(f"epoch {event.epoch}: mIoU {event.miou:.3f}, {event.seconds:.0f} s", flush=True)


def links(images: list[Path], folder: Path) -> Path:
    """Return a folder with links to `images`."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        link = folder / image.name
        if not link.exists():
            link.symlink_to(image.resolve())
    return folder


def measured(model: Path, images: Path, masks: Path) -> dict[str, float | None]:
    """Return how a model does on a folder of images that it was not trained on."""
    metrics = run_evaluate(EvaluateTask(model=str(model), images=images, masks=masks, large=True)).metrics
    return {"miou": _rounded(metrics.miou), "accuracy": _rounded(metrics.accuracy)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def training_record(bundle: ModelBundle, left_out: dict[str, Any]) -> dict[str, Any]:
    """Return what the header of the starter model says of its training."""
    recorded = bundle.header.training
    return ORIGIN | {"left_out": left_out} | {name: recorded[name] for name in _KEPT}


def build(data: Path, work: Path, out: Path) -> None:
    """Train the model, measure it on the scenes that it has not seen, and write it."""
    images, masks = sorted((data / "landcover_dubai" / "images").glob("*.jpg")), data / "landcover_dubai" / "masks"
    seen = links([image for image in images if scene_of(image.stem) not in LEFT_OUT], work / "seen")
    run = trained(seen, masks, work / "run")
    left_out = {}
    for scene in LEFT_OUT:
        one = links([image for image in images if scene_of(image.stem) == scene], work / scene)
        left_out[scene] = measured(run, one, masks)
        print(f"{scene}, not seen: {left_out[scene]}", flush=True)
    bundle = ModelBundle.load(run)
    header = dataclasses.replace(bundle.header, training=training_record(bundle, left_out))
    dataclasses.replace(bundle, header=header, reference=None).save(out, half=True)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "resources" / "starter.safetensors")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        build(given.data, given.work or Path(scratch), given.out)


if __name__ == "__main__":
    main()
