"""Halves an image: four pixels become one, without any shift."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]

_ROUNDED_ALIKE = frozenset({"uint8", "uint16"})  # OpenCV's mean of four is rounded half up, as here, and much faster
_SUM_TYPES = {"uint8": "uint16", "uint16": "uint32", "float32": "float32"}


def halve(pixels: Pixels, valid: Valid, *, categorical: bool) -> tuple[Pixels, Valid]:
    """Return (C, H/2, W/2) pixels of the same type and which of them are valid, from (C, H, W) and (H, W).

    Pixels of an image are the mean of the valid ones among the four that they cover, and valid where there is one.
    Codes of a map (`categorical`, one band) are the most frequent of the valid ones: a mean of two classes would be a
    third. An odd last row or column counts as followed by invalid pixels.
    """
    pixels, valid = _made_even(pixels, valid)
    if categorical:
        return _most_frequent(pixels, valid)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite values stay what they are
        if valid.all():
            return _mean_of_four(pixels), valid[::2, ::2]
        return _mean_of_valid(pixels, valid)


def _made_even(pixels: Pixels, valid: Valid) -> tuple[Pixels, Valid]:
    rows, columns = valid.shape[0] % 2, valid.shape[1] % 2
    if not rows and not columns:
        return pixels, valid
    return np.pad(pixels, ((0, 0), (0, rows), (0, columns))), np.pad(valid, ((0, rows), (0, columns)))


def _quarters(array: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return the four pixels of each 2 x 2 square: upper left, upper right, lower left, lower right."""
    return [array[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]


def _sum_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a type that holds the sum of four values: exactly, for pixels of up to 16 bits."""
    return np.dtype(_SUM_TYPES.get(dtype.name, "float64"))


def _mean_of_four(pixels: Pixels) -> Pixels:
    if pixels.dtype.name in _ROUNDED_ALIKE:
        size = pixels.shape[2] // 2, pixels.shape[1] // 2
        return np.stack([cv2.resize(band, size, interpolation=cv2.INTER_AREA) for band in pixels])
    kind = _sum_type(pixels.dtype)
    upper_left, upper_right, lower_left, lower_right = _quarters(pixels)
    total = np.add(upper_left, upper_right, dtype=kind)
    total += lower_left
    total += lower_right
    return _divided(total, 4, pixels.dtype)


def _mean_of_valid(pixels: Pixels, valid: Valid) -> tuple[Pixels, Valid]:
    kind = _sum_type(pixels.dtype)
    known = [np.where(v, p, 0) for p, v in zip(_quarters(pixels), _quarters(valid), strict=True)]
    total = np.sum(known, axis=0, dtype=kind)
    count = np.sum(_quarters(valid), axis=0, dtype=np.uint8)
    return _divided(total, np.maximum(count, 1).astype(kind), pixels.dtype), np.asarray(count > 0)


def _divided(total: Pixels, count: Any, dtype: np.dtype[Any]) -> Pixels:
    """Return `total / count`, rounded half up where the type has no fractions."""
    if dtype.kind == "f":
        mean = total / count
    elif total.dtype.kind == "f":
        mean = np.floor(total / count + 0.5)
    else:
        mean = (total + count // 2) // count
    return np.asarray(mean, dtype)


def _most_frequent(pixels: Pixels, valid: Valid) -> tuple[Pixels, Valid]:
    """Take from each square the code that most of its valid pixels have, the first of equals.

    Nearly all squares of a map have one code: votes are counted only in the others.
    """
    codes, known = _quarters(pixels[0]), _quarters(valid)
    mixed = ~np.logical_and.reduce(known)
    for other in codes[1:]:
        mixed |= codes[0] != other
    result, shown = codes[0].copy(), known[0].copy()
    result[mixed], shown[mixed] = _voted([code[mixed] for code in codes], [valid[mixed] for valid in known])
    return result[np.newaxis], shown


def _voted(codes: Sequence[npt.NDArray[Any]], known: Sequence[Valid]) -> tuple[npt.NDArray[Any], Valid]:
    votes = [valid.astype(np.uint8) for valid in known]
    for one, other in itertools.combinations(range(4), 2):
        agree = (codes[one] == codes[other]) & known[one] & known[other]
        votes[one] += agree
        votes[other] += agree
    choice = np.argmax(votes, axis=0)
    return np.choose(choice, codes), np.choose(choice, known)
