"""`landseg info`: what a raster or a model is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rasterio.enums import ColorInterp as Colour
from support.rasters import write_raster

from landseg_core.cli.info import info
from landseg_core.errors import ModelError, RasterError
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation

FOUR_AND_ALPHA = (Colour.red, Colour.green, Colour.blue, Colour.nir, Colour.alpha)


@pytest.fixture
def model(tmp_path: Path, schema: ClassSchema) -> Path:
    normalisation = Normalisation((0.0,) * 2, (1.0,) * 2)
    told = {"miou": 0.5, "accuracy": None, "settings": {"model": "unet16"}}
    names = ("Near infrared", "Red")
    header = BundleHeader("unet16", schema, (4, 1), "uint16", normalisation, 0.25, told, band_names=names)
    bundle = ModelBundle(header, {})
    (tmp_path / "run").mkdir()
    bundle.save(tmp_path / "run" / "model.safetensors")
    return tmp_path / "run" / "model.safetensors"


def test_a_model_tells_what_it_needs(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info(model, as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts.pop("training")["settings"] == {"model": "unet16"}
    assert facts == {
        "path": str(model),
        "architecture": "unet16",
        "classes": {"1": "land", "4": "water", "0": "road"},
        "bands": [4, 1],
        "band_names": ["Near infrared", "Red"],
        "alpha": "auto",
        "dtype": "uint16",
        "ground_resolution_m": 0.25,
        "miou": 0.5,
        "accuracy": None,
        "iou": None,
    }


def test_a_run_folder_stands_for_its_model(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info(model.parent)
    told = capsys.readouterr().out
    assert "Near infrared" in told
    assert "settings" not in told


def test_a_raster_is_told_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info(write_raster(tmp_path / "a.tif", np.zeros((2, 3, 4), np.uint8)), as_json=True)
    assert json.loads(capsys.readouterr().out)["bands"] == 2


@pytest.mark.parametrize(("choice", "alpha"), [(None, 5), ("auto", 5), ("none", None), ("2", 2)])
def test_the_alpha_band_is_told_as_chosen(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    choice: str | None,
    alpha: int | None,
) -> None:
    path = write_raster(tmp_path / "a.tif", np.zeros((5, 3, 4), np.uint8), colours=FOUR_AND_ALPHA)
    info(path, as_json=True, alpha=choice)
    assert json.loads(capsys.readouterr().out)["alpha"] == alpha


def test_an_alpha_that_may_be_near_infrared_is_told_beside_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(20, 200, (5, 60, 80)).astype(np.uint8)
    info(write_raster(tmp_path / "a.tif", pixels, colours=FOUR_AND_ALPHA), as_json=True)
    out, told = capsys.readouterr()
    assert json.loads(out)["alpha"] == 5
    assert told.count("may be near infrared") == 1


def test_what_is_neither(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match=r"none\.tif does not exist"):
        info(tmp_path / "none.tif")
    with pytest.raises(ModelError, match=r"none\.safetensors does not exist"):
        info(tmp_path / "none.safetensors")
