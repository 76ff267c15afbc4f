"""Smooth random fields, from exact arithmetic only (+ - * /), so that they are the same on every machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]


def value_noise(rng: np.random.Generator, width: int, height: int, spacing: float) -> Field:
    """Return (H, W) smooth noise, 0 to 1: random values `spacing` px apart, eased between by 3t^2 - 2t^3."""
    columns, across = _knots(width, spacing)
    rows, down = _knots(height, spacing)
    knots = rng.random((int(rows[-1]) + 2, int(columns[-1]) + 2), np.float32)
    left, right = knots[:, columns], knots[:, columns + 1]
    stripes = left + (right - left) * across
    return np.asarray(stripes[rows] + (stripes[rows + 1] - stripes[rows]) * down[:, None], np.float32)


def _knots(length: int, spacing: float) -> tuple[npt.NDArray[np.intp], Field]:
    """Return for each pixel the knot before it and the eased way (0 to 1) to the next."""
    position = (np.arange(length) + 0.5) / spacing
    knot = np.floor(position).astype(np.intp)
    way = position - knot
    return knot, (way * way * (3 - 2 * way)).astype(np.float32)


def fractal_noise(rng: np.random.Generator, width: int, height: int, spacing: float, octaves: int) -> Field:
    """Return (H, W) noise, 0 to 1, with ever finer detail: each octave halves spacing and weight."""
    total = np.zeros((height, width), np.float32)
    weights = [0.5**octave for octave in range(octaves)]
    for octave, weight in enumerate(weights):
        total += np.float32(weight / sum(weights)) * value_noise(rng, width, height, spacing / 2**octave)
    return total


def smooth_line(rng: np.random.Generator, length: int, spacing: float) -> Field:
    """Return (length,) smooth noise, 0 to 1, along a line."""
    return value_noise(rng, length, 1, spacing).ravel()


def grain(rng: np.random.Generator, width: int, height: int, strength: int) -> Field:
    """Return (H, W) sensor noise around 0: the sum of two dice, each up to `strength` either way."""
    dice = rng.integers(-strength, strength + 1, (2, height, width), np.int16)
    return np.asarray(dice.sum(axis=0), np.float32)


def softened(image: Field) -> Field:
    """Return a (C, H, W) image blurred as a lens does: weights 1 2 1 along both axes."""
    rows = np.pad(image, ((0, 0), (1, 1), (0, 0)), mode="edge")
    down = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    columns = np.pad(down, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return np.asarray((columns[:, :, :-2] + 2 * columns[:, :, 1:-1] + columns[:, :, 2:]) / 16, np.float32)
