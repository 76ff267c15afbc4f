from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.errors import ClassSchemaError
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass, load_classes, preset_names


@pytest.mark.parametrize("preset", ["landcover-ai", "landcover-dubai"])
def test_presets_have_the_values_of_their_data_sets(preset: str) -> None:
    schema = load_classes(preset)
    assert schema.values == (0, 1, 2, 3, 4)
    assert schema.names[1] == "building"
    assert len({item.colour for item in schema.classes}) == 5
    assert preset in preset_names()


schemas = st.lists(st.integers(0, 254), min_size=1, max_size=250, unique=True).map(
    lambda values: ClassSchema(
        classes=tuple(LandClass(value=value, name=f"c{value}", colour=f"#{value:06x}") for value in values)
    )
)


@given(schemas)
def test_tables_undo_each_other(schema: ClassSchema) -> None:
    indices = np.arange(len(schema), dtype=np.uint8)
    values = schema.value_table()[indices]
    assert values.tolist() == list(schema.values)
    assert schema.index_table()[values].tolist() == indices.tolist()
    assert schema.index_table()[UNLABELLED] == UNLABELLED
    assert np.count_nonzero(schema.index_table() != UNLABELLED) == len(schema)


@given(schemas)
def test_a_class_file_holds_the_whole_schema(schema: ClassSchema) -> None:
    assert ClassSchema.model_validate_json(schema.to_json()) == schema


def test_colours_by_value() -> None:
    schema = ClassSchema(classes=(LandClass(value=7, name="road", colour="#0A0b0c"),))
    table = schema.colour_table()
    assert table[7].tolist() == [10, 11, 12, 255]
    assert not table[np.arange(256) != 7].any()


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(load_classes("landcover-ai").to_json(), encoding="utf-8-sig")
    assert load_classes(path) == load_classes("landcover-ai")


LAND = {"value": 0, "name": "land", "colour": "#000000"}


@pytest.mark.parametrize(
    ("classes", "problem"),
    [
        ([], "at least one class"),
        ([LAND | {"value": 255}], "classes.0.value must be a whole number from 0 to 254"),
        ([LAND | {"value": -1}], "classes.0.value must be a whole number"),
        ([LAND | {"value": "1"}], "classes.0.value must be a whole number"),
        ([LAND | {"value": 1.5}], "classes.0.value must be a whole number"),
        ([LAND | {"value": True}], "classes.0.value must be a whole number"),
        ([LAND, LAND | {"value": 1, "name": " "}], "classes.1.name must not be empty"),
        ([LAND | {"colour": "red"}], "classes.0.colour must be a colour such as #d55e00"),
        ([LAND | {"colour": "#00000"}], "classes.0.colour must be a colour"),
        ([{"value": 0, "name": "land"}], "classes.0.colour is missing"),
        ([LAND | {"alpha": 1}], "classes.0.alpha is not known"),
        ([LAND, LAND | {"name": "b"}], "the value 0 is used twice"),
        ([LAND, LAND | {"value": 1}], "the name land is used twice"),
    ],
)
def test_a_wrong_class_file_is_one_sentence(tmp_path: Path, classes: list[object], problem: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"classes": classes}))
    with pytest.raises(ClassSchemaError) as raised:
        load_classes(path)
    assert str(path) in str(raised.value)
    assert problem in str(raised.value)
    assert "write it as" in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"classes: 3"])
def test_a_file_that_is_no_json_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "classes.json"
    path.write_bytes(content)
    with pytest.raises(ClassSchemaError, match="is not a class file"):
        load_classes(path)


def test_an_unknown_preset_names_the_presets() -> None:
    with pytest.raises(ClassSchemaError, match="landcover-ai, landcover-dubai"):
        load_classes("landcover-x")


def test_a_folder_is_no_class_file(tmp_path: Path) -> None:
    with pytest.raises(ClassSchemaError, match="cannot be read"):
        load_classes(tmp_path)
