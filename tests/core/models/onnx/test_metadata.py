"""What an ONNX file will say, without making one."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.onnx.metadata import OnnxForm, input_scale, notices

CLASSES = (
    LandClass(value=3, name="water", colour="#0000ff"),
    LandClass(value=7, name="Häuser & Höfe", colour="#ff0000"),
)


def header(count: int = 3, **changes: Any) -> BundleHeader:
    plain = BundleHeader(
        architecture="unet16",
        schema=ClassSchema(classes=CLASSES),
        bands=tuple(range(1, count + 1)),
        dtype="uint8",
        normalisation=Normalisation((100.0,) * count, (50.0,) * count),
        ground_resolution_m=0.25,
        training={},
    )
    return dataclasses.replace(plain, **changes)


def read(form: OnnxForm) -> dict[str, Any]:
    return {key: json.loads(text) for key, text in form.metadata().items()}


def test_what_deepness_reads() -> None:
    values = read(OnnxForm(header(), 512, 16))
    assert {key: value for key, value in values.items() if not key.startswith("landseg_")} == {
        "model_type": "Segmentor",
        "class_names": {"0": "water", "1": "Häuser & Höfe"},
        "resolution": 25.0,
        "tile_size": 512,
        "tiles_size": 512,
        "tiles_overlap": 25,
        "seg_thresh": 0.0,
        "seg_small_segment": 0,
    }


def test_what_other_programs_read() -> None:
    values = read(OnnxForm(header(4, dtype="uint16"), None, 16))
    assert values.pop("landseg_version")
    assert values == {
        "landseg_architecture": "unet16",
        "landseg_classes": [
            {"value": 3, "name": "water", "colour": "#0000ff"},
            {"value": 7, "name": "Häuser & Höfe", "colour": "#ff0000"},
        ],
        "landseg_bands": [1, 2, 3, 4],
        "landseg_dtype": "uint16",
        "landseg_input": "pixel",
        "landseg_ground_resolution_m": 0.25,
        "landseg_multiple": 16,
    }


@pytest.mark.parametrize(
    ("dtype", "scale", "units"), [("uint8", 255, "pixel / 255"), ("int8", 1, "pixel"), ("float32", 1, "pixel")]
)
def test_the_units_of_the_input(dtype: str, scale: float, units: str) -> None:
    assert input_scale(header(dtype=dtype)) == scale
    assert read(OnnxForm(header(dtype=dtype), 64, 16))["landseg_input"] == units


@pytest.mark.parametrize(
    ("changes", "tile"),
    [
        ({"dtype": "uint16"}, 512),
        ({"dtype": "float32"}, 512),
        ({}, None),
        ({"schema": ClassSchema(classes=CLASSES[:1])}, 512),
    ],
)
def test_what_deepness_cannot_use_says_nothing_to_it(changes: dict[str, Any], tile: int | None) -> None:
    assert all(key.startswith("landseg_") for key in OnnxForm(header(**changes), tile, 16).metadata())


@pytest.mark.parametrize(("tile", "percent"), [(16, 40), (256, 40), (320, 40), (512, 25), (1024, 13), (2048, 7)])
def test_tiles_overlap_by_128_px_but_never_by_most_of_a_tile(tile: int, percent: int) -> None:
    assert read(OnnxForm(header(), tile, 16))["tiles_overlap"] == percent


@pytest.mark.parametrize("bands", [1, 2, 4, 8])
def test_the_standardisation_of_other_than_three_bands_does_nothing(bands: int) -> None:
    values = read(OnnxForm(header(bands), 512, 16))
    assert (values["standardization_mean"], values["standardization_std"]) == ([0.0] * bands, [1.0] * bands)


@pytest.mark.parametrize(
    ("changes", "tile", "words"),
    [
        ({}, 512, []),
        ({}, None, []),
        ({"dtype": "uint16"}, 512, ["takes uint16 pixel values as they are"]),
        ({"dtype": "uint16"}, None, ["takes uint16 pixel values as they are"]),
        ({"schema": ClassSchema(classes=CLASSES[:1])}, 512, ["needs at least two classes"]),
        ({"ground_resolution_m": None}, 512, ["set the resolution to that"]),
        ({"ground_resolution_m": None}, None, []),
        ({"bands": (4, 1, 2)}, 512, ["to the bands 4, 1, 2 of the image, in this order"]),
        ({"bands": (4, 1, 2), "ground_resolution_m": None}, 512, ["set the resolution to that", "bands 4, 1, 2"]),
    ],
)
def test_what_the_user_is_told(changes: dict[str, Any], tile: int | None, words: list[str]) -> None:
    told = list(notices(header(**changes), tile))
    assert len(told) == len(words)
    for notice, word in zip(told, words, strict=True):
        assert word in notice


def test_an_unknown_resolution_is_not_made_up() -> None:
    values = read(OnnxForm(header(ground_resolution_m=None), 512, 16))
    assert "resolution" not in values
    assert values["landseg_ground_resolution_m"] is None
