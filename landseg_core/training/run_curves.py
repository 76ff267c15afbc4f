"""The curves of a run over its minutes, few points each: what a report and a comparison of runs draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landseg_core.training.run_history import Points, RunHistory, smoothed, thinned


@dataclass(frozen=True)
class RunCurves:
    """(n, 2) points each: minutes of work, and the value. The training loss is smoothed, mIoU in percent."""

    train_loss: Points
    val_loss: Points
    miou: Points
    learning_rate: Points


def run_curves(history: RunHistory) -> RunCurves:
    """Return the curves of a run; one of which nothing was told has no points."""
    steps, epochs = history.steps, history.epochs
    minutes = steps[:, 0] / 60
    return RunCurves(
        train_loss=thinned(np.column_stack([minutes, smoothed(steps[:, 1])])),
        val_loss=_points([(epoch.seconds, epoch.val_loss) for epoch in epochs]),
        miou=_points([(epoch.seconds, None if epoch.miou is None else 100 * epoch.miou) for epoch in epochs]),
        learning_rate=thinned(np.column_stack([minutes, steps[:, 2]])),
    )


def _points(pairs: Sequence[tuple[float, float | None]]) -> Points:
    told = [(seconds / 60, math.nan if value is None else value) for seconds, value in pairs]
    return thinned(np.array(told, np.float64).reshape(-1, 2))
