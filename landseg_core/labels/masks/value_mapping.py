"""The user's mapping from values of other programs' files to classes: to import, to train and to evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from landseg_core.errors import InterchangeError
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.messages import N_

LEFT_OUT = frozenset({"", "unlabelled"})
"""What is given instead of a class name to leave a value unlabelled."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_COLOURS = 1 << 24  # the first colour


def colour_code(red: Any, green: Any, blue: Any) -> Any:
    """Return the code of a colour, or of arrays of them: no code is a mask value, so that #0000ff is not 255."""
    return _COLOURS | (red << 16) | (green << 8) | blue


def colour_text(code: int) -> str:
    """Return the colour #rrggbb of a `colour_code`."""
    return f"#{code - _COLOURS:06x}"


def parse_value_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Return class names by value from the texts `VALUE=CLASSNAME`; without a name the value is left out.

    Raises:
        ValueError: a text is something else, or a value gets two classes; the message is a sentence for the user.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        value, equals, name = (part.strip() for part in text.partition("="))
        if not equals:
            raise ValueError(N_("'{text}' is not VALUE=CLASSNAME", text=text))
        if mapping.setdefault(value, name) != name:
            raise ValueError(N_("'{value}' is given two classes", value=value))
    return mapping


def class_index(schema: ClassSchema, name: str) -> int:
    """Return the index of the class `name`, or 255 for a value that is left out.

    Raises:
        InterchangeError: there is no such class.
    """
    if name in schema.names:
        return schema.names.index(name)
    if name in LEFT_OUT:
        return UNLABELLED
    raise InterchangeError(
        N_("there is no class called {name}; the classes are {classes}", name=name, classes=", ".join(schema.names))
    )


def mask_mapping(mapping: Mapping[str, str]) -> dict[int, str]:
    """Return `mapping` by code: the value of a mask, or the `colour_code` of a colour.

    Raises:
        InterchangeError: a value is neither a number nor a colour, or gets two classes in different spellings.
    """
    codes: dict[int, str] = {}
    for text, name in mapping.items():
        code = _mask_code(text)
        if codes.setdefault(code, name) != name:
            raise InterchangeError(N_("'{text}' is given two classes in different spellings; give it one", text=text))
    return codes


def mapped_indices(mapping: Mapping[str, str], schema: ClassSchema) -> dict[int, int]:
    """Return the class index of each code of `mask_mapping`, 255 for one that is left out.

    Raises:
        InterchangeError: as for `mask_mapping`, or there is no such class.
    """
    return {code: class_index(schema, name) for code, name in mask_mapping(mapping).items()}


def _mask_code(text: str) -> int:
    if _COLOUR.fullmatch(text):
        return int(colour_code(*bytes.fromhex(text[1:])))
    try:
        return int(text)
    except ValueError as error:
        raise InterchangeError(
            N_("'{text}' is not a mask value; write a whole number or a colour such as #0072b2", text=text)
        ) from error
