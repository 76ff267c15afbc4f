"""Make a set of results through the command line, and compare it with that of another checkout.

From the root of a checkout, whose landseg it runs:

    python scripts/same_results.py OUT
    python scripts/same_results.py --compare A B

`--compare` says of each item whether it is the same; the exit code is 1 where one is not. Times, paths, versions,
sentences and the names of settings may differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
from safetensors import safe_open
from safetensors.numpy import load_file

LABELS = ("labels.png", "labels.tif", "labels.gpkg")
PASSING = {"seconds", "seconds_left", "landseg", "settings", "hash", "path", "image", "message"}
"""Keys of what may differ: times, versions, settings, paths, the hash of a file that holds them, and sentences."""


# --- making


def make(out: Path, seed: int) -> None:
    """Make the results in the new folder `out`."""
    out.mkdir(parents=True)
    sample, run, project = out / "sample", out / "run", out / "land.landseg"
    images, masks, classes = sample / "images", sample / "masks", sample / "classes.json"
    landseg("sample", "--out", sample)
    lists = ("--train-list", sample / "train.txt", "--val-list", sample / "val.txt")
    shape = ("--chip", 128, "--seed", seed, "--device", "cpu", "--set", "precision=fp32")
    data = ("--images", images, "--masks", masks, "--classes", classes, *lists)
    landseg("train", *data, "--out", run, "--model", "unet16", "--epochs", 2, *shape)
    landseg("evaluate", run, "--images", images, "--masks", masks, "--json", out / "evaluation.json", "--device", "cpu")
    exactly = ("--device", "cpu", "--backend", "torch", "--precision", "fp32")
    landseg("predict", run, images / "landscape_3.tif", "--out", out / "map", "--confidence", *exactly)
    landseg("project", "new", project, "--classes", classes)
    landseg("project", "add-image", project, *sorted(images.iterdir()))
    for name in ("landscape_1", "landscape_3"):
        landseg("project", "import", project, "--image", name, masks / f"{name}.tif")
    landseg("train", "--project", project, "--from", run, "--out", out / "tuned", "--epochs", 1, *shape)
    for name in LABELS:
        form = ("--format", name.rpartition(".")[2], "--out", out / name)
        landseg("project", "export", project, "--image", "landscape_1", *form)


def landseg(*arguments: object) -> None:
    """Run a command of the checkout in the working folder."""
    command = [sys.executable, "-m", "landseg_core.cli", *map(str, arguments)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"})


# --- comparing


def compare(one: Path, other: Path) -> bool:
    """Print a line about each item, and tell whether all are the same in both folders."""
    found = {
        f"{names[0]} ({read.__name__})": difference(*(read_in(at, read, names) for at in (one, other)))
        for read, *names in ITEMS
    }
    for name, text in found.items():
        print(f"DIFFERS  {name}: {text}" if text else f"same     {name}")
    return not any(found.values())


def read_in(folder: Path, read: Callable[[Path], Any], names: Sequence[str]) -> Any:
    """Return what the file of the first of `names` that is there holds."""
    path = next((folder / name for name in names if (folder / name).exists()), folder / names[0])
    try:
        return read(path)
    except OSError as error:
        return f"{path}: {error}"


def weights(path: Path) -> Any:
    return load_file(path)


def header(path: Path) -> Any:
    with safe_open(path, "np") as file:
        return {key: lasting(parsed(text)) for key, text in file.metadata().items()}


def lines(path: Path) -> Any:
    return [lasting(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def record(path: Path) -> Any:
    return lasting(json.loads(path.read_text(encoding="utf-8")))


def raster(path: Path) -> Any:
    with rasterio.open(path) as file:
        palette = file.colormap(1) if file.colorinterp[0].name == "palette" else None
        tags = {name: lasting(parsed(text)) for name, text in (file.tags() | file.tags(1)).items()}
        place = [str(file.crs), list(file.transform), file.nodata, list(file.descriptions)]
        return {"pixels": file.read(), "palette": palette, "tags": tags, "place": place}


def polygons(path: Path) -> Any:
    meta, _, shapes, fields = pyogrio.raw.read(path)
    return {"fields": list(meta["fields"]), "crs": meta["crs"], "shapes": shapes, "values": fields}


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def lasting(value: Any) -> Any:
    """Return `value` without what may differ; of warnings, which are sentences, there must be as many."""
    if isinstance(value, dict):
        counted = {key: len(item) if key == "warnings" else item for key, item in value.items()}
        return {key: lasting(item) for key, item in counted.items() if key not in PASSING}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def difference(one: Any, other: Any, at: str = "") -> str:
    """Return where two values differ first, and how; "" where they do not."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.dtype != object:
        same = one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
        return "" if same else f"{at} {one.dtype} {one.shape}, {other.dtype} {other.shape}"
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{at} has {list(one)}, {list(other)}"
        return next(filter(None, (difference(one[key], other[key], f"{at}/{key}") for key in one)), "")
    if isinstance(one, list | np.ndarray) and isinstance(other, list | np.ndarray) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return next(filter(None, (difference(a, b, f"{at}/{number}") for number, (a, b) in pairs)), "")
    return "" if type(one) is type(other) and one == other else f"{at} {str(one)[:60]!r}, {str(other)[:60]!r}"


RUN_FILES = (
    (weights, "model.safetensors"),
    (header, "model.safetensors"),
    (lines, "metrics.jsonl"),
    (record, "evaluation.json", "figures.json"),
)
ITEMS = (
    *((read, *(f"{run}/{name}" for name in names)) for run in ("run", "tuned") for read, *names in RUN_FILES),
    (record, "tuned/labels/split.json", "tuned/labels/ground.json"),
    (record, "evaluation.json"),
    *((raster, f"map/landscape_3_{kind}.tif") for kind in ("mask", "confidence")),
    *((raster, name) for name in ("labels.png", "labels.tif")),
    (polygons, "labels.gpkg"),
)
"""What reads an item, the name of its file, and the names that older versions gave it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", action="store_true", help="compare two folders of results")
    parser.add_argument("--seed", type=int, default=0, help="of the runs")
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    options = parser.parse_args()
    if len(options.folders) != 1 + options.compare:
        parser.error("give one folder to make results in, or --compare and two")
    if options.compare:
        sys.exit(0 if compare(*options.folders) else 1)
    make(options.folders[0].absolute(), options.seed)


if __name__ == "__main__":
    main()
