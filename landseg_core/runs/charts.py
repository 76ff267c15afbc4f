"""The curves of a report as plain geometry, which the page draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from landseg_core.runs.curves import run_curves
from landseg_core.runs.history import Points, RunHistory

WIDTH, HEIGHT = 440, 210
"""The size of a chart in its own units."""
LEFT, RIGHT, TOP, BOTTOM = 56, 34, 12, 26
"""The margins around its lines, for the axes' numbers: on the right, for half of the last minute's."""

_NOTHING = 1e-30
"""Values up to this are drawn as 0: an axis cannot end there."""


@dataclass(frozen=True)
class Tick:
    """A tick of an axis: its position and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """A curve: its name, the style of its stroke, its points for SVG, and those to mark with dots."""

    name: str
    style: str
    points: str
    dots: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Chart:
    """Curves over the minutes of a run; `summary` says in words what they show."""

    title: str
    unit: str
    summary: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Curve:
    """(n, 2) points, minutes and values, of a name and a style; `dotted` curves have few points and show each."""

    name: str
    style: str
    points: Points
    dotted: bool = False


def run_charts(history: RunHistory) -> tuple[Chart, ...]:
    """Return the charts of a run: loss, mIoU, learning rate; those that have no point are left out."""
    curves = run_curves(history)
    train = Curve("training, smoothed", "train", curves.train_loss)
    val = Curve("validation", "val", curves.val_loss, dotted=True)
    miou = Curve("validation", "miou", curves.miou, dotted=True)
    rate = Curve("learning rate", "rate", curves.learning_rate)
    last = max(history.seconds / 60, 1e-9)
    made = (
        chart("Loss", "", (train, val), last),
        chart("mIoU", "%", (miou,), last),
        chart("Learning rate", "", (rate,), last),
    )
    return tuple(item for item in made if item is not None)


def chart(title: str, unit: str, curves: Sequence[Curve], last_minute: float) -> Chart | None:
    """Return a chart of `curves` from minute 0 to `last_minute`, or None where they have no point.

    The values start at 0, which is where a loss, an IoU and a rate are as good as they get or as low.
    """
    shown = [(curve, curve.points) for curve in curves if len(curve.points)]
    if not shown:
        return None
    top = max(float(points[:, 1].max()) for _, points in shown)
    y_ticks = nice_ticks(top if top > _NOTHING else 1.0)
    scale = Scale(last_minute, y_ticks[-1])
    return Chart(
        title,
        unit,
        f"{title} over {_number(last_minute)} minutes; "
        + ", ".join(f"{curve.name}: last {_number(float(points[-1, 1]))}{unit}" for curve, points in shown),
        tuple(_line(curve, points, scale) for curve, points in shown),
        tuple(Tick(scale.x(value), _number(value)) for value in nice_ticks(last_minute) if value <= last_minute),
        tuple(Tick(scale.y(value), _number(value)) for value in y_ticks),
    )


@dataclass(frozen=True)
class Scale:
    """From minutes and values, both from 0, to coordinates in a chart."""

    last: float
    top: float

    def x(self, minutes: float) -> float:
        """Return the x coordinate of a minute."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * minutes / self.last, 1)

    def y(self, value: float) -> float:
        """Return the y coordinate of a value."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top, 1)


def nice_ticks(top: float, about: int = 5) -> tuple[float, ...]:
    """Return about `about` round values from 0 up to at least `top` (above 0)."""
    rough = top / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough * (1 - 1e-9))
    return tuple(float(f"{step * count:.12g}") for count in range(math.ceil(top / step - 1e-9) + 1))


def _line(curve: Curve, points: Points, scale: Scale) -> Line:
    points_on_chart = [(scale.x(x), scale.y(y)) for x, y in points.tolist()]
    return Line(
        curve.name,
        curve.style,
        " ".join(f"{x:g},{y:g}" for x, y in points_on_chart),
        tuple(points_on_chart) if curve.dotted else (),
    )


def _number(value: float) -> str:
    return f"{value:.3g}"
