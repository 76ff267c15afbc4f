"""How fast a network learns on this machine: tried on random chips for a moment."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.runs.config import TrainConfig
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network

_MOST_STEPS = 4
_BATCH_ON_CPU = 2
"""On a processor, more chips at once are hardly quicker by the pixel, and the trial would take long."""


def probe_pace(
    config: TrainConfig, bands: int, classes: int, checkpoint: Callable[[], None], seconds: float = 2.0
) -> float:
    """Return the seconds that learning from a million pixels takes; the trial lasts about `seconds`, or three steps.

    The first step is not counted: it prepares. `checkpoint` is called before every step.

    Raises:
        DeviceError: the device cannot be had.
        JobStopped: `checkpoint` raised it.
    """
    device = choose_device(config.device)
    model = build_model(config.model, bands, classes)
    normalisation = Normalisation((128.0,) * bands, (64.0,) * bands)
    learner = Learner(Network(model, normalisation, device, precision_for(device, config.precision)), config)
    batch = config.batch if device.type == "cuda" else min(config.batch, _BATCH_ON_CPU)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (batch, bands, config.chip, config.chip), np.uint8)
    labels = rng.integers(0, classes, (batch, config.chip, config.chip), np.uint8)
    quickest, start = math.inf, time.monotonic()
    for number in range(_MOST_STEPS):
        checkpoint()
        before = time.monotonic()
        learner.step(pixels, labels, config.learning_rate)
        now = time.monotonic()
        if number:
            quickest = min(quickest, now - before)
        if number > 1 and now > start + seconds:
            break
    return quickest / labels.size * 1e6
