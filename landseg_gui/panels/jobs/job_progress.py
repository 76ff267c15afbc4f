"""How far a job has come, from the events that it sends."""

from __future__ import annotations

from landseg_core.events import Event, Progress, StepFinished
from landseg_gui.text import percent, time_left


class JobProgress:
    """The fraction done (0-1, None before anything is known) and its text.

    A training run is measured by its steps alone: a validation within it has a progress of its own.
    """

    def __init__(self) -> None:
        self.fraction: float | None = None
        self._seconds_left: float | None = None
        self._trains = False

    def follow(self, event: Event) -> bool:
        """Follow an event; return whether it says how far the job is."""
        self._trains = self._trains or isinstance(event, StepFinished)
        if not (isinstance(event, StepFinished) or (isinstance(event, Progress) and not self._trains)):
            return False
        self.fraction, self._seconds_left = event.fraction, event.seconds_left
        return True

    @property
    def text(self) -> str:
        """Return such as `42 % · 3 min 5 s left`; nothing before anything is known."""
        if self.fraction is None:
            return ""
        return " · ".join(part for part in (percent(self.fraction, 0), time_left(self._seconds_left)) if part)
