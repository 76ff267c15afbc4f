"""Compares recipes on scenes that are held out of the training list: `python -m benchmarks.folds --set cutmix=0`.

A choice of the recipe must not see an image that validates the result, so each fold leaves whole scenes of `train.txt`
out and counts on them. The best epoch is chosen by what counts, too: the figures compare recipes, no more. The
length is given in epochs: a machine that is busy with something else then changes no figure.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.targets import Data, add_data_option, trained
from landseg_core.data.lists import read_list

FOLDS = {
    1: ("tile4_", "tile7_image_part_002", "tile8_image_part_001"),
    2: ("tile2_", "tile6_", "tile7_image_part_004", "tile8_image_part_003"),
}
"""How the stems begin that a fold leaves out: whole scenes of `landcover_dubai`, and single images of two more."""
HEADER = "| fold | seed | settings | mIoU | accuracy | IoU of each class |\n|---|---|---|---|---|---|"


def held_out(stems: Sequence[str], fold: int) -> tuple[list[str], list[str]]:
    """Return the stems that a fold trains on, and those that it counts on."""
    counted = [stem for stem in stems if stem.startswith(FOLDS[fold])]
    return [stem for stem in stems if stem not in counted], counted


def fold_data(data: Data, fold: int, place: Path) -> Data:
    """Return the data set with the lists of a fold, which are written to the new folder `place`."""
    train, counted = held_out(read_list(data.lists / "train.txt"), fold)
    place.mkdir(parents=True)
    for name, stems in (("train", train), ("val", counted)):
        (place / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems))
    return replace(data, lists=place)


def line(fold: int, seed: int, settings: Sequence[str], told: Mapping[str, Any]) -> str:
    """Return the line of the table for what `landseg evaluate --json` told."""
    classes = " ".join("-" if iou is None else f"{iou:.2f}" for iou in told["iou"].values())
    named = ", ".join(settings) or "defaults"
    return f"| {fold} | {seed} | {named} | {told['miou']:.3f} | {told['accuracy']:.3f} | {classes} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folds", description=__doc__)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--folds", type=int, nargs="+", choices=FOLDS, default=list(FOLDS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    add_data_option(parser)
    asked = parser.parse_args()
    options = [f"--set={setting}" for setting in asked.settings]
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as passing:
        for fold in asked.folds:
            place = Path(passing) / f"fold-{fold}"
            data = fold_data(Data.in_full(asked.data), fold, place)
            for seed in asked.seeds:
                _, told = trained(data, place, seed, *options, "--epochs", str(asked.epochs))
                print(line(fold, seed, asked.settings, told), flush=True)


if __name__ == "__main__":
    main()
