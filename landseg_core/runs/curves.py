"""The curves of a run, few points each: over its minutes for reports and comparisons, over its epochs for a window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landseg_core.runs.history import Points, RunHistory, smoothed, thinned


@dataclass(frozen=True)
class RunCurves:
    """(n, 2) points each: minutes of work, and the value. The training loss is smoothed, mIoU in percent."""

    train_loss: Points
    val_loss: Points
    miou: Points
    learning_rate: Points


def run_curves(history: RunHistory) -> RunCurves:
    """Return the curves of a run; one of which nothing was logged has no points."""
    steps, epochs = history.steps, history.epochs
    minutes = steps[:, 0] / 60
    return RunCurves(
        train_loss=thinned(np.column_stack([minutes, smoothed(steps[:, 1])])),
        val_loss=_points([(epoch.seconds, epoch.val_loss) for epoch in epochs]),
        miou=_points([(epoch.seconds, _percent(epoch.miou)) for epoch in epochs]),
        learning_rate=thinned(np.column_stack([minutes, steps[:, 2]])),
    )


@dataclass(frozen=True)
class EpochCurves:
    """(n, 2) points each: epochs, and the value; epoch k ends at exactly k. mIoU is in percent."""

    train_steps: Points
    train_loss: Points
    val_loss: Points
    miou: Points


_MOST_STEPS = 2000


def epoch_curves(history: RunHistory) -> EpochCurves:
    """Return the curves of a run over its epochs; `train_loss` is smoothed, `train_steps` is not."""
    epochs, positions, losses = history.epochs, _in_epochs(history), history.steps[:, 1]
    return EpochCurves(
        train_steps=thinned(np.column_stack([positions, losses]), _MOST_STEPS),
        train_loss=thinned(np.column_stack([positions, smoothed(losses)]), _MOST_STEPS),
        val_loss=thinned(_array([(epoch.epoch, epoch.val_loss) for epoch in epochs])),
        miou=thinned(_array([(epoch.epoch, _percent(epoch.miou)) for epoch in epochs])),
    )


def _in_epochs(history: RunHistory) -> Points:
    """Return (n,) the position of each step on the axis of epochs; an epoch has as many steps as it took."""
    ends = {0: 0} | {epoch.epoch: epoch.step for epoch in history.epochs}
    number, last = max(ends), max(ends.values())
    under_way = float(history.numbers.max(initial=last)) - last
    if under_way > 0:  # taken to be as long as the one before, unless it is longer already
        previous = last - ends.get(number - 1, 0)
        ends[number + 1] = round(last + max(previous, under_way))
    return np.interp(history.numbers, list(ends.values()), list(ends))


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction


def _points(pairs: Sequence[tuple[float, float | None]]) -> Points:
    return thinned(_array([(seconds / 60, value) for seconds, value in pairs]))


def _array(pairs: Sequence[tuple[float, float | None]]) -> Points:
    points = [(x, math.nan if y is None else y) for x, y in pairs]
    return np.array(points, np.float64).reshape(-1, 2)
