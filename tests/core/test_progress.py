"""Progress in the user's units."""

from __future__ import annotations

from landseg_core.events import Event, Progress
from landseg_core.progress import ProgressMeter


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
