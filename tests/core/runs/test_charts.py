from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.runs import write_run

from landseg_core.runs.charts import HEIGHT, WIDTH, Curve, Scale, chart, nice_ticks, run_charts
from landseg_core.runs.history import read_history


@given(st.floats(1e-8, 1e8))
def test_ticks_are_few_and_reach_the_top(top: float) -> None:
    ticks = nice_ticks(top)
    assert ticks[0] == 0
    assert 3 <= len(ticks) <= 7
    assert top * (1 - 1e-6) <= ticks[-1] <= top * 1.7
    assert np.allclose(np.diff(ticks), ticks[1])


def test_ticks_are_round() -> None:
    assert nice_ticks(1.0) == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert nice_ticks(0.7) == (0, 0.2, 0.4, 0.6, 0.8)
    assert nice_ticks(10) == (0, 2, 4, 6, 8, 10)


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 5)), min_size=1, max_size=600))
def test_lines_stay_inside_the_chart(pairs: list[tuple[float, float]]) -> None:
    made = chart("Loss", "", [Curve("training", "train", np.array(sorted(pairs)))], last_minute=30.0)
    points = np.array([[float(part) for part in point.split(",")] for point in made.lines[0].points.split()])
    assert ((points >= 0) & (points <= [WIDTH, HEIGHT])).all()
    assert all(0 <= tick.at <= WIDTH for tick in made.x_ticks)
    assert all(0 <= tick.at <= HEIGHT for tick in made.y_ticks)


@given(st.floats(0.01, 999))
def test_the_minutes_below_have_room(last_minute: float) -> None:
    made = chart("Loss", "", [Curve("training", "train", np.array([[0.0, 1.0]]))], last_minute)
    last = made.x_ticks[-1]
    assert last.at + 7 * len(f"{last.text} min") / 2 <= WIDTH  # about 7 px a letter


def test_up_is_more() -> None:
    scale = Scale(10, 1)
    assert scale.y(1) < scale.y(0)
    assert scale.x(1) < scale.x(10)


def test_a_run_without_an_epoch_has_no_curve_of_validation(tmp_path) -> None:
    def titles(epochs: int) -> list[tuple[str, int]]:
        history = read_history(write_run(tmp_path / str(epochs), epochs=epochs) / "metrics.jsonl")
        return [(item.title, len(item.lines)) for item in run_charts(history)]

    assert titles(2) == [("Loss", 2), ("mIoU", 1), ("Learning rate", 1)]
    assert titles(0) == [("Loss", 1), ("Learning rate", 1)]


def test_a_run_without_a_log_has_no_chart(tmp_path) -> None:
    assert run_charts(read_history(tmp_path / "none.jsonl")) == ()
