"""The error for values of another program's file that stand for no class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from landseg_core.errors import InterchangeError
from landseg_core.messages import N_, Text, listed

_NAMED_VALUES = 3


def unknown_values_error(source: Path, found: Mapping[str, tuple[Text, int]], hint: str = "") -> InterchangeError:
    """Return the error about values of `source` that no class has, the most frequent named.

    `found` gives, by what stands before the = of a mapping, a value's description with how many px or polygons hold it,
    and that number. `hint` is what may explain the values.
    """
    frequent = sorted(found.items(), key=lambda item: -item[1][1])
    values = listed(text for _, (text, _) in frequent[:_NAMED_VALUES])
    if len(found) > _NAMED_VALUES:
        values = N_("{values} and %n more", n=len(found) - _NAMED_VALUES, values=values)
    return InterchangeError(
        N_(
            "{path} holds {values}, which no class has{hint}; choose the class of each (--map '{key}=CLASSNAME', or "
            "'{key}=' to leave it out)",
            path=source,
            values=values,
            hint=hint,
            key=printable(frequent[0][0]),
        )
    )


def printable(text: str) -> str:
    """Return a text of another program's file as part of one line."""
    return "".join(char if char.isprintable() else "?" for char in text)
