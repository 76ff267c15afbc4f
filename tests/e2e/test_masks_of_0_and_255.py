"""A mask of 0 and 255 at the command line: refused until `--map` says what 255 is, and then kept with the run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command_line import run_landseg

from landseg_core.raster.files.gdal import open_dataset

CLASSES = [
    {"value": 0, "name": "ground", "colour": "#888888"},
    {"value": 1, "name": "building", "colour": "#d55e00"},
]
QUICK = ("--epochs", 1, "--no-pretrained", "--model", "unet16", "--chip", 64, "--batch", 2)


@pytest.fixture
def buildings(tmp_path: Path) -> Path:
    """Return a folder with an image and its mask, in `images/` and `masks/`, and a class file."""
    mask = np.zeros((320, 320), np.uint8)
    mask[32::64, 16:200] = mask[33::64, 16:200] = mask[200:280, 40:90] = 255
    image = np.stack([np.where(mask, 190, band) for band in (90, 120, 70)]).astype(np.uint8)
    for name, driver, bands in (("images/a.tif", "GTiff", image), ("masks/a.png", "PNG", mask[None])):
        (tmp_path / name).parent.mkdir()
        size = {"count": len(bands), "width": 320, "height": 320, "dtype": "uint8"}
        with open_dataset(tmp_path / name, mode="w", driver=driver, **size) as dataset:
            dataset.write(bands)
    (tmp_path / "classes.json").write_text(json.dumps({"classes": CLASSES}))
    return tmp_path


def test_255_is_a_class_where_that_is_said(buildings: Path) -> None:
    data = ("--images", buildings / "images", "--masks", buildings / "masks")
    fresh = ("train", *data, "--classes", buildings / "classes.json", "--out", buildings / "run", *QUICK)
    refused = run_landseg(*fresh, expect=1).stderr
    assert refused.count("\n") == 1
    assert "the only values are 0 and 255" in refused
    assert "--map 255=CLASS, or --map 255=" in refused
    assert "called roof; the classes are" in run_landseg(*fresh, "--map", "255=roof", expect=1).stderr
    assert not (buildings / "run").exists()
    run_landseg(*fresh, "--map", "255=building")
    assert json.loads((buildings / "run" / "config.json").read_text())["mask_values"] == ["255=building"]
    assert "255=building" in (buildings / "run" / "report.html").read_text()
    assert "--map 255=CLASS" in run_landseg("evaluate", buildings / "run", *data, expect=1).stderr
    figures = buildings / "figures.json"
    run_landseg("evaluate", buildings / "run", *data, "--map", "255=building", "--json", figures)
    assert np.array(json.loads(figures.read_text())["confusion"])[1].sum() > 0


def test_the_labels_of_a_project_take_no_mapping(buildings: Path) -> None:
    done = run_landseg("train", "--project", buildings / "p.landseg", "--out", "r", "--map", "255=building", expect=2)
    assert "the labels of a project have classes already" in " ".join(done.stderr.split())
