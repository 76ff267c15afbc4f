"""Working areas: polygons inside which labelling counts as complete."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from landseg_core.errors import ProjectError
from landseg_core.project.storage.rows import DamageError, json_value

Polygon = tuple[tuple[float, float], ...]
"""A ring of (column, row) places in raster px; its last corner is joined to its first."""


def checked(polygons: Iterable[Sequence[Sequence[float]]]) -> tuple[Polygon, ...]:
    """Return polygons as tuples of floats.

    Raises:
        ProjectError: one has fewer than three corners, or a corner is nowhere.
    """
    return tuple(_checked(polygon) for polygon in polygons)


def _checked(polygon: Sequence[Sequence[float]]) -> Polygon:
    ring = tuple((float(column), float(row)) for column, row in polygon)
    if len(ring) < 3 or not all(math.isfinite(value) for corner in ring for value in corner):
        raise ProjectError("a working area needs at least three corners; draw it again")
    return ring


def stored_areas(value: object) -> tuple[Polygon, ...]:
    """Return the polygons that a JSON text holds.

    Raises:
        DamageError: it is damaged.
    """
    return areas_of(json_value(value, list))


def areas_of(parsed: Any) -> tuple[Polygon, ...]:
    """Return the polygons in a parsed JSON list.

    Raises:
        DamageError: it holds something else.
    """
    try:
        return checked(parsed)
    except (TypeError, ValueError, OverflowError) as error:
        raise DamageError("a working area is damaged") from error
