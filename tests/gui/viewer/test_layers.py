from __future__ import annotations

import pytest
from support.viewing import image_layer, mask_layer

from landseg_core.labels.classes import ClassSchema, load_classes


@pytest.fixture
def mask(own_map, schema):
    return mask_layer(own_map, schema)


def test_solo_shows_one_class_and_keeps_the_eyes(qtbot, mask) -> None:
    mask.set_class_visible(2, visible=False)
    with qtbot.waitSignal(mask.restyled):
        mask.set_solo(2)
    assert [value for value in range(5) if mask.shows(value)] == [2]
    mask.set_solo(None)
    assert [value for value in range(5) if mask.shows(value)] == [0, 1, 3, 4]
    assert not mask.is_class_visible(2)


def test_the_colour_table_holds_what_is_shown(mask) -> None:
    mask.set_class_visible(0, visible=False)
    mask.set_colour(1, "#010203")
    table = mask.colour_table()
    assert (table[0], table[1], table[255]) == (0, 0xFF010203, 0)
    assert sum(colour != 0 for colour in table) == 4


def test_other_classes_open_all_eyes(qtbot, mask) -> None:
    mask.set_class_visible(1, visible=False)
    mask.set_solo(3)
    with qtbot.waitSignals([mask.schema_changed, mask.restyled]):
        mask.set_schema(load_classes("landcover-ai"))
    assert mask.class_of(2).name == "woodland"
    assert mask.shows(1)
    assert mask.class_of(77) is None


def test_opacity_and_eye_tell_once(qtbot, mask) -> None:
    with qtbot.assertNotEmitted(mask.changed):
        mask.visible = True
        mask.opacity = mask.opacity
    with qtbot.waitSignal(mask.changed):
        mask.opacity = 7
    assert mask.opacity == 1.0


def test_one_file_is_one_layer(layers, picture, own_map, plain_mask, schema) -> None:
    layers.set_image(image_layer(picture))
    former = mask_layer(own_map, schema)
    layers.add_mask(former)
    layers.add_mask(mask_layer(plain_mask, schema))
    former.opacity, former.visible = 0.3, False
    again = mask_layer(own_map, schema)
    layers.add_mask(again)
    assert [layer.path for layer in layers.masks] == [plain_mask, own_map]
    assert layers.masks[1] is again
    assert (again.opacity, again.visible) == (0.3, True)


def test_a_new_mask_hides_those_that_it_would_mix_with(layers, picture, own_map, plain_mask, schema) -> None:
    layers.set_image(image_layer(picture))
    whole, again = mask_layer(own_map, schema), mask_layer(plain_mask, schema)
    layers.add_mask(whole)
    layers.add_mask(again)
    assert (whole.visible, again.visible) == (False, True)
    assert layers.drawn() == [layers.image, again]
    whole.visible = True
    assert layers.drawn() == [layers.image, whole, again]


def test_masks_move_within_the_stack(layers, picture, own_map, plain_mask, schema) -> None:
    layers.set_image(image_layer(picture))
    for path in (own_map, plain_mask):
        layers.add_mask(mask_layer(path, schema))
    top, bottom = layers.masks
    layers.move_mask(top, 1)
    assert layers.masks == [bottom, top]
    layers.move_mask(top, 5)
    assert layers.masks == [bottom, top]
    layers.move_mask(top, -9)
    assert layers.masks == [top, bottom]


def test_a_new_mask_is_in_sight(layers, picture, own_map, schema) -> None:
    layers.set_image(image_layer(picture))
    layers.overlays_hidden = True
    layers.add_mask(mask_layer(own_map, schema))
    assert not layers.overlays_hidden


def test_another_picture_takes_the_masks_away(layers, picture, own_map, schema) -> None:
    layers.set_image(image_layer(picture))
    layers.add_mask(mask_layer(own_map, schema))
    layers.set_image(image_layer(picture))
    assert layers.masks == []


def test_a_schema_with_new_colours_is_still_a_schema(mask) -> None:
    mask.set_colour(4, "#ABCDEF")
    assert isinstance(mask.schema, ClassSchema)
    assert mask.schema.names == load_classes("landcover-dubai").names
