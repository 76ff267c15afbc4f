"""How long a run will take, by its epochs and this computer's pace, before it begins."""

from __future__ import annotations

from collections.abc import Callable

from landseg_core.data.areas import pixels
from landseg_core.data.training_data import TrainingData
from landseg_core.limits import WorkSize
from landseg_core.runs.config import TrainConfig

VALIDATION_SHARE = 1 / 3
"""Predicting a pixel takes about a third of learning from it: a pass forward, and none back."""
_WORTH_A_TRIAL = 100_000_000
"""Learning from fewer px takes no computer hours."""


def run_work(config: TrainConfig, data: TrainingData, checkpoint: Callable[[], None]) -> WorkSize:
    """Return what a new run takes. That of one by minutes is what the user says; epochs are tried for a moment.

    Raises:
        DeviceError: the device cannot be had.
        JobStopped: `checkpoint` raised it.
    """
    learnt, seen = pixels(data.train), pixels(data.val)
    work = WorkSize("the run", learnt + seen)
    if config.epochs is None or config.epochs * learnt < _WORTH_A_TRIAL:
        return work
    from landseg_core.training.throughput import probe_pace  # loads torch

    pace = probe_pace(config, len(data.bands), len(data.schema), checkpoint)
    seconds = config.epochs * (learnt + VALIDATION_SHARE * seen) / 1e6 * pace
    return WorkSize("the run", learnt + seen, seconds=seconds)
