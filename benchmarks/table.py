"""Lines of the table: landseg and its baseline, measured in turns, and what is asked for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

ROUNDS = 5


@dataclass(frozen=True)
class Target:
    """What a line is to reach: a `ratio` to the baseline at least, or a `value` of landseg's own at most."""

    ratio: float | None = None
    value: float | None = None

    def told(self, unit: str) -> str:
        return f">= {self.ratio:g}x" if self.ratio is not None else f"<= {self.value:g} {unit}"

    def reached(self, line: Line) -> bool:
        if self.ratio is not None:
            return line.ratio is not None and line.ratio >= self.ratio
        return self.value is not None and line.middle <= self.value


@dataclass(frozen=True)
class Line:
    """Figures of landseg and of the baseline in `unit`, one for each round; less is better, unless `more` is.

    A line without baseline is a figure of its own.
    """

    name: str
    landseg: Sequence[float]
    baseline_name: str = ""
    baseline: Sequence[float] = ()
    unit: str = "s"
    more: bool = False
    target: Target | None = None

    @property
    def middle(self) -> float:
        """Return landseg's median."""
        return statistics.median(self.landseg)

    @property
    def ratio(self) -> float | None:
        """Return how many times as good as the baseline landseg is: the median over the rounds."""
        if not self.baseline:
            return None
        pairs = zip(self.landseg, self.baseline, strict=True)
        return statistics.median(own / other if self.more else other / own for own, other in pairs)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Line:
        """Return the line that `as_dict` told."""
        baseline = told["baseline"] or {"name": "", "rounds": ()}
        return cls(
            told["name"],
            told["landseg"]["rounds"],
            baseline["name"],
            baseline["rounds"],
            told["unit"],
            more=told["more_is_better"],
            target=Target(**told["target"]) if told["target"] else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all that is known, JSON-able."""
        return {
            "name": self.name,
            "unit": self.unit,
            "more_is_better": self.more,
            "landseg": _figures(self.landseg),
            "baseline": {"name": self.baseline_name, **_figures(self.baseline)} if self.baseline else None,
            "ratio": self.ratio,
            "target": asdict(self.target) if self.target else None,
            "reached": self.target.reached(self) if self.target else None,
        }

    def markdown(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        asked = self.target.told(self.unit) if self.target else ""
        reached = "" if self.target is None else "yes" if self.target.reached(self) else "**no**"
        baseline = f"{self.baseline_name}: {_spread(self.baseline, self.unit)}" if self.baseline else ""
        cells = (self.name, _spread(self.landseg, self.unit), baseline, ratio, asked, reached)
        return f"| {' | '.join(cells)} |"


def percentile_95(values: Sequence[float]) -> float:
    """Return the 95th percentile: nearly the slowest."""
    return float(np.percentile(values, 95))


HEADER = "| what | landseg | baseline | ratio | target | reached |\n|---|---|---|---|---|---|"


def _figures(values: Sequence[float]) -> dict[str, Any]:
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "rounds": list(values)}


def _spread(values: Sequence[float], unit: str) -> str:
    middle = f"{statistics.median(values):.3g} {unit}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3g}-{max(values):.3g})"


def in_turns(
    works: Sequence[Callable[[], float | None]], rounds: int = ROUNDS, *, warm_up: bool = True
) -> list[list[float]]:
    """Run all works A B A B; return the figures of each. The first round, to warm up, is not counted.

    A work gives its own figure, or None for the seconds that it takes. The machine's pace wanders: only what is
    measured in the same round can be compared.
    """
    figures: list[list[float]] = [[] for _ in works]
    for number in range(rounds + warm_up):
        for work, found in zip(works, figures, strict=True):
            start = time.perf_counter()
            own = work()
            seconds = time.perf_counter() - start
            if number >= warm_up:
                found.append(seconds if own is None else own)
    return figures


def interleaved(
    name: str,
    landseg: Callable[[], float | None],
    baseline_name: str,
    baseline: Callable[[], float | None],
    target: Target | None = None,
    rounds: int = ROUNDS,
) -> Line:
    """Time both in turns, in seconds."""
    own, other = in_turns([landseg, baseline], rounds)
    return Line(name, own, baseline_name, other, target=target)
