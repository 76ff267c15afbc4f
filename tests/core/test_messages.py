from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.errors import LandsegError, RasterError
from landseg_core.messages import N_, Text, listed

GERMAN = {
    "{path} has %n bands": "{path} hat %n Kanäle",
    "{path} cannot be read: {reason}": "{path} ist nicht lesbar: {reason}",
    "too few bands": "zu wenige Kanäle",
}


def german(template: str, number: int | None) -> str:
    text = GERMAN.get(template, template)
    return text if number is None else text.replace("%n", str(number))


def bands(n: int) -> Text:
    return N_("{path} has %n bands", n=n, one="{path} has one band", path="a.tif")


def test_a_text_is_its_english_sentence() -> None:
    assert bands(3) == "a.tif has 3 bands"
    assert bands(1) == "a.tif has one band"


def test_a_text_is_translated_with_the_values_in_it() -> None:
    text = N_("{path} cannot be read: {reason}", path="a.tif", reason=N_("too few bands"))
    assert text.in_language(german) == "a.tif ist nicht lesbar: zu wenige Kanäle"
    assert bands(3).in_language(german) == "a.tif hat 3 Kanäle"


def test_without_a_translation_the_singular_is_kept() -> None:
    assert N_("Delete %n runs", n=1, one="Delete Run").in_language(german) == "Delete Run"


def test_an_error_as_a_value_is_translated_too() -> None:
    inner = RasterError(N_("too few bands"))
    text = N_("{path} cannot be read: {reason}", path="a", reason=inner)
    assert text.in_language(german) == "a ist nicht lesbar: zu wenige Kanäle"


def test_texts_in_a_list_are_translated_one_by_one() -> None:
    texts = listed([bands(3), "b.tif {raw}", bands(2)])
    assert texts == "a.tif has 3 bands, b.tif {raw}, a.tif has 2 bands"
    assert texts.in_language(german) == "a.tif hat 3 Kanäle, b.tif {raw}, a.tif hat 2 Kanäle"
    assert listed([]) == ""


def test_an_error_returns_the_text_that_it_was_made_with() -> None:
    error = LandsegError(bands(2))
    assert str(error) == "a.tif has 2 bands"
    assert isinstance(str(error), Text)
    assert str(LandsegError()) == ""


def test_copies_can_be_translated() -> None:
    for copied in (copy.deepcopy(bands(3)), pickle.loads(pickle.dumps(bands(3))), str(bands(3))):
        assert isinstance(copied, Text)
        assert copied.in_language(german) == "a.tif hat 3 Kanäle"


@given(name=st.text(), n=st.integers(0, 10**9))
def test_a_value_is_never_taken_for_a_part_of_the_template(name: str, n: int) -> None:
    text = N_("{name} and %n others", n=n, name=name)
    assert text == f"{name} and {n} others" == text.in_language(lambda template, _number: template)


def test_a_template_that_names_a_value_which_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        N_("{path} is empty")
