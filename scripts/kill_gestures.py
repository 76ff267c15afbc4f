"""The gestures of `kill_test.py`, and a plain model of what they do to the labels of one image."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import PolygonRegion, Region, StrokeRegion
from landseg_core.project import history

WIDTH, HEIGHT = 1300, 1100
WINDOW = PixelWindow(0, 0, WIDTH, HEIGHT)
VALUES = (0, 1, 2)
SCHEMA = ClassSchema.model_validate(
    {"classes": [{"value": value, "name": f"class {value}", "colour": "#0072b2"} for value in VALUES]}
)
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Gesture:
    """The gesture of a number: `kind` says which of the rest it uses."""

    number: int
    kind: str
    value: int
    old: int
    points: tuple[tuple[float, float], ...]
    size: float

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def region(self) -> Region:
        if self.kind == "stroke":
            return StrokeRegion(self.points, self.size)
        return PolygonRegion([self.points])

    @property
    def window(self) -> PixelWindow:
        (x, y), *_ = self.points
        return PixelWindow(int(x), int(y), WIDTH // 2, HEIGHT // 2)

    def reassigned(self, values: Labels) -> Labels:
        return np.where(values == self.old, np.uint8(self.value), values)


KINDS = {"stroke": 8, "polygon": 4, "undo": 4, "redo": 3, "bulk": 3, "area": 1}


def gesture(seed: int, number: int) -> Gesture:
    """Return the same gesture for the same number, in the parent and in every child."""
    dice = random.Random(f"{seed}/{number}")
    points = tuple((dice.uniform(-50, WIDTH + 50), dice.uniform(-50, HEIGHT + 50)) for _ in range(dice.randint(3, 6)))
    return Gesture(
        number,
        kind=dice.choices(list(KINDS), list(KINDS.values()))[0],
        value=dice.choice((*VALUES, 255)),
        old=dice.choice((*VALUES, 255)),
        points=points,
        size=dice.uniform(2, 150),
    )


@dataclass(frozen=True)
class State:
    """The labels, compressed, and the working areas after the step `name`."""

    name: str
    packed: bytes
    areas: tuple[Any, ...]

    @property
    def labels(self) -> Labels:
        return np.frombuffer(zlib.decompress(self.packed), np.uint8).reshape(HEIGHT, WIDTH)


@dataclass(frozen=True)
class Model:
    """The undo history as a list: the states of all steps, and which one is there now."""

    states: tuple[State, ...]
    position: int = 0

    @property
    def now(self) -> State:
        return self.states[self.position]

    def after(self, item: Gesture) -> Model:
        """Return the model after a gesture."""
        if item.kind == "undo":
            return replace(self, position=max(0, self.position - 1))
        if item.kind == "redo":
            return replace(self, position=min(len(self.states) - 1, self.position + 1))
        state = self._area(item) if item.kind == "area" else self._painted(item)
        if item.kind != "area" and state.packed == self.now.packed:
            return self
        states = (*self.states[: self.position + 1], state)[-(history.MOST_STEPS + 1) :]
        return Model(states, len(states) - 1)

    def _area(self, item: Gesture) -> State:
        return State(item.name, self.now.packed, (item.points,))

    def _painted(self, item: Gesture) -> State:
        labels = self.now.labels.copy()
        if item.kind == "bulk":
            part = tiles_of(item.window)
            labels[part] = item.reassigned(labels[part])
        else:
            labels[item.region.mask(WINDOW)] = item.value
        return State(item.name, zlib.compress(labels.tobytes(), 1), self.now.areas)


def tiles_of(window: PixelWindow) -> tuple[slice, slice]:
    """Return the rows and columns of the whole tiles that `window` touches inside the image."""
    inside = window.intersection(WINDOW)
    if inside is None:
        return slice(0), slice(0)
    rows = slice(inside.y // 512 * 512, -(-inside.bottom // 512) * 512)
    return rows, slice(inside.x // 512 * 512, -(-inside.right // 512) * 512)
