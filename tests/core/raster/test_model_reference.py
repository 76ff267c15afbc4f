from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.errors import RasterError
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.model_reference import MODEL_TAG, ModelReference, read_model_reference

REFERENCE = ModelReference("model.safetensors", "ab12", "run-3")


@pytest.fixture
def write_tagged(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes a map whose tag is a text."""

    def write(text: str) -> Path:
        path = write_raster(tmp_path / "map.tif", np.zeros((1, 4, 4), np.uint8))
        with open_dataset(path, mode="r+") as dataset:
            dataset.update_tags(**{MODEL_TAG: text})
        return path

    return write


def test_a_map_gives_back_what_its_tag_holds(write_tagged: Callable[[str], Path]) -> None:
    (text,) = REFERENCE.tags.values()
    assert json.loads(text) == {"file": "model.safetensors", "hash": "ab12", "run": "run-3"}
    assert read_model_reference(write_tagged(text)) == REFERENCE


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"file": 1, "hash": "a"}', '{"file": "", "hash": "a"}', '{"file": "\\ud800"}']
)
def test_a_damaged_tag_counts_as_none(write_tagged: Callable[[str], Path], text: str) -> None:
    assert read_model_reference(write_tagged(text)) is None


def test_a_missing_map_is_told(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="does not exist"):
        read_model_reference(tmp_path / "none.tif")


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_every_name_of_a_file_can_be_a_tag(name: bytes) -> None:
    reference = ModelReference.of_bytes(Path("/", *[name.decode("utf-8", "surrogateescape")] * 2), b"", in_run=True)
    (text,) = reference.tags.values()
    assert text.isascii()
    assert reference.title.isprintable()
    reference.title.encode()


def test_a_run_that_went_on_is_the_same_one() -> None:
    assert REFERENCE.is_same_run(ModelReference("model.safetensors", "cd34", "run-3"))
    assert not REFERENCE.is_same_run(ModelReference("model.safetensors", "ab12", "run-4"))
    assert not REFERENCE.is_same_run(None)


def test_without_a_run_the_same_content_is_the_same_model() -> None:
    alone = ModelReference("a.safetensors", "ab12")
    assert alone.is_same_run(ModelReference("copy.safetensors", "ab12"))
    assert not alone.is_same_run(ModelReference("a.safetensors", "cd34"))
