"""`landseg export onnx`: what it writes and says, and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of

onnx = pytest.importorskip("onnx", reason="the export needs the package onnx")

Export = Callable[..., tuple[str, str]]


@pytest.fixture
def model(schema: ClassSchema, tmp_path: Path) -> Path:
    """Return a run's folder with a model."""
    network = build_model("unet16", 3, len(schema))
    normalisation = Normalisation((100.0,) * 3, (40.0,) * 3)
    header = BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, None, {})
    bundle = ModelBundle(header, weights_of(network))
    (tmp_path / "run").mkdir()
    bundle.save(tmp_path / "run" / "model.safetensors")
    return tmp_path / "run"


@pytest.fixture
def export(landseg: Export) -> Export:
    """Return `export(*arguments, expect=0)`, which runs the command and returns what it printed and its errors."""
    return partial(landseg, "export", "onnx")


def sides(path: Path) -> list[object]:
    dims = onnx.load(path).graph.input[0].type.tensor_type.shape.dim
    return [dim.dim_value or dim.dim_param for dim in dims]


def test_it_prints_the_file_and_what_to_know(export: Export, model: Path, tmp_path: Path) -> None:
    printed, told = export(model, "--out", tmp_path / "model.onnx", "--tile", 64)
    assert printed == f"{tmp_path / 'model.onnx'}\n"
    assert told.startswith("note: the ground resolution of the model is not recorded")
    assert sides(tmp_path / "model.onnx") == [1, 3, 64, 64]


def test_dynamic_takes_any_size(export: Export, model: Path, tmp_path: Path) -> None:
    _printed, told = export(model, "--out", tmp_path / "model.onnx", "--dynamic")
    assert told == ""
    assert sides(tmp_path / "model.onnx") == [1, 3, "height", "width"]


def test_the_tile_of_deepness_is_the_default(export: Export, model: Path, tmp_path: Path) -> None:
    export(model, "--out", tmp_path / "model.onnx")
    assert sides(tmp_path / "model.onnx") == [1, 3, 512, 512]


@pytest.mark.parametrize(
    ("options", "words"), [(("--tile", 100), "a multiple of 16"), (("--tile", 64), "exists already")]
)
def test_one_sentence_and_1(
    options: tuple[object, ...], words: str, export: Export, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model.onnx"
    if "exists" in words:
        out.write_text("precious")
    _printed, told = export(model, "--out", out, *options, expect=1)
    assert told.count("\n") == 1
    assert words in told
    assert not out.exists() or out.read_text() == "precious"


def test_overwriting_must_be_asked_for(export: Export, model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_text("old")
    export(model, "--out", tmp_path / "model.onnx", "--tile", 32, "--overwrite")
    assert sides(tmp_path / "model.onnx") == [1, 3, 32, 32]


@pytest.mark.parametrize("options", [("--tile", 0), ("--tile", "wide"), ()])
def test_wrong_usage_is_2(options: tuple[object, ...], export: Export, model: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "model.onnx") if options else ()
    export(model, *out, *options, expect=2)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
