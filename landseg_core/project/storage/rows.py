"""Reads values out of rows that may be damaged: of a wrong type, missing, absurd."""

from __future__ import annotations

from typing import Any

from landseg_core.errors import ProjectError
from landseg_core.input_files import parsed_json
from landseg_core.messages import N_

_LARGEST = 2**53


class DamageError(ProjectError):
    """A part of the project file is damaged."""


def integer(value: object, low: int = 0, high: int = _LARGEST) -> int:
    """Return a whole number from `low` to `high`.

    Raises:
        DamageError: it is not one.
    """
    if isinstance(value, int) and low <= value <= high:
        return value
    raise DamageError(N_("a number is damaged"))


def text(value: object) -> str:
    """Return a text without the character NUL, which no path may have.

    Raises:
        DamageError: it is not one.
    """
    if isinstance(value, str) and "\0" not in value:
        return value
    raise DamageError(N_("a text is damaged"))


def optional_text(value: object) -> str | None:
    """Return a text, or None.

    Raises:
        DamageError: it is neither.
    """
    return None if value is None else text(value)


def blob(value: object) -> bytes:
    """Return bytes.

    Raises:
        DamageError: it is something else.
    """
    if isinstance(value, bytes):
        return value
    raise DamageError(N_("a block of data is damaged"))


def json_value(value: object, kind: type | tuple[type, ...] = object) -> Any:
    """Return what a JSON text holds, which must be of the type `kind`.

    Raises:
        DamageError: it is not JSON, or of another type.
    """
    try:
        parsed = parsed_json(text(value))
    except ValueError as error:
        raise DamageError(N_("a list is damaged")) from error
    if isinstance(parsed, kind):
        return parsed
    raise DamageError(N_("a list is damaged"))


def proper(value: str) -> str:
    """Return a text that can be stored: lone surrogates become `?`, NUL characters are removed."""
    return value.encode(errors="replace").decode().replace("\0", "")
