"""Several rasters in one command: what fails for one is said, and the others are done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landseg_core.cli.main import run
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.raster.source import RasterSource
from landseg_core.runs.folder import RunFolder

Landseg = Callable[..., tuple[int, str, str]]
LONG = "n" * 247  # with `.tif` as long as a name may be, which `_mask.tif` is then too long for


@pytest.fixture
def landseg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Landseg:
    """Return what runs a command here and returns exit code, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        try:
            code = run()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def place(schema: ClassSchema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a model, rasters, masks for two of them, and a class file."""
    monkeypatch.chdir(tmp_path)
    network = build_model("unet16", 3, len(schema))
    normalisation = Normalisation((100.0,) * 3, (40.0,) * 3)
    for name in ("run", "images", "masks"):
        (tmp_path / name).mkdir()
    header = BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, None, {})
    bundle = ModelBundle(header, weights_of(network))
    bundle.save(tmp_path / "run" / "model.safetensors")
    look = {"driver": "GTiff", "width": 64, "height": 64, "dtype": "uint8", "crs": "EPSG:32633"}
    values = np.tile(np.array(schema.values, np.uint8), (64, 64))[:64, :64]
    for file in ("a.tif", "c.tif", f"{LONG}.tif", "images/a.tif", "images/b.tif", "masks/a.tif", "masks/b.tif"):
        pixels = values[None] if file.startswith("masks") else np.full((3, 64, 64), 90, np.uint8)
        place = (0.5, 0, 4e5, 0, -0.5, 5e6)
        with rasterio.open(tmp_path / file, "w", count=len(pixels), transform=place, **look) as dataset:
            dataset.write(pixels)
    (tmp_path / "damaged.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:300])
    (tmp_path / "classes.json").write_text(schema.to_json())
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    return tmp_path


def test_a_name_too_long_for_its_map_does_not_stop_the_others(landseg: Landseg, place: Path) -> None:
    code, printed, told = landseg("predict", "run", "a.tif", f"{LONG}.tif", "c.tif", "--out", "maps", "--device", "cpu")
    assert code == 1, told
    assert printed.split() == ["maps/a_mask.tif", "maps/c_mask.tif"]
    assert sorted(path.name for path in (place / "maps").glob("*.tif")) == ["a_mask.tif", "c_mask.tif"]
    (sentence,) = [line for line in told.splitlines() if line.startswith("landseg: ")]
    assert f"{LONG}_mask.tif cannot be written: File name too long; choose a shorter name" in sentence


def test_neither_does_one_that_is_damaged_or_missing(landseg: Landseg, place: Path) -> None:
    code, printed, told = landseg(
        "predict", "run", "no.tif", "damaged.tif", "c.tif", "--out", "maps", "--format", "png"
    )
    assert (code, printed.split()) == (1, ["maps/c_mask.png"])
    assert len([line for line in told.splitlines() if line.startswith("landseg: ")]) == 2


def test_where_all_fail_there_is_no_folder(landseg: Landseg, place: Path) -> None:
    code, printed, told = landseg("predict", "run", "no.tif", f"{LONG}.tif", "--out", "maps")
    assert (code, printed) == (1, "")
    assert len(told.splitlines()) == 2
    assert not (place / "maps").exists()


def test_what_fails_during_the_work_does_not_stop_the_others(
    landseg: Landseg, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landseg_core.errors import RasterError
    from landseg_core.inference import predictor

    predict_raster = predictor.predict_raster

    def fails_once(bundle: object, source: RasterSource, *how: object) -> None:
        if source.path.stem == "a":
            raise RasterError("a.tif cannot be read any more")
        predict_raster(bundle, source, *how)

    monkeypatch.setattr(predictor, "predict_raster", fails_once)
    code, printed, told = landseg("predict", "run", "a.tif", "c.tif", "--out", "maps")
    assert (code, printed.split()) == (1, ["maps/c_mask.tif"])
    assert "landseg: a.tif cannot be read any more" in told.splitlines()


def test_images_that_can_be_added_are(landseg: Landseg, place: Path) -> None:
    assert landseg("project", "new", "p.landseg", "--classes", "classes.json")[0] == 0
    code, printed, told = landseg("project", "add-image", "p.landseg", "a.tif", "damaged.tif", "no.tif", "c.tif")
    assert (code, printed.splitlines()) == (1, ["a: 64 x 64 px", "c: 64 x 64 px"])
    assert [line[:9] for line in told.splitlines()] == ["landseg: "] * 2
    assert "2 x" not in landseg("project", "check", "p.landseg")[2]


def test_the_advice_on_a_run_that_ended_before_its_first_checkpoint_works(landseg: Landseg, place: Path) -> None:
    folder = RunFolder(place / "killed")
    folder.start()
    folder.write_config({"model": "unet16"})
    folder.metrics.write_text('{"event": "run_started"')
    data = ("--images", "images", "--masks", "masks", "--classes", "classes.json", "--train-list", "a.txt")
    length = ("--val-list", "b.txt", "--model", "unet16", "--epochs", 1, "--chip", 32, "--batch", 1, "--device", "cpu")
    command = ("train", "--out", "killed", *data, *length)
    for option in ((), ("--resume",)):
        code, _, told = landseg(*command, *option)
        assert code == 1
        assert "before its first checkpoint" in told
        assert "--overwrite instead of --resume" in told
    code, printed, told = landseg(*command, "--overwrite")
    assert code == 0, told
    assert "model.safetensors" in printed
    assert landseg(*command, "--resume")[0] == 0
