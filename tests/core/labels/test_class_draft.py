from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.errors import ClassSchemaError
from landseg_core.labels.class_draft import MOST_CLASSES, ClassDraft
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass, load_classes


@pytest.fixture
def draft() -> ClassDraft:
    return ClassDraft.of(load_classes("landcover-dubai"))


def names(draft: ClassDraft) -> list[str]:
    return [item.name for item in draft.classes]


def test_nothing_changed_gives_the_same_classes(draft) -> None:
    assert draft.schema() == draft.before
    assert draft.remap() == {}


def test_a_new_class_gets_a_free_value_name_and_colour(draft) -> None:
    new = draft.added().classes[-1]
    assert new.value not in draft.before.values
    assert new.name not in draft.before.names
    assert new.colour not in {item.colour for item in draft.before.classes}
    assert draft.added().title() == f"Add class {new.name}"


def test_a_deleted_class_leaves_its_labels_to_its_heir(draft) -> None:
    building, vegetation = draft.before.values[1:3]
    after = draft.deleted(1, heir=vegetation)
    assert after.remap() == {building: vegetation}
    assert after.title() == "Delete class building"
    assert after.deleted(1, heir=UNLABELLED).remap() == {building: UNLABELLED, vegetation: UNLABELLED}


def test_a_new_class_does_not_take_the_value_of_a_deleted_one(draft) -> None:
    value = draft.before.values[-1]
    assert draft.deleted(4).added().classes[-1].value != value


def test_a_class_that_came_and_went_leaves_no_trace(draft) -> None:
    assert draft.added().deleted(5).remap() == {}
    assert draft.added().deleted(5).schema() == draft.before


@pytest.mark.parametrize("heir", [77, 1])
def test_labels_go_only_to_another_class(draft, heir) -> None:
    with pytest.raises(ClassSchemaError, match="building cannot get the value"):
        draft.deleted(1, heir=heir)


def test_the_last_class_stays() -> None:
    one = ClassDraft.of(ClassSchema(classes=(LandClass(value=7, name="all", colour="#000000"),)))
    with pytest.raises(ClassSchemaError, match="at least one"):
        one.deleted(0)


def test_rename_recolour_and_reorder_are_told_by_name(draft) -> None:
    assert draft.changed(3, name="lake").title() == "Rename class water to lake"
    assert draft.changed(3, colour="#123456").title() == "Change colour of class water"
    assert names(draft.moved(4, -4)) == ["road", "land", "building", "vegetation", "water"]
    assert draft.moved(4, -4).title() == "Reorder classes"
    assert draft.changed(3, name="lake").added().title() == "Edit classes"


@pytest.mark.parametrize(("name", "problem"), [("", "is empty"), ("road", "called road")])
def test_a_wrong_name_is_said(draft, name, problem) -> None:
    with pytest.raises(ClassSchemaError, match=problem):
        draft.changed(3, name=name).schema()


def test_a_preset_adds_what_is_missing_and_lends_its_colours(draft) -> None:
    preset = ClassSchema(
        classes=(
            LandClass(value=0, name="glacier", colour="#ffffff"),
            LandClass(value=1, name="water", colour="#0000ff"),
        )
    )
    after = draft.merged(preset)
    assert names(after) == [*draft.before.names, "glacier"]
    assert after.classes[3].colour == "#0000ff"
    assert after.classes[3].value == draft.before.values[3]
    assert len({item.value for item in after.classes}) == 6
    assert after.remap() == {}


def test_there_is_a_limit(draft) -> None:
    for _ in range(MOST_CLASSES - len(draft.classes)):
        draft = draft.added(colour="#336699")
    assert len(draft.schema()) == MOST_CLASSES
    with pytest.raises(ClassSchemaError, match="250"):
        draft.added()


EDITS = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "move", "rename"]), st.integers(0, 20), st.integers(-9, 9))
)


@given(EDITS)
def test_whatever_is_done_every_label_has_a_class_or_none(edits) -> None:
    draft = ClassDraft.of(load_classes("landcover-dubai"))
    for number, (kind, place, steps) in enumerate(edits):
        place %= len(draft.classes)
        others = [UNLABELLED, *(item.value for at, item in enumerate(draft.classes) if at != place)]
        match kind:
            case "add":
                draft = draft.added(colour="#336699")
            case "delete" if len(draft.classes) > 1:
                draft = draft.deleted(place, others[steps % len(others)])
            case "move":
                draft = draft.moved(place, steps)
            case "rename":
                draft = draft.changed(place, name=f"name {number}")
    schema, remap = draft.schema(), draft.remap()
    assert {remap.get(value, value) for value in draft.before.values} <= {*schema.values, UNLABELLED}
    assert draft.title()
