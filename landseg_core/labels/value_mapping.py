"""Which class a value of a foreign file stands for, as the user says it: to import, to train and to evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from landseg_core.errors import InterchangeError
from landseg_core.labels.classes import UNLABELLED, ClassSchema

LEFT_OUT = frozenset({"", "unlabelled"})
"""What stands in the place of a class name where a value is to stay unlabelled."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def parse_value_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Return class names by value of the texts `VALUE=CLASSNAME`; without a name the value is left out.

    Raises:
        ValueError: one is something else, or a value is given two classes; the text is a sentence for the user.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        value, equals, name = (part.strip() for part in text.partition("="))
        if not equals:
            raise ValueError(f"'{text}' is not VALUE=CLASSNAME")
        if mapping.setdefault(value, name) != name:
            raise ValueError(f"'{value}' is given two classes")
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
    raise InterchangeError(f"there is no class called {name}; the classes are {', '.join(schema.names)}")


def mask_mapping(mapping: Mapping[str, str]) -> dict[int, str]:
    """Return `mapping` by number, 0xRRGGBB for a colour.

    Raises:
        InterchangeError: a value is neither a number nor a colour.
    """
    return {_mask_value(text): name for text, name in mapping.items()}


def mapped_indices(mapping: Mapping[str, str], schema: ClassSchema) -> dict[int, int]:
    """Return the class index of each value of a mask (0xRRGGBB for a colour), 255 for one that is left out.

    Raises:
        InterchangeError: a value is neither a number nor a colour, or there is no such class.
    """
    return {value: class_index(schema, name) for value, name in mask_mapping(mapping).items()}


def _mask_value(text: str) -> int:
    if _COLOUR.fullmatch(text):
        return int(text[1:], 16)
    try:
        return int(text)
    except ValueError as error:
        raise InterchangeError(
            f"'{text}' is no value of a mask; write a whole number or a colour such as #0072b2"
        ) from error
