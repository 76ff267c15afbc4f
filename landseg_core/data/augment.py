"""The eight symmetries of a square: flips and quarter turns, pixels and labels together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SYMMETRIES = 8


def apply_symmetry(array: npt.NDArray[Any], symmetry: int) -> npt.NDArray[Any]:
    """Return `array` (..., S, S) under symmetry 0-7: bits 0-1 are quarter turns, bit 2 mirrors left to right first."""
    mirrored = array[..., ::-1] if symmetry & 4 else array
    return np.rot90(mirrored, symmetry & 3, axes=(-2, -1))


def undo_symmetry(array: npt.NDArray[Any], symmetry: int) -> npt.NDArray[Any]:
    """Return what `apply_symmetry` made `array` of."""
    turned = np.rot90(array, -(symmetry & 3), axes=(-2, -1))
    return turned[..., ::-1] if symmetry & 4 else turned


def flip_and_turn(
    pixels: npt.NDArray[Any], labels: npt.NDArray[Any], rng: np.random.Generator
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return copies of (N, C, S, S) pixels and (N, S, S) labels, each chip under a random symmetry of its own."""
    symmetries = rng.integers(SYMMETRIES, size=len(pixels))
    turned = [(apply_symmetry(p, s), apply_symmetry(q, s)) for p, q, s in zip(pixels, labels, symmetries, strict=True)]
    return np.stack([pair[0] for pair in turned]), np.stack([pair[1] for pair in turned])
