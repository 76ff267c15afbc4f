from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic
import pytest
from pydantic import Field

from landseg_core.messages import N_, Text
from landseg_core.task_fields import problems_of
from landseg_core.value_problems import first_problem


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(N_("{value} is odd", value=value))
    return value


class Settings(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)

    steps: Annotated[int, Field(ge=1, le=99)] = 1
    rate: Annotated[float, Field(gt=0, lt=2.5)] = 1
    even: Annotated[int, pydantic.AfterValidator(_even)] = 0
    mode: Literal["a", "b"] = "a"
    name: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    rows: Annotated[tuple[int, ...], Field(min_length=2, max_length=3)] = (1, 2)
    flag: bool = False


def in_brackets(template: str, _number: int | None) -> str:
    return f"[{template}]"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("steps", 0, "must be at least 1"),
        ("steps", 100, "must be at most 99"),
        ("steps", 1.5, "must be a whole number"),
        ("steps", "many", "must be a whole number"),
        ("rate", 0, "must be greater than 0"),
        ("rate", 2.5, "must be less than 2.5"),
        ("rate", float("inf"), "must be a finite number"),
        ("rate", "fast", "must be a number"),
        ("even", 3, "3 is odd"),
        ("mode", "c", "must be 'a' or 'b'"),
        ("name", "", "must not be empty"),
        ("name", "long", "must have at most 3 characters"),
        ("name", 1, "must be a text"),
        ("rows", [1], "must have at least 2 entries"),
        ("rows", 5, "must be a list"),
        ("flag", "maybe", "must be true or false"),
        ("other", 1, "is not known here"),
    ],
)
def test_what_is_wrong_with_a_value_can_be_translated(name: str, value: Any, problem: str) -> None:
    found = problems_of(Settings, {name: value})
    assert found == {name: problem}
    text = found[name]
    assert isinstance(text, Text)
    assert text.in_language(in_brackets).startswith("[")


def _problem_in(values: object) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(list[Settings]).validate_python(values)
    return first_problem(caught.value)


def test_the_first_problem_in_a_file_has_its_location() -> None:
    text = _problem_in([{}, {"steps": 0}, {"steps": "x"}])
    assert text == "1.steps must be at least 1"
    assert isinstance(text, Text)
    assert _problem_in([{"even": 1}]) == "0.even: 1 is odd"
    assert _problem_in("x") == "must be a list"


def test_a_location_from_a_file_is_shown_in_one_short_line() -> None:
    text = _problem_in([{"a\nb" * 200: 1}])
    assert "\n" not in text
    assert len(text) <= 160
