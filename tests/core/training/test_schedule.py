from __future__ import annotations

import math
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.events import JobControl
from landseg_core.training.schedule import EpochSchedule, MinutesSchedule, RunClock, RunPosition, one_cycle


def test_one_cycle_is_that_of_torch() -> None:
    steps = 300
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    torchs = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1.0, total_steps=steps, cycle_momentum=False)
    for step in range(steps):
        assert one_cycle(step / (steps - 1), 0.3) == pytest.approx(torchs.get_last_lr()[0], abs=0.01)
        optimiser.step()
        torchs.step() if step < steps - 1 else None


@given(st.floats(0, 1), st.floats(0, 1))
def test_one_cycle_rises_then_falls(fraction: float, warm_up: float) -> None:
    rate, later = one_cycle(fraction, warm_up), one_cycle(min(1.0, fraction + 0.01), warm_up)
    assert 0 < rate <= 1
    if fraction + 0.01 <= warm_up:
        assert later >= rate
    elif fraction >= warm_up:
        assert later <= rate
    assert one_cycle(warm_up, warm_up) == 1
    assert warm_up > 0.99 or one_cycle(1, warm_up) < 1e-5


@given(st.integers(1, 30), st.integers(1, 30))
def test_a_run_by_epochs(epochs: int, steps: int) -> None:
    schedule, position = EpochSchedule(epochs, steps), RunPosition()
    for epoch in range(1, epochs + 1):
        assert position.epoch == epoch
        for _ in range(steps):
            assert not schedule.epoch_over(position)
            assert not schedule.run_over(position)
            position.count_step(1.0, position.seconds + 2)
        assert schedule.epoch_over(position)
        assert schedule.run_over(position) == (epoch == epochs)
        position.start_next_epoch()
    assert schedule.fraction(position) == 1
    assert schedule.seconds_left(position) == 0


def test_the_time_left_is_that_at_the_rate_so_far() -> None:
    schedule, position = EpochSchedule(2, 4), RunPosition()
    assert schedule.seconds_left(position) is None
    position.count_step(1.0, 10)
    position.count_step(1.0, 20)
    assert schedule.seconds_left(position) == pytest.approx(60)


@given(
    total=st.floats(30, 600),
    step=st.floats(0.2, 8),
    validation_share=st.floats(0.0005, 0.3),
    estimate_error=st.floats(0.5, 2),
    steps_per_epoch=st.integers(1, 5000),
)
def test_a_run_by_minutes_ends_on_time_and_validates_within_bounds(
    total: float, step: float, validation_share: float, estimate_error: float, steps_per_epoch: int
) -> None:
    validation = validation_share * total
    schedule = MinutesSchedule(total, steps_per_epoch)
    position, now, validations = RunPosition(validation_seconds=validation * estimate_error), 3.0, 0
    position.start_training(now)
    fractions = []
    while not position.finished:
        while not schedule.epoch_over(position):
            now += step
            position.count_step(1.0, now)
            fractions.append(schedule.fraction(position))
        now += validation
        position.seconds = now
        position.validation_seconds = validation
        position.finished = schedule.run_over(position)
        validations += 1
        position.start_next_epoch()
    # Only the estimate for the very first validation can be too low, and what is left is too short for another one.
    late = max(0, 1 - 1.1 * estimate_error) * validation if validations == 1 else 0
    assert 0.99 * total - 1.1 * validation - step - 1e-6 <= now <= total + late + step + 1e-6
    assert (validations - 1) * validation <= 0.5 * total
    if validation_share < 0.05 and step < total / 50:
        assert fractions[-1] > 0.9
    if validation_share < 0.005 and step < total / 100:
        assert validations >= 8


def test_the_first_step_is_always_taken() -> None:
    schedule, position = MinutesSchedule(1.0, 10), RunPosition(validation_seconds=5.0)
    position.start_training(20.0)
    assert not schedule.epoch_over(position)
    position.count_step(1.0, 21.0)
    assert schedule.epoch_over(position)
    assert schedule.fraction(position) == 1


def test_the_mean_loss_of_an_epoch() -> None:
    position = RunPosition()
    assert math.isnan(position.train_loss)
    position.count_step(1.0, 1)
    position.count_step(2.0, 2)
    assert position.train_loss == 1.5
    position.start_next_epoch()
    assert (position.epoch, position.step, position.batch) == (2, 2, 0)


class SlowControl(JobControl):
    """Is paused for an hour at each checkpoint."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)

    def checkpoint(self) -> None:
        self._now += 3600


def test_the_clock_does_not_count_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    control = SlowControl(monkeypatch)
    clock = RunClock()
    clock.checkpoint(control)
    assert clock.seconds == 0
    clock.set(5)
    assert clock.seconds == 5
