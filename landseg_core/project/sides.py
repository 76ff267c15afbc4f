"""What steps change beside pixels - classes and working areas - in the state and in the project file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pydantic

from landseg_core.labels.classes import ClassSchema
from landseg_core.project.areas import areas_of
from landseg_core.project.history import Change
from landseg_core.project.rows import DamageError
from landseg_core.project.state import ProjectState

Side = dict[str, Any]
"""One side of a `Change`: JSON values by the name of the kind."""


@dataclass(frozen=True)
class _Kind:
    """How a JSON value of a side is parsed, taken into the state, and stored as text."""

    parse: Callable[[Any], Any]
    adopt: Callable[[ProjectState, int | None, Any], None]
    statement: str
    of_image: bool


def _parse_classes(value: Any) -> ClassSchema:
    try:
        return ClassSchema.model_validate(value)
    except pydantic.ValidationError as error:
        raise DamageError("the classes in a step of the history are damaged; it cannot be undone or redone") from error


def _adopt_classes(state: ProjectState, _: int | None, schema: Any) -> None:
    state.schema = schema


def _adopt_areas(state: ProjectState, image_id: int | None, areas: Any) -> None:
    if image_id in state.images:
        state.areas[image_id] = areas


_KINDS = {
    "classes": _Kind(
        _parse_classes, _adopt_classes, "UPDATE settings SET value = ? WHERE key = 'classes'", of_image=False
    ),
    "areas": _Kind(areas_of, _adopt_areas, "UPDATE images SET areas = ? WHERE id = ?", of_image=True),
}


def parsed_side(side: Side) -> Side:
    """Return the side with its JSON values parsed, ready for `adopt_side`.

    Raises:
        DamageError: it is damaged.
    """
    if not side.keys() <= _KINDS.keys():
        raise DamageError("a step of the history is damaged; it cannot be undone or redone")
    return {key: _KINDS[key].parse(value) for key, value in side.items()}


def require_whole(change: Change) -> None:
    """Check that a change can be undone and redone.

    Raises:
        DamageError: it is damaged.
    """
    for forward in (False, True):
        parsed_side(change.side(forward=forward))


def adopt_side(state: ProjectState, image_id: int | None, parsed: Side) -> None:
    """Take a parsed side of a change of an image, or of the whole project, into the state."""
    for key, value in parsed.items():
        _KINDS[key].adopt(state, image_id, value)


def store_side(connection: sqlite3.Connection, image_id: int | None, side: Side) -> None:
    """Store a side of a change of an image, or of the whole project."""
    for key, value in side.items():
        kind = _KINDS[key]
        connection.execute(kind.statement, (json.dumps(value), image_id) if kind.of_image else (json.dumps(value),))
