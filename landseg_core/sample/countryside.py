"""Fields, woods and water."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from landseg_core.sample.canvas import WATER, WOODLAND, Canvas, Mask, colour_field, unit
from landseg_core.sample.noise import Field, fractal_noise, smooth_line, value_noise

CROPS = np.array(
    [
        (96, 132, 62), (84, 122, 58), (120, 140, 74), (76, 98, 58), (152, 124, 96), (158, 116, 90),
        (196, 178, 126), (134, 130, 124), (152, 142, 112), (70, 100, 52), (146, 146, 96), (112, 104, 68),
    ],
    np.float32,
)  # fmt: skip
"""Red, green, blue of crops, meadows, stubble and bare soil: some like woods, roofs or roads."""

CROWN_PITCH = 14.0
"""Mean distance of tree tops in px."""


def paint_fields(canvas: Canvas, rng: np.random.Generator) -> None:
    """Cover everything with parcels, each with a crop and furrows of its own."""
    width, height = canvas.width, canvas.height
    ux, uy = unit(1.0, rng.uniform(-0.45, 0.45))
    x = np.arange(width, dtype=np.float32)[None, :] + 60 * value_noise(rng, width, height, 500)
    y = np.arange(height, dtype=np.float32)[:, None] + 60 * value_noise(rng, width, height, 400)
    along, across = x * np.float32(ux) + y * np.float32(uy), y * np.float32(ux) - x * np.float32(uy)
    parcel = _parcels(along, across, rng)
    tilled_along = rng.random(64) < 0.5
    way = np.where(tilled_along[parcel], along, across)
    period = rng.uniform(7, 18, 64).astype(np.float32)[parcel]
    furrow = np.abs(way / period % 1 - np.float32(0.5)) * (rng.uniform(14, 44, 64).astype(np.float32)[parcel])
    patches = 44 * (fractal_noise(rng, width, height, 160, 6) - np.float32(0.5))
    crop = CROPS[rng.integers(len(CROPS), size=64)] + rng.integers(-10, 11, (64, 3)).astype(np.float32)
    canvas.image[:] = crop.T[:, parcel] + (furrow + patches)[None]


def _parcels(along: Field, across: Field, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the number (0-63) of each pixel's parcel: strips, each cut at its own positions."""
    strip = np.floor(across / 300).astype(np.int32)
    length = rng.uniform(200, 560, 64).astype(np.float32)
    offset = rng.uniform(0, 400, 64).astype(np.float32)
    piece = np.floor((along + offset[strip & 63]) / length[strip & 63]).astype(np.int32)
    order = rng.permutation(64)
    return np.asarray(order[(strip * 23 + piece * 7) & 63])


def paint_woods(canvas: Canvas, rng: np.random.Generator) -> None:
    """Grow woods on a fifth of the area, crown by crown, and let their edge cast a shadow."""
    height_above = fractal_noise(rng, canvas.width, canvas.height, 420, 5)
    woods = height_above > np.quantile(height_above, 0.8)
    canvas.shade(shadow_of(woods, 10) & ~woods, 0.55)
    kind = value_noise(rng, canvas.width, canvas.height, 130)[None]
    leaves = colour_field((66, 90, 46)) * kind + colour_field((52, 66, 44)) * (1 - kind)
    crowns = np.zeros_like(height_above)
    crowns[woods] = _crowns(woods, rng)
    canvas.paint(woods, leaves * (np.float32(0.5) + crowns), WOODLAND)


def _crowns(woods: Mask, rng: np.random.Generator) -> Field:
    """Return the brightness (0 to 1 and a bit) of each True pixel: domes lit from the upper left.

    A tree stands at a random position in each cell of a grid; a pixel shows the tree that is nearest (cellular noise,
    Worley, "A cellular texture basis function", 1996).
    """
    rows, columns = np.nonzero(woods)
    cells = int(max(woods.shape) / CROWN_PITCH) + 3
    jitter = rng.random((2, cells, cells), np.float32)
    tint = rng.random((cells, cells), np.float32)
    x, y = (columns / np.float32(CROWN_PITCH)).astype(np.float32), (rows / np.float32(CROWN_PITCH)).astype(np.float32)
    nearest = np.full(len(rows), np.inf, np.float32)
    light = np.zeros(len(rows), np.float32)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            row, column = y.astype(np.intp) + down, x.astype(np.intp) + right
            dx = x - (column - 1 + jitter[0, row, column])
            dy = y - (row - 1 + jitter[1, row, column])
            distance = dx * dx + dy * dy
            dome = np.float32(0.62) - np.float32(0.5) * (dx + dy) - np.float32(0.55) * distance
            closer = distance < nearest
            light[closer] = (dome + np.float32(0.3) * tint[row, column])[closer]
            nearest[closer] = distance[closer]
    return light


def shadow_of(mask: Mask, length: int) -> Mask:
    """Return what lies in the shadow of `mask` when the sun stands in the upper left."""
    shadow = mask.copy()
    for step in range(1, length + 1):
        shadow[step:, step:] |= mask[:-step, :-step]
    return shadow


def paint_water(canvas: Canvas, rng: np.random.Generator) -> None:
    """Let a river wind from top to bottom through a lake, between banks of sand."""
    width, height = canvas.width, canvas.height
    roughness = fractal_noise(rng, width, height, 110, 4) - np.float32(0.5)
    depth = np.maximum(_river(canvas, rng), _lake(canvas, rng)) + np.float32(0.8) * roughness
    banks, water = depth > -0.28, depth > 0
    canvas.paint(banks, colour_field((178, 160, 116)) + 40 * roughness[None])
    ripples = 14 * (value_noise(rng, width, height, 5) - np.float32(0.5))
    murk = value_noise(rng, width, height, 220)[None]
    shallow = np.clip(1 - depth, 0, 1)[None]
    colours = colour_field((50, 72, 68)) + colour_field((34, 26, -4)) * murk + 22 * shallow + ripples[None]
    canvas.paint(water, colours, WATER)


def _river(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Return a field that is positive in the river; 1 px from the bank changes it by 1/20."""
    middle = canvas.width * (np.float32(0.2) + np.float32(0.6) * smooth_line(rng, canvas.height, 330))
    slope = np.diff(middle, append=middle[-1:])
    half_width = 28 + 24 * smooth_line(rng, canvas.height, 200)
    x = np.arange(canvas.width, dtype=np.float32)[None, :]
    distance = np.abs(x - middle[:, None]) / np.sqrt(1 + slope * slope)[:, None]
    return np.asarray((half_width[:, None] - distance) / 20, np.float32)


def _lake(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Return a field that is positive in an oval lake."""
    x = np.arange(canvas.width, dtype=np.float32)[None, :] / canvas.width - np.float32(rng.uniform(0.15, 0.85))
    y = np.arange(canvas.height, dtype=np.float32)[:, None] / canvas.height - np.float32(rng.uniform(0.15, 0.85))
    wide, high = rng.uniform(0.07, 0.13), rng.uniform(0.09, 0.16)
    return np.asarray(np.float32(0.9) * (1 - (x / wide) * (x / wide) - (y / high) * (y / high)), np.float32)
