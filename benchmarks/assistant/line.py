"""A line of the table: what is measured on which scenes with which seeds, and what it is to reach."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.assistant.scenes import FINAL, DataSet, Scene
from benchmarks.simulated_user import Effort

Values = Mapping[str, float | Sequence[float]]
"""What was measured, by name; a list has a number for each view."""
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "lowest": min,
}


@dataclass(frozen=True)
class Goal:
    """What a statistic of a measured value over all runs is to reach; without a bound it is reported alone.

    `over` names a line whose value, of the same scene and seed, is subtracted.
    """

    value: str
    title: str
    by: str = "median"
    over: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def asked(self) -> str:
        """Return the bound as people write it."""
        if self.at_least is not None:
            return f">= {self.at_least:+g}" if self.over or self.value.startswith("gain") else f">= {self.at_least:g}"
        return "reported" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def bounded(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    def statistic(self, numbers: Sequence[float]) -> float:
        return STATISTICS[self.by](numbers)

    def reached(self, numbers: Sequence[float]) -> bool:
        found = self.statistic(numbers)
        return (self.at_least is None or found >= self.at_least) and (self.at_most is None or found <= self.at_most)


@dataclass(frozen=True)
class Case:
    """One run of a line: a scene, a seed, and an empty folder for what comes up meanwhile.

    `minutes` shortens every training; such runs are for trying alone.
    """

    data: DataSet
    scene: Scene
    seed: int
    folder: Path
    minutes: float | None = None

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of the scene and seed for a purpose: lines that share it see the same ones."""
        return np.random.default_rng([self.seed, *f"{self.scene.name} {purpose}".encode()])

    def length(self, minutes: float) -> float:
        """Return how many minutes a training that is meant to take `minutes` takes."""
        return self.minutes or minutes


@dataclass(frozen=True)
class Measured:
    """What a run of a line gave; the seconds are those that a person waits for the computer."""

    values: Values
    effort: Effort = field(default_factory=Effort)
    computer_s: float = 0.0


@dataclass(frozen=True)
class Line:
    """How a line is measured, and the goals of its values; a `fixed` one does not depend on the code of now."""

    title: str
    measure: Callable[[Case], Measured]
    goals: tuple[Goal, ...] = ()
    trains: bool = False
    fixed: bool = False
    scenes: tuple[str, ...] = FINAL
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
