"""What steps change apart from pixels - classes, areas, grids, images - in the state and in the project file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pydantic

from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.project.history import Change
from landseg_core.project.images import ImageEntry
from landseg_core.project.state import ProjectState, areas_of
from landseg_core.project.storage.grids import grid_of, grid_value
from landseg_core.project.storage.paths import is_there
from landseg_core.project.storage.rows import DamageError, text
from landseg_core.raster.files.content import RasterContent

StepState = dict[str, Any]
"""One state of a `Change`: JSON values by the name of the kind."""


@dataclass(frozen=True)
class _Kind:
    """How a JSON value of a state is parsed, adopted into the project's state, and stored as text."""

    parse: Callable[[Any], Any]
    adopt: Callable[[ProjectState, int | None, Any], None]
    statement: str
    of_image: bool


def _parse_classes(value: Any) -> ClassSchema:
    try:
        return ClassSchema.model_validate(value)
    except pydantic.ValidationError as error:
        raise DamageError(
            N_("the classes in a step of the history are damaged; it cannot be undone or redone")
        ) from error


def _adopt_classes(state: ProjectState, _: int | None, schema: Any) -> None:
    state.schema = schema


def _adopt_areas(state: ProjectState, image_id: int | None, areas: Any) -> None:
    if image_id in state.images:
        state.areas[image_id] = areas


def image_state(entry: ImageEntry) -> StepState:
    """Return the state of a change that holds the grid of an image, and what was last read of its file."""
    value = {
        "grid": grid_value(entry.grid),
        "file_grid": grid_value(entry.file_grid) if entry.file_grid else None,
        "content": entry.content.to_text() if entry.content else None,
        "fingerprint": entry.fingerprint,
    }
    return {"grid": value}


def _parse_grid(value: Any) -> dict[str, Any]:
    """Return the fields of an `ImageEntry` that `image_state` has written."""
    try:
        return {
            "grid": grid_of(value["grid"]),
            "file_grid": None if value["file_grid"] is None else grid_of(value["file_grid"]),
            "content": None if value["content"] is None else RasterContent.from_text(text(value["content"])),
            "fingerprint": text(value["fingerprint"]),
        }
    except (KeyError, TypeError) as error:
        raise DamageError(N_("a grid in a step of the history is damaged; it cannot be undone or redone")) from error


def _adopt_grid(state: ProjectState, image_id: int | None, fields: Any) -> None:
    if image_id in state.images:
        state.images[image_id] = replace(state.images[image_id], **fields)


_STORE_GRID = """
UPDATE images SET
    transform = json_extract(?1, '$.grid.transform'),
    crs = json_extract(?1, '$.grid.crs'),
    file_grid = json_extract(?1, '$.file_grid'),
    content = json_extract(?1, '$.content'),
    fingerprint = json_extract(?1, '$.fingerprint')
WHERE id = ?2
"""


def _parse_ids(value: Any) -> list[int]:
    if isinstance(value, list) and all(isinstance(number, int) for number in value):
        return value
    raise DamageError(N_("the images in a step of the history are damaged; it cannot be undone or redone"))


def _adopt_listed(state: ProjectState, _: int | None, ids: Any) -> None:
    back = {number: state.unlisted.pop(number) for number in ids if number in state.unlisted}
    found = {number: replace(entry, missing=not is_there(entry.path)) for number, entry in back.items()}
    state.images = dict(sorted({**state.images, **found}.items()))


def _adopt_unlisted(state: ProjectState, _: int | None, ids: Any) -> None:
    state.unlisted |= {number: state.images[number] for number in ids if number in state.images}
    state.images = {number: entry for number, entry in state.images.items() if number not in state.unlisted}


_STORE_LISTED = "UPDATE images SET listed = {} WHERE id IN (SELECT value FROM json_each(?))"

_KINDS = {
    "classes": _Kind(
        _parse_classes, _adopt_classes, "UPDATE settings SET value = ? WHERE key = 'classes'", of_image=False
    ),
    "grid": _Kind(_parse_grid, _adopt_grid, _STORE_GRID, of_image=True),
    "listed": _Kind(_parse_ids, _adopt_listed, _STORE_LISTED.format(1), of_image=False),
    "unlisted": _Kind(_parse_ids, _adopt_unlisted, _STORE_LISTED.format(0), of_image=False),
    "areas": _Kind(areas_of, _adopt_areas, "UPDATE images SET areas = ? WHERE id = ?", of_image=True),
}


def parsed_state(state: StepState) -> StepState:
    """Return the state with its JSON values parsed, ready for `adopt_state`.

    Raises:
        DamageError: it is damaged.
    """
    if not state.keys() <= _KINDS.keys():
        raise DamageError(N_("a step of the history is damaged; it cannot be undone or redone"))
    return {key: _KINDS[key].parse(value) for key, value in state.items()}


def require_whole(change: Change) -> None:
    """Check that a change can be undone and redone.

    Raises:
        DamageError: it is damaged.
    """
    for forward in (False, True):
        parsed_state(change.state(forward=forward))


def adopt_state(state: ProjectState, image_id: int | None, parsed: StepState) -> None:
    """Adopt a parsed state of a change of an image, or of the whole project, into the project's state."""
    for key, value in parsed.items():
        _KINDS[key].adopt(state, image_id, value)


def store_state(connection: sqlite3.Connection, image_id: int | None, state: StepState) -> None:
    """Store a state of a change of an image, or of the whole project."""
    for key, value in state.items():
        kind = _KINDS[key]
        connection.execute(kind.statement, (json.dumps(value), image_id) if kind.of_image else (json.dumps(value),))
