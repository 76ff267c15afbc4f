"""What is said where values of a foreign file stand for no class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from landseg_core.errors import InterchangeError
from landseg_core.messages import N_

_NAMED_VALUES = 3


def unknown_values_error(
    source: Path, found: Mapping[str, tuple[str, int]], unit: str, why: str = ""
) -> InterchangeError:
    """Return the error about values of `source` that no class has, the most frequent named.

    `found` gives, by what stands before the = of a mapping, a value's description and how many `unit` hold it.
    """
    frequent = sorted(found.items(), key=lambda item: -item[1][1])
    named = [f"{_printable(text)} in {count} {unit}" for _, (text, count) in frequent[:_NAMED_VALUES]]
    more = f" and {len(found) - _NAMED_VALUES} more" if len(found) > _NAMED_VALUES else ""
    key = _printable(frequent[0][0])
    return InterchangeError(
        N_(
            "{source} holds {named}{more}, which no class has{why}; say which class each is (--map "
            "'{key}=CLASSNAME', or '{key}=' to leave it out)",
            source=source,
            named=", ".join(named),
            more=more,
            why=why,
            key=key,
        )
    )


def _printable(text: str) -> str:
    """Return a text of a foreign file as part of one line."""
    return "".join(char if char.isprintable() else "?" for char in text)
