"""Roads and the houses along them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from landseg_core.sample.canvas import (
    BACKGROUND,
    BUILDING,
    ROAD,
    WATER,
    Box,
    Canvas,
    Colour,
    Point,
    Rectangle,
    colour_field,
    unit,
)
from landseg_core.sample.noise import Field, smooth_line

ASPHALT: Colour = (128, 128, 128)
GRAVEL: Colour = (184, 176, 160)
VERGE: Colour = (104, 112, 66)
ROOFS: tuple[Colour, ...] = (
    (172, 88, 62),
    (148, 74, 56),
    (116, 82, 68),
    (188, 112, 76),
    (84, 90, 114),
    (206, 146, 112),
)
GROUNDS: tuple[Colour, ...] = ((96, 122, 70), (112, 132, 80), (150, 140, 112), (128, 116, 90))
CARS: tuple[Colour, ...] = ((220, 220, 222), (40, 42, 46), (150, 40, 36), (60, 80, 130), (160, 162, 166))
MAIN_ROAD = 11.0
"""Half the width of the lesser main road in px."""
HOUSE_SPACING = 84
"""Houses stand about this many px apart along a road."""
STEP = 24
"""Roads are drawn in straight pieces of about this many px."""


@dataclass(frozen=True)
class Road:
    """A line of points in px, half the road's width, what it is made of, and whether it goes on where houses end."""

    points: tuple[Point, ...]
    half_width: float
    colour: Colour
    is_through: bool

    def pieces(self) -> Iterator[tuple[Point, Point]]:
        """Yield the ends of each straight piece."""
        return itertools.pairwise(self.points)


def plan_roads(canvas: Canvas, rng: np.random.Generator) -> list[Road]:
    """Return a track and two main roads across the land, and the streets of villages along these, on open ground."""
    track = _through_road(canvas, rng, 7.0, GRAVEL)
    across = _through_road(canvas, rng, MAIN_ROAD + 2, ASPHALT)
    down = _through_road(canvas, rng, MAIN_ROAD, ASPHALT, downwards=True)
    streets: list[Road] = []
    for street in (*_streets(across.points, rng), *_streets(down.points, rng)):
        if _is_on_open_ground(canvas, street) and _is_apart(street, streets):
            streets.append(street)
    return [track, *streets, across, down]


def _is_apart(street: Road, others: Sequence[Road]) -> bool:
    """Return whether a street keeps its distance from others, so that there is room for houses."""
    taken = [point for other in others for point in _walk(other, 20)]
    return all(math.dist(point, other) > 130 for point in _walk(street, 20) for other in taken)


def _through_road(
    canvas: Canvas, rng: np.random.Generator, half_width: float, colour: Colour, *, downwards: bool = False
) -> Road:
    """Return a road from side to side: of some courses, the one with the least water below it."""
    width, height = canvas.width, canvas.height
    courses = [_winding(rng, height, width) if downwards else _winding(rng, width, height) for _ in range(12)]
    points = [tuple((x, y) for y, x in course) if downwards else course for course in courses]
    roads = [Road(line, half_width, colour, is_through=True) for line in points]
    return min(roads, key=lambda road: _labels_below(canvas, road).count(WATER))


def _is_on_open_ground(canvas: Canvas, road: Road) -> bool:
    labels = _labels_below(canvas, road)
    return labels.count(BACKGROUND) > 0.8 * len(labels) and WATER not in labels


def _labels_below(canvas: Canvas, road: Road) -> list[int]:
    """Return the labels along a road's middle line, where that is on the canvas."""
    points = [(int(x), int(y)) for x, y in _walk(road, 10)]
    return [int(canvas.labels[y, x]) for x, y in points if 0 <= x < canvas.width and 0 <= y < canvas.height]


def _winding(rng: np.random.Generator, length: int, breadth: int) -> tuple[Point, ...]:
    """Return points from one end of `length` to the other that wander over `breadth`."""
    positions = np.linspace(0, length, max(2, length // STEP + 1))
    course = breadth * (0.1 + 0.8 * smooth_line(rng, len(positions), 24).astype(np.float64))
    return tuple(zip(positions.tolist(), course.tolist(), strict=True))


def _streets(main: Sequence[Point], rng: np.random.Generator) -> Iterator[Road]:
    """Yield side streets of a main road, both ways, in the villages along it."""
    is_village = smooth_line(rng, len(main), 14) > 0.4
    for index in range(2, len(main) - 1, 9):
        (x, y), (ux, uy) = main[index], unit(main[index + 1][0] - main[index][0], main[index + 1][1] - main[index][1])
        ends = [(x - uy * way, y + ux * way) for way in (-float(rng.uniform(140, 420)), float(rng.uniform(140, 420)))]
        colour = ASPHALT if rng.random() < 0.75 else GRAVEL
        if is_village[index]:
            yield Road((ends[0], (x, y), ends[1]), float(rng.uniform(7.5, 9)), colour, is_through=False)


def paint_road(canvas: Canvas, road: Road, texture: Field) -> None:
    """Draw a road with a worn surface, and verges where it is not on a bridge or in a wood."""
    for start, end in road.pieces():
        box = Box.around([start, end], road.half_width + 6, canvas)
        distance = _distance(box, start, end)
        rough = texture[box.slices][None]
        is_verge = (distance < road.half_width + 5) & (canvas.labels[box.slices] == BACKGROUND)
        canvas.paint(is_verge, colour_field(VERGE) + rough, box=box)
        canvas.paint(distance < road.half_width, colour_field(road.colour) + rough, ROAD, box)


def paint_markings(canvas: Canvas, road: Road) -> None:
    """Draw the dashed middle line of a main road."""
    for start, end in road.pieces():
        dash = tuple(a + (b - a) * 0.4 for a, b in zip(start, end, strict=True))
        box = Box.around([start, end], 2, canvas)
        canvas.paint(_distance(box, start, (dash[0], dash[1])) < 1.2, colour_field((214, 214, 208)), box=box)


def _distance(box: Box, start: Point, end: Point) -> Field:
    """Return the distance of each pixel of `box` from the line between two points."""
    x, y = box.centres()
    dx, dy = end[0] - start[0], end[1] - start[1]
    way = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    off_x, off_y = x - start[0] - way * dx, y - start[1] - way * dy
    return np.asarray(np.sqrt(off_x * off_x + off_y * off_y), np.float32)


def paint_houses(canvas: Canvas, road: Road, rng: np.random.Generator, texture: Field) -> None:
    """Build houses on both sides of a road where there is room: all along a street, in groups along others."""
    fronts = list(itertools.pairwise(_walk(road, HOUSE_SPACING)))
    settled = smooth_line(rng, max(1, len(fronts)), 8) > (0.5 if road.is_through else -1)
    for (start, end), is_settled in zip(fronts, settled, strict=False):
        ux, uy = unit(end[0] - start[0], end[1] - start[1])
        for side in (-1, 1) if is_settled else ():
            plan = Rectangle(start, (ux, uy), float(rng.uniform(34, 70)), float(rng.uniform(30, 48)))
            setback = side * (road.half_width + plan.width / 2 + float(rng.uniform(12, 26)))
            _build(canvas, plan.shifted(-uy * setback, ux * setback), rng, texture)


def _walk(road: Road, step: float) -> Iterator[Point]:
    """Yield points `step` px apart along a road."""
    waiting = 0.0
    for (ax, ay), (bx, by) in road.pieces():
        length = math.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
        while waiting < length:
            yield ax + (bx - ax) * waiting / length, ay + (by - ay) * waiting / length
            waiting += step
        waiting -= length


def _build(canvas: Canvas, plan: Rectangle, rng: np.random.Generator, texture: Field) -> None:
    """Build a house with its plot and shadow, if the space is free."""
    plot = plan.grown(9)
    box = plot.box(canvas, margin=22)
    free = canvas.labels[box.slices] == BACKGROUND
    if not plot.inside(box).any() or not free[plot.inside(box)].all():
        return
    ground = colour_field(GROUNDS[int(rng.integers(len(GROUNDS)))]) + texture[box.slices][None]
    canvas.paint(plot.inside(box), ground, box=box)
    height = int(rng.integers(8, 19))
    footprint = plan.inside(box)
    shadow = np.any([plan.shifted(step, step).inside(box) for step in range(1, height + 1)], axis=0)
    canvas.shade(shadow & ~footprint, 0.5, box)
    canvas.paint(footprint, _roof(plan, box, rng, texture), BUILDING, box)


def _roof(plan: Rectangle, box: Box, rng: np.random.Generator, texture: Field) -> Field:
    """Return the colours of a gable roof: two slopes in different light, rows of tiles, sometimes a chimney."""
    along, across = plan.along_across(box)
    slope = np.where(across > 0, np.float32(rng.uniform(0.7, 0.9)), np.float32(rng.uniform(1.0, 1.15)))
    rows = 12 * (np.abs(across / 6 % 1 - np.float32(0.5)))
    chimney = (np.abs(along - plan.length / 4) < 3) & (np.abs(across) < 3)
    colours = (colour_field(ROOFS[int(rng.integers(len(ROOFS)))]) + rows[None]) * slope[None]
    return np.asarray(np.where(chimney[None], np.float32(70), colours + texture[box.slices][None] / 2), np.float32)


def park_cars(canvas: Canvas, road: Road, rng: np.random.Generator) -> None:
    """Put cars on one lane here and there; the ground below them is still road."""
    for start, end in road.pieces():
        if rng.random() < 0.12:
            ux, uy = unit(end[0] - start[0], end[1] - start[1])
            lane = road.half_width / 2
            car = Rectangle((start[0] - uy * lane, start[1] + ux * lane), (ux, uy), 18, 8)
            box = car.box(canvas)
            canvas.paint(car.inside(box), colour_field(CARS[int(rng.integers(len(CARS)))]), box=box)
