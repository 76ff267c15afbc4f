from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.labels.class_match import ClassMatch, class_list, model_differences
from landseg_core.labels.classes import ClassSchema


def classes(**values: int) -> ClassSchema:
    return ClassSchema.model_validate(
        {"classes": [{"value": value, "name": name, "colour": "#112233"} for name, value in values.items()]}
    )


SCHEMAS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 254), min_size=1).filter(
    lambda values: len(set(values.values())) == len(values)
)


def test_what_differs_is_said_in_three_sentences() -> None:
    match = ClassMatch(classes(land=0, water=1, sand=2), classes(land=0, water=5, road=2))
    assert list(model_differences(match)) == [
        "the model predicts classes that the project does not have, which are left out when the map is accepted: sand",
        "the model does not predict these classes of the project: road",
        "the map has other values than the project for these classes, which are matched by name: water (1 → 5)",
    ]


def test_the_same_classes_say_nothing() -> None:
    assert list(model_differences(ClassMatch(classes(land=0, water=1), classes(water=1, land=0)))) == []


@given(SCHEMAS, SCHEMAS)
def test_the_table_and_the_sentences_tell_the_same(own: dict[str, int], target: dict[str, int]) -> None:
    match = ClassMatch(classes(**own), classes(**target))
    table = match.table()
    assert {item.name for item in match.without_counterpart} == {n for n, v in own.items() if table[v] == 255}
    assert {item.name for item in match.lacking} == set(target) - set(own)
    assert all(table[own[name]] == target[name] for name in set(own) & set(target))
    assert np.count_nonzero(table != 255) == len(set(own) & set(target))


def test_many_names_are_counted() -> None:
    assert class_list(map(str, range(11))) == "0, 1, 2, 3, 4, 5, 6, 7 and 3 more"
