from __future__ import annotations

import pytest

from landseg_core.errors import JobStopped
from landseg_core.events import JobControl
from landseg_core.runs.config import TrainConfig
from landseg_core.training import throughput
from landseg_core.training.throughput import probe_pace


def test_a_trial_tells_the_time_of_a_million_pixels(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(throughput.time, "monotonic", lambda: float(next(clock)))
    calls: list[None] = []
    assert probe_pace(config, 3, 3, lambda: calls.append(None)) == pytest.approx(2 / (2 * 32**2) * 1e6)
    assert len(calls) == 3


def test_a_trial_can_be_stopped(config: TrainConfig) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        probe_pace(config, 3, 3, control.checkpoint)
