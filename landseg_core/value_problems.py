"""What is wrong with values that pydantic refuses, as texts that can be translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pydantic
from pydantic_core import ErrorDetails

from landseg_core.messages import N_, Text
from landseg_core.plain_text import is_plain, plain_text

Wording = Mapping[str, Callable[[Mapping[str, Any]], Text]]
"""For kinds of errors of pydantic, the text about a value, made from the error's context, such as its bound `ge`."""

_MOST_SHOWN = 160


def _whole_number(_context: Mapping[str, Any]) -> Text:
    return N_("must be a whole number")


def _number(_context: Mapping[str, Any]) -> Text:
    return N_("must be a number")


def _switch(_context: Mapping[str, Any]) -> Text:
    return N_("must be true or false")


def _list(_context: Mapping[str, Any]) -> Text:
    return N_("must be a list")


def _object(_context: Mapping[str, Any]) -> Text:
    return N_("must be an object with named values")


_WORDING: Wording = {
    "bool_parsing": _switch,
    "bool_type": _switch,
    "dataclass_type": _object,
    "dict_type": _object,
    "extra_forbidden": lambda _context: N_("is not known here"),
    "finite_number": lambda _context: N_("must be a finite number"),
    "float_parsing": _number,
    "float_type": _number,
    "greater_than": lambda context: N_("must be greater than {bound}", bound=_short(context["gt"])),
    "greater_than_equal": lambda context: N_("must be at least {bound}", bound=_short(context["ge"])),
    "int_from_float": _whole_number,
    "int_parsing": _whole_number,
    "int_type": _whole_number,
    "json_invalid": lambda context: N_("invalid JSON ({reason})", reason=context["error"]),
    "less_than": lambda context: N_("must be less than {bound}", bound=_short(context["lt"])),
    "less_than_equal": lambda context: N_("must be at most {bound}", bound=_short(context["le"])),
    "list_type": _list,
    "literal_error": lambda context: N_("must be {choices}", choices=context["expected"]),
    "missing": lambda _context: N_("is missing"),
    "model_attributes_type": _object,
    "model_type": _object,
    "path_type": lambda _context: N_("must be a path"),
    "string_pattern_mismatch": lambda context: N_("must match {pattern}", pattern=context["pattern"]),
    "string_too_long": lambda context: N_(
        "must have at most %n characters", n=context["max_length"], one="must have at most one character"
    ),
    "string_too_short": lambda context: N_(
        "must have at least %n characters", n=context["min_length"], one="must not be empty"
    ),
    "string_type": lambda _context: N_("must be a text"),
    "too_long": lambda context: N_(
        "must have at most %n entries", n=context["max_length"], one="must have at most one entry"
    ),
    "too_short": lambda context: N_("must have at least %n entries", n=context["min_length"], one="must not be empty"),
    "tuple_type": _list,
}


def problem_text(problem: ErrorDetails, wording: Wording | None = None) -> str:
    """Return what is wrong with a value, without its name.

    That is a validator's own text, or `wording` for the kind of error, or that of this module; pydantic's own words
    for kinds that occur nowhere in landseg.
    """
    context = problem.get("ctx", {})
    if problem["type"] == "value_error":
        return str(context["error"])
    text_of = {**_WORDING, **(wording or {})}.get(problem["type"])
    return text_of(context) if text_of else problem["msg"].replace("Input should be", "must be")


def first_problem(error: pydantic.ValidationError, wording: Wording | None = None) -> str:
    """Return the first thing that is wrong in a file whose every part may be wrong: one line, with its location."""
    problem = error.errors(include_url=False)[0]
    location, text = ".".join(str(part) for part in problem["loc"]), problem_text(problem, wording)
    if location and problem["type"] == "value_error":
        text = N_("{location}: {problem}", location=location, problem=text)
    elif location:
        text = N_("{location} {problem}", location=location, problem=text)
    return text if is_plain(text) and len(text) <= _MOST_SHOWN else plain_text(text)[:_MOST_SHOWN]


def _short(number: float) -> float:
    """Return a whole number as such, so that it is written without decimals."""
    return int(number) if float(number).is_integer() else number
