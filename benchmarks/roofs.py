"""Roofs as a person would draw them: with few corners, or with few rectangles."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.polygon import orient

from landseg_core.labels.regions import rectangle_on

Position = tuple[float, float]
Ring = tuple[Position, ...]
Clicks = tuple[Position, Position, Position]
"""Both ends of a side, and a corner opposite."""

ENOUGH = 0.93
"""IoU from which on nobody would add a corner or a rectangle: a hand that trembles needs some of it."""
_FIRST_STEP, _LAST_STEP = 16.0, 0.5  # px


def roofs(path: Path) -> list[Ring]:
    """Return the outlines of a GeoJSON file in px, without the repetition of the first corner."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    rings = [feature["geometry"]["coordinates"][0][:-1] for feature in features]
    return [tuple((float(column), float(row)) for column, row in ring) for ring in rings]


def iou(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """Return intersection over union."""
    common = one.intersection(other).area
    return float(common / (one.area + other.area - common))


def fewest_corners(roof: Ring) -> Ring:
    """Return a polygon that is like `roof` with as few of its corners as that takes."""
    truth, best = shapely.Polygon(roof), roof
    while len(best) > 3:
        fewer = [best[:index] + best[index + 1 :] for index in range(len(best))]
        likeness = [iou(shapely.make_valid(shapely.Polygon(ring)), truth) for ring in fewer]
        if max(likeness) < ENOUGH:
            break
        best = fewer[int(np.argmax(likeness))]
    return best


def fewest_rectangles(roof: Ring, most: int = 3) -> list[Clicks]:
    """Return where to click for the rectangles that are together like `roof`: as few as that takes, `most` at most."""
    truth = shapely.Polygon(roof)
    for count in range(1, most + 1):
        boxes = max(
            (_fitted(truth, start) for start in _starts(truth, count)), key=lambda boxes: _likeness(boxes, truth)
        )
        if _likeness(boxes, truth) >= ENOUGH:
            break
    return [_clicks(box) for box in boxes]


Boxes = np.ndarray
"""(N, 5) middle column, middle row, half the length, half the width in px, angle in radians."""


def _starts(truth: shapely.Polygon, count: int) -> Iterator[Boxes]:
    """Yield first guesses: the rectangle around the roof, cut into `count` equal parts along or across."""
    corners = orient(truth.minimum_rotated_rectangle).exterior.coords[:4]
    (a, b, c, _), (x, y) = corners, truth.minimum_rotated_rectangle.centroid.coords[0]
    length, width, angle = math.dist(a, b) / 2, math.dist(b, c) / 2, math.atan2(b[1] - a[1], b[0] - a[0])
    for along, half, other in ((angle, length, width), (angle + math.pi / 2, width, length)):
        shifts = [half * (2 * number + 1 - count) / count for number in range(count)]
        yield np.array(
            [[x + shift * math.cos(along), y + shift * math.sin(along), half / count, other, along] for shift in shifts]
        )


def _polygon(box: np.ndarray) -> shapely.Polygon:
    x, y, length, width, angle = box
    ux, uy = math.cos(angle), math.sin(angle)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return shapely.Polygon(
        [(x + s * length * ux - t * width * uy, y + s * length * uy + t * width * ux) for s, t in signs]
    )


def _likeness(boxes: Boxes, truth: shapely.Polygon) -> float:
    return iou(shapely.union_all([_polygon(box) for box in boxes]), truth)


def _fitted(truth: shapely.Polygon, boxes: Boxes) -> Boxes:
    """Return rectangles moved, stretched and turned step by step as long as that makes them more like the roof."""
    best, step = _likeness(boxes, truth), _FIRST_STEP
    while step >= _LAST_STEP:
        improved = False
        for changed in list(_changes(boxes, step)):
            value = _likeness(changed, truth)
            if value > best + 1e-9:
                boxes, best, improved = changed, value, True
                break
        if not improved:
            step /= 2
    return boxes


def _changes(boxes: Boxes, step: float) -> Iterator[Boxes]:
    """Yield the rectangles with one side of one of them moved, or one of them turned, by `step` px at its end."""
    for number, (_, _, length, width, angle) in enumerate(boxes):
        along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        for sign in (-1, 1):
            for direction, index, half in ((along, 2, length), (across, 3, width)):
                for grown in (step, -step):
                    if half + grown / 2 > 1:
                        yield _with(boxes, number, sign * grown / 2 * direction, index, grown / 2)
            yield _with(boxes, number, np.zeros(2), 4, sign * step / max(length, width))


def _with(boxes: Boxes, number: int, shift: np.ndarray, index: int, change: float) -> Boxes:
    changed = boxes.copy()
    changed[number, :2] += shift
    changed[number, index] += change
    return changed


def _clicks(box: np.ndarray) -> Clicks:
    """Return the longer side and a corner opposite: a long side shows the angle best."""
    a, b, c, d = _polygon(box).exterior.coords[:4]
    return (a, b, c) if math.dist(a, b) >= math.dist(b, c) else (b, c, d)


def drawn(clicks: Sequence[Clicks]) -> shapely.Geometry:
    """Return what the tool makes of the clicks."""
    return shapely.union_all([shapely.Polygon(rectangle_on(*each)) for each in clicks])
