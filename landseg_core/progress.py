"""Reports how much of a piece of work is done, and how long the rest will take."""

from __future__ import annotations

import time

from landseg_core.events import OnEvent, Progress
from landseg_core.messages import N_, Text


class ProgressMeter:
    """Emits a `Progress` of `task` whenever work is done; the clock starts with the meter.

    The event counts `total` units, such as the pixels of a map. Where that takes more `work`, because of overlaps for
    example, the units count up in proportion to the work done.
    """

    def __init__(self, task: str, total: int, on_event: OnEvent, work: int | None = None) -> None:
        self._task, self._total, self._on_event = task, total, on_event
        self._work, self._done = work or total, 0
        self._start = time.monotonic()

    def add(self, work: int) -> None:
        """Count `work` more as done."""
        self._done += work
        units = self._total * self._done / self._work
        self._on_event(Progress(self._task, units, self._total, time.monotonic() - self._start))


def duration(seconds: float) -> Text:
    """Write a duration for people: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return N_("{seconds} s", seconds=whole)
    if whole < 3600:
        return N_("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
    return N_("{hours} h {minutes} min", hours=whole // 3600, minutes=whole % 3600 // 60)


def time_left(seconds: float | None) -> str:
    """Write the time left of a job, or nothing before it can be estimated."""
    return "" if seconds is None else N_("{duration} left", duration=duration(seconds))
