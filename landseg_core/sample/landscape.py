"""Composes a landscape: fields, woods, water, roads, houses, and the light on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from landseg_core.sample.canvas import Canvas
from landseg_core.sample.countryside import paint_fields, paint_water, paint_woods
from landseg_core.sample.noise import Field, fractal_noise, grain, softened, value_noise
from landseg_core.sample.settlement import (
    MAIN_ROAD,
    Road,
    paint_houses,
    paint_markings,
    paint_road,
    park_cars,
    plan_roads,
)


def make_landscape(
    width: int, height: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return an image (3, H, W) and its class values (H, W), both uint8.

    Only exact arithmetic and numpy's integer and uniform random numbers are used, so that a seed gives the same
    landscape everywhere. Colours overlap between classes on purpose: a network has to learn texture and shape.
    """
    canvas = Canvas.blank(width, height)
    paint_fields(canvas, rng)
    paint_woods(canvas, rng)
    paint_water(canvas, rng)
    texture = 36 * (fractal_noise(rng, width, height, 24, 4) - np.float32(0.5))
    _settle(canvas, plan_roads(canvas, rng), rng, texture)
    return _photograph(canvas, rng), canvas.labels


def _settle(canvas: Canvas, roads: list[Road], rng: np.random.Generator, texture: Field) -> None:
    for road in roads:
        paint_road(canvas, road, texture)
    for road in roads:
        paint_houses(canvas, road, rng, texture)
        park_cars(canvas, road, rng)
        if road.half_width >= MAIN_ROAD:
            paint_markings(canvas, road)


def _photograph(canvas: Canvas, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the image under uneven light, with a lens's blur and a sensor's grain."""
    light = np.float32(0.88) + np.float32(0.24) * value_noise(rng, canvas.width, canvas.height, 700)
    seen = softened(canvas.image * light[None]) + grain(rng, canvas.width, canvas.height, 5)[None]
    return np.asarray(np.clip(np.floor(seen + np.float32(0.5)), 0, 255), np.uint8)
