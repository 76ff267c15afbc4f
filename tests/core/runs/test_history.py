from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import write_run

from landseg_core.errors import TrainingError
from landseg_core.events import RunStarted, ignore_event
from landseg_core.runs.folder import MetricsLog
from landseg_core.runs.history import read_history, smoothed, thinned

FINITE = st.floats(-1e6, 1e6)


def test_a_run_is_read_back(tmp_path: Path) -> None:
    history = read_history(write_run(tmp_path / "run") / "metrics.jsonl")
    assert (history.start.model, history.start.parameters, history.end.reason) == ("tiny", 1234, "finished")
    assert history.notices == ("mind the gap",)
    assert history.steps[:, 0].tolist() == [60, 120, 180, 240, 300, 360]
    assert history.steps[-1] == pytest.approx([360, 1 / 6, 0.01])
    assert [epoch.epoch for epoch in history.epochs] == [1, 2]
    assert history.best.epoch == 2
    assert history.seconds == 400


def test_a_resumed_run_has_no_end_until_it_ends_again(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", end="stopped") / "metrics.jsonl"
    with MetricsLog(path, ignore_event) as log:
        log(RunStarted("tiny", 1234, "cuda", "bf16", (), 1000, 200, 2, None, 3, 2, 32, first_step=6))
    history = read_history(path)
    assert history.end is None
    assert history.start.device == "cuda"
    assert history.seconds == 360


def test_what_is_no_event_is_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run") / "metrics.jsonl"
    whole = read_history(path)
    rubbish = b'[1]\n{"event": ["step"]}\n{"event": "step", "seconds": "x"}\n\xff\xfe\n{"event": "new"}\n{"event": "st'
    path.write_bytes(rubbish[: rubbish.rindex(b"\n") + 1] + path.read_bytes() + rubbish[rubbish.rindex(b"\n") + 1 :])
    again = read_history(path)
    assert np.array_equal(again.steps, whole.steps)
    assert (again.epochs, again.end) == (whole.epochs, whole.end)


def test_no_log_is_an_empty_history(tmp_path: Path) -> None:
    history = read_history(tmp_path / "metrics.jsonl")
    assert (history.start, history.best, history.end, history.seconds, len(history.steps)) == (None, None, None, 0, 0)


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be used"):
        read_history(tmp_path)


@given(st.lists(FINITE, min_size=1, max_size=60))
def test_a_smoothed_curve_stays_within_its_values(values: list[float]) -> None:
    smooth = smoothed(np.array(values))
    assert smooth[0] == pytest.approx(values[0], abs=1e-9)
    assert smooth.min() >= min(values) - 1e-6
    assert smooth.max() <= max(values) + 1e-6


def test_what_is_no_number_does_not_pull_the_average() -> None:
    assert np.isnan(smoothed(np.array([np.nan]))[0])
    assert smoothed(np.array([2.0, np.nan, 2.0])) == pytest.approx([2, 2, 2])


@given(st.lists(st.tuples(FINITE, FINITE), max_size=200), st.integers(1, 50))
def test_thinning_bounds_the_points_and_keeps_the_ends_in_order(pairs: list[tuple[float, float]], most: int) -> None:
    points = np.array(sorted(pairs), np.float64).reshape(-1, 2)
    thin = thinned(points, most)
    assert len(thin) == min(len(points), most)
    assert (np.diff(thin[:, 0]) >= -1e-6).all()
    if len(points):
        weights = [len(part) for part in np.array_split(points, len(thin))]
        assert np.average(thin[:, 1], weights=weights) == pytest.approx(points[:, 1].mean(), abs=1e-4)
