"""The suggestion as a layer: its classes, and how opaque they are."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass, load_classes
from landseg_gui.viewer.suggestion_layer import SuggestionLayer

GRID = RasterGrid(8, 4, Affine.identity(), None)
SHARES = [0, 130, 200, 255]
"""Of 255: one for each step of opacity."""


def shown(schema: ClassSchema, values: np.ndarray, confidence: np.ndarray) -> tuple[SuggestionLayer, np.ndarray]:
    layer = SuggestionLayer(GRID, schema)
    layer.show(PixelWindow(0, 0, 8, 4), values.astype(np.uint8), confidence.astype(np.uint8))
    pixels, _ = layer.reader.read_tile(TileKey(0, 0, 0))
    return layer, pixels[0]


def many(count: int) -> ClassSchema:
    classes = (LandClass(value=254 - 2 * n, name=f"class {n}", colour=f"#0000{n:02x}") for n in range(count))
    return ClassSchema(classes=tuple(classes))


@pytest.mark.parametrize("schema", [load_classes("landcover-dubai"), many(3), many(100), many(127)])
def test_every_pixel_shows_its_class_and_the_surer_are_more_opaque(schema: ClassSchema) -> None:
    values = np.resize(np.array(schema.values, np.uint8), (4, 8))
    confidence = np.array(SHARES)[:, None].repeat(8, axis=1)
    layer, codes = shown(schema, values, confidence)
    table = layer.colour_table()
    for (row, column), value in np.ndenumerate(values):
        found = layer.class_shown(int(codes[row, column]))
        assert found is not None
        assert found.value == value
        assert table[codes[row, column]] & 0xFFFFFF == int(found.colour[1:], 16)
    alphas = [table[code] >> 24 for code in codes[:, 0]]
    assert alphas == sorted(alphas)
    assert (len(set(alphas)) == 4) is (len(schema) < 60)


def test_where_nothing_is_suggested_nothing_is_seen() -> None:
    values = np.full((4, 8), UNLABELLED)
    layer, codes = shown(load_classes("landcover-dubai"), values, np.full((4, 8), 255))
    assert (codes == UNLABELLED).all()
    assert layer.colour_table()[UNLABELLED] == 0
    assert layer.class_shown(UNLABELLED) is None


def test_the_eye_of_a_class_hides_all_of_its_steps() -> None:
    schema = load_classes("landcover-dubai")
    layer, codes = shown(schema, np.full((4, 8), schema.values[1]), np.array(SHARES)[:, None].repeat(8, axis=1))
    layer.set_class_visible(schema.values[1], False)  # noqa: FBT003
    assert not any(layer.colour_table()[code] for code in codes[:, 0])
    layer.set_class_visible(schema.values[1], True)  # noqa: FBT003
    assert all(layer.colour_table()[code] for code in codes[:, 0])


def test_other_classes_keep_what_is_shown_until_the_next_suggestion() -> None:
    schema = load_classes("landcover-dubai")
    layer, codes = shown(schema, np.full((4, 8), schema.values[2]), np.full((4, 8), 255))
    fewer = ClassSchema(classes=schema.classes[2:])
    layer.set_schema(fewer)
    found = layer.class_shown(int(codes[0, 0]))
    assert found is not None
    assert found.value == schema.values[2]
