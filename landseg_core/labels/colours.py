"""Class colours that everybody can distinguish, colour-blind people included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

_OKABE_ITO = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000")
"""Okabe and Ito, Color Universal Design (2008)."""

_LEAST_DISTANCE = 15.0
"""One of Okabe and Ito's colours closer than this (Delta E) to a colour in use is not chosen."""

_DARKEST, _LIGHTEST = 25.0, 95.0
"""The range of lightness (L*) of the other colours: darker ones are lost in shadows, lighter ones on concrete."""

_NORMAL = np.eye(3)
_PROTANOPIA = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
_DEUTERANOPIA = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
"""How linear sRGB looks without one kind of cones: Viénot, Brettel, Mollon, Digital video colourmaps (1999)."""

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)

Floats = npt.NDArray[np.float64]


def distinct_colours(count: int, avoid: Sequence[str] = ()) -> list[str]:
    """Return `count` colours `#rrggbb`, all different, that contrast with each other and with those of `avoid`.

    First come Okabe and Ito's, then the colour furthest from all others, for people with normal sight, protanopia and
    deuteranopia (the smallest of the three distances).
    """
    names, looks = _candidates()
    nearest = np.full(len(names), np.inf)
    for colour in avoid:
        nearest = np.minimum(nearest, _distances(looks, _looks(_rgb([colour]))))
    chosen: list[str] = []
    while len(chosen) < count:
        index = _next(nearest)
        chosen.append(names[index])
        nearest = np.minimum(nearest, _distances(looks, looks[:, index : index + 1]))
    return chosen


def _next(nearest: Floats) -> int:
    """Return the index of the next colour, by the distances to the nearest colours in use."""
    good = np.flatnonzero(nearest[: len(_OKABE_ITO)] >= _LEAST_DISTANCE)
    return int(good[0]) if good.size else int(np.argmax(nearest))


@cache
def _candidates() -> tuple[list[str], Floats]:
    """Return the colours to choose from, Okabe and Ito's first, and their looks, see `_looks`."""
    steps = range(0, 256, 17)
    grid = [f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in steps]
    lightness = _lab(_rgb(grid))[:, 0]
    names = [*_OKABE_ITO, *(grid[index] for index in np.flatnonzero((lightness > _DARKEST) & (lightness < _LIGHTEST)))]
    return names, _looks(_rgb(names))


def _rgb(colours: Sequence[str]) -> Floats:
    """Return (N, 3) linear light, 0-1."""
    signal = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def _looks(rgb: Floats) -> Floats:
    """Return (3, N, 3) CIELAB: how N colours look with normal sight, protanopia and deuteranopia."""
    return np.stack([_lab(np.clip(rgb @ sight.T, 0, 1)) for sight in (_NORMAL, _PROTANOPIA, _DEUTERANOPIA)])


def _lab(rgb: Floats) -> Floats:
    relative = rgb @ _TO_XYZ.T / _WHITE
    x, y, z = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _distances(looks: Floats, one: Floats) -> Floats:
    """Return (N,) Delta E 1976 of each of N colours to `one`, with the sight that distinguishes them least."""
    return np.asarray(np.sqrt(((looks - one) ** 2).sum(axis=-1)).min(axis=0))
