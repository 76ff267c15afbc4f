from __future__ import annotations

import pytest

from landseg_core.events import Event, Progress
from landseg_core.messages import Text
from landseg_core.progress import ProgressMeter, duration, time_left


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (42.4, "42 s"), (59.6, "1 min 0 s"), (130, "2 min 10 s"), (3600, "1 h 0 min"), (7805, "2 h 10 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_they_can_be_translated() -> None:
    german = {"{duration} left": "noch {duration}", "{minutes} min {seconds} s": "{minutes} Min. {seconds} s"}
    left = time_left(130)
    assert isinstance(left, Text)
    assert left.in_language(lambda template, _number: german[template]) == "noch 2 Min. 10 s"


def test_time_left_is_unknown_before_there_is_a_pace() -> None:
    assert time_left(None) == ""
    assert time_left(130) == "2 min 10 s left"


def test_a_meter_tells_how_far_its_task_is() -> None:
    told: list[Event] = []
    meter = ProgressMeter("reading", 10, told.append)
    meter.add(4)
    meter.add(6)
    assert [(event.task, event.done, event.fraction) for event in told if isinstance(event, Progress)] == [
        ("reading", 4, 0.4),
        ("reading", 10, 1.0),
    ]


def test_units_are_counted_as_the_work_for_them_is_done() -> None:
    events: list[Event] = []
    meter = ProgressMeter("mapping", 7, events.append, work=30)
    for part in (10, 10, 10):
        meter.add(part)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [round(event.done, 3) for event in progress] == [2.333, 4.667, 7]
    assert progress[-1].fraction == 1
    assert {(event.task, event.total) for event in progress} == {("mapping", 7)}
    assert all(event.seconds >= 0 for event in progress)
