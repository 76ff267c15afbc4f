"""What long work reports while it runs, and how it is asked to pause or stop."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from landseg_core.errors import JobStopped, LandsegError


@dataclasses.dataclass(frozen=True)
class Event:
    """Base of all events; `as_dict` gives what goes to `metrics.jsonl`, unless the kind is not `logged`."""

    event: ClassVar[str] = "event"
    logged: ClassVar[bool] = True

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, JSON-able, with the event's name under `event`; a number that is not finite is None."""
        return {"event": self.event} | {k: _json_safe(v) for k, v in dataclasses.asdict(self).items()}


def _json_safe(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    return value


OnEvent = Callable[[Event], None]


def ignore_event(_event: Event) -> None:
    """Take an event and do nothing with it: the default listener."""


@dataclasses.dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` units of `task`, `seconds` after its start."""

    event: ClassVar[str] = "progress"
    logged: ClassVar[bool] = False
    task: str
    done: float
    total: float
    seconds: float

    @property
    def fraction(self) -> float:
        """Return the finished share, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Return the time left at the rate so far, or None before anything is done."""
        if self.done <= 0:
            return None
        return self.seconds * max(0.0, self.total - self.done) / self.done


@dataclasses.dataclass(frozen=True)
class Notice(Event):
    """Something the user should know that does not end the work."""

    event: ClassVar[str] = "notice"
    message: str


@dataclasses.dataclass(frozen=True)
class ItemFailed(Event):
    """One of several things could not be done, and the work goes on with the others."""

    event: ClassVar[str] = "item_failed"
    logged: ClassVar[bool] = False
    error: LandsegError


@dataclasses.dataclass(frozen=True)
class EditStored(Event):
    """A project's edit has been written to disk; `waiting` more are still to be written."""

    event: ClassVar[str] = "edit_stored"
    waiting: int


@dataclasses.dataclass(frozen=True)
class StoringFailed(Event):
    """A project cannot save an edit, such as on a full disk; no more edits are accepted until `Project.retry`."""

    event: ClassVar[str] = "storing_failed"
    message: str


@dataclasses.dataclass(frozen=True)
class StoringResumed(Event):
    """The file of a project is back at its path, unchanged: edits are accepted and saved as before."""

    event: ClassVar[str] = "storing_resumed"


@dataclasses.dataclass(frozen=True)
class RunStarted(Event):
    """A training run begins: `epochs` is None for a run by minutes, `first_step` over 0 for one that is resumed.

    `steps_per_epoch` is that of a whole pass over the data; a run by minutes may cut its epochs shorter or longer.
    """

    event: ClassVar[str] = "run_started"
    model: str
    parameters: int
    device: str
    precision: str
    classes: tuple[str, ...]
    train_pixels: int
    val_pixels: int
    epochs: int | None
    minutes: float | None
    steps_per_epoch: int
    batch: int
    chip: int
    first_step: int = 0


@dataclasses.dataclass(frozen=True)
class StepFinished(Event):
    """One optimiser step; `fraction` of the whole run is done, `seconds_left` may be None at first."""

    event: ClassVar[str] = "step"
    epoch: int
    step: int
    train_loss: float
    learning_rate: float
    fraction: float
    seconds: float
    seconds_left: float | None


@dataclasses.dataclass(frozen=True)
class EpochFinished(Event):
    """An epoch and its validation. Figures are fractions 0-1; the IoU of a class absent from both maps is None.

    `val_pixels` is the number of labelled pixels that the metrics count; `warnings` are sentences that belong beside
    the accuracy, such as of a class that is never found. Where labels are few, the metrics are estimates for the whole
    images, and `miou_interval` holds the true mIoU with 95 % probability.
    """

    event: ClassVar[str] = "epoch"
    epoch: int
    step: int
    train_loss: float
    val_loss: float
    accuracy: float
    miou: float
    iou: dict[str, float | None]
    learning_rate: float
    seconds: float
    best: bool
    val_pixels: int = 0
    warnings: tuple[str, ...] = ()
    miou_interval: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class RunFinished(Event):
    """The run is over; `reason` is `finished`, `stopped` or `not_finite` (the loss)."""

    event: ClassVar[str] = "run_finished"
    reason: str
    epoch: int
    step: int
    best_epoch: int | None
    best_miou: float | None
    seconds: float


class JobControl:
    """Passes the user's requests to pause, resume or stop to a job; safe to use from any thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._running = threading.Event()
        self._running.set()

    @property
    def stop_requested(self) -> bool:
        """Return whether the job has been asked to stop."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Return whether the job has been asked to pause."""
        return not self._running.is_set()

    def pause(self) -> None:
        """Ask the job to wait at its next checkpoint."""
        self._running.clear()

    def resume(self) -> None:
        """Let a paused job continue."""
        self._running.set()

    def stop(self) -> None:
        """Ask the job to end; a paused one wakes up to do so."""
        self._stop.set()
        self._running.set()

    def wait_while_paused(self) -> None:
        """Block while paused; a stop wakes it."""
        self._running.wait()

    def checkpoint(self) -> None:
        """Wait while paused, then raise `JobStopped` if asked to stop. Jobs call it between pieces of work."""
        self.wait_while_paused()
        if self.stop_requested:
            raise JobStopped
