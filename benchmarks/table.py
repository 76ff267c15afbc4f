"""A line of the table: landseg and its baseline, measured in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Line:
    """Seconds of landseg and of the baseline, a list entry for each round."""

    name: str
    landseg: list[float]
    baseline_name: str
    baseline: list[float]

    @property
    def ratio(self) -> float:
        """Return how many times as fast as the baseline landseg is: the median over the rounds."""
        return statistics.median(b / a for a, b in zip(self.landseg, self.baseline, strict=True))

    def markdown(self) -> str:
        cells = (self.name, _spread(self.landseg), self.baseline_name, _spread(self.baseline), f"{self.ratio:.2f}x")
        return f"| {' | '.join(cells)} |"


HEADER = "| what | landseg | baseline | baseline's time | ratio |\n|---|---|---|---|---|"


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3g} s ({min(seconds):.3g}-{max(seconds):.3g})"


def interleaved(name: str, landseg: Callable[[], object], baseline_name: str, baseline: Callable[[], object]) -> Line:
    """Time both A B A B, after one round that is not counted: the machine's pace wanders, so only ratios last."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for round_number in range(ROUNDS + 1):
        for work, times in zip((landseg, baseline), seconds, strict=True):
            start = time.perf_counter()
            work()
            if round_number:
                times.append(time.perf_counter() - start)
    return Line(name, seconds[0], baseline_name, seconds[1])
