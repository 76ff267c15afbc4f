from __future__ import annotations

from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_gui.session.files.opening import with_colours_of

SCHEMA = load_classes("landcover-dubai")


def changed(**update: object) -> ClassSchema:
    first, *others = SCHEMA.classes
    return ClassSchema(classes=(first.model_copy(update=update), *others))


def test_a_class_follows_the_one_of_its_value_and_name() -> None:
    assert with_colours_of(SCHEMA, changed(colour="#123456")).classes[0].colour == "#123456"
    assert with_colours_of(SCHEMA, changed(colour="#123456", name="sand")) == SCHEMA


def test_without_others_all_stay() -> None:
    assert with_colours_of(SCHEMA, None) == SCHEMA
