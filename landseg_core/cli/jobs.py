"""Runs long work on the command line: progress on stderr, Ctrl+C and SIGTERM as a request to stop cleanly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatchmethod
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn
from rich.progress import Progress as ProgressBar

from landseg_core.allocator import tune_allocator
from landseg_core.cli.ending import ENDING
from landseg_core.cli.output import sentence_of
from landseg_core.events import (
    EpochFinished,
    Event,
    ItemFailed,
    JobControl,
    Notice,
    OnEvent,
    Progress,
    RunStarted,
    StepFinished,
)
from landseg_core.plain_text import plain_text
from landseg_core.progress import time_left

Result = TypeVar("Result")


def run_job(work: Callable[[OnEvent, JobControl], Result]) -> Result:
    """Run `work` with a progress bar; Ctrl+C or SIGTERM asks it to stop, and ends what does not stop soon."""
    tune_allocator()  # before any job imports torch
    control = JobControl()
    with ENDING.orderly(control.stop), EventPrinter() as printer:
        return work(printer.show, control)


class EventPrinter:
    """Shows events on stderr: one bar per task, one line per epoch and notice, each warning once."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = ProgressBar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._warned: set[str] = set()

    def __enter__(self) -> EventPrinter:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        """Show one event; kinds without a display are ignored."""
        self._show(event)

    @singledispatchmethod
    def _show(self, _event: Event) -> None:
        return

    @_show.register
    def _(self, event: Progress) -> None:
        self._advance(event.task, event.fraction, event.seconds_left)

    @_show.register
    def _(self, event: StepFinished) -> None:
        self._advance("training", event.fraction, event.seconds_left)

    @_show.register
    def _(self, event: Notice) -> None:
        self._console.print(f"note: {plain_text(event.message)}", markup=False, soft_wrap=True)

    @_show.register
    def _(self, event: ItemFailed) -> None:
        self._console.print(f"landseg: {plain_text(sentence_of(event.error))}", markup=False, soft_wrap=True)

    @_show.register
    def _(self, event: RunStarted) -> None:
        length = f"{event.minutes:g} minutes" if event.epochs is None else f"{event.epochs} epochs"
        self._console.print(
            f"{event.model} ({event.parameters / 1e6:.1f} M parameters) for {length}"
            f" on {event.device} ({event.precision}); {event.train_pixels / 1e6:.2f} Mpx to train on,"
            f" {event.val_pixels / 1e6:.2f} Mpx to validate on",
            soft_wrap=True,
        )

    @_show.register
    def _(self, event: EpochFinished) -> None:
        self._console.print(
            f"epoch {event.epoch:3d}  loss {event.train_loss:.3f} train {event.val_loss:.3f} validation  "
            f"accuracy {event.accuracy:.3f}  mIoU {_miou_text(event)}{'  best so far' if event.best else ''}"
            f"{_how_many(event.warnings)}",
            soft_wrap=True,
        )
        for warning in event.warnings:
            self._warn(warning)

    def _warn(self, warning: str) -> None:
        """Print a warning the first time; after that, the line of each epoch shows that there are some."""
        if warning not in self._warned:
            self._warned.add(warning)
            self._console.print(f"warning: {plain_text(warning)}", markup=False, soft_wrap=True)

    def _advance(self, task: str, fraction: float, seconds_left: float | None) -> None:
        left = time_left(seconds_left)
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(plain_text(task), total=1.0, left=left)
        self._bars.update(self._tasks[task], completed=fraction, left=left)


def _how_many(warnings: Sequence[str]) -> str:
    return f"  {len(warnings)} warning{'s' * (len(warnings) != 1)}" if warnings else ""


def _miou_text(event: EpochFinished) -> str:
    """Return the mIoU; one that is estimated from few labels after its interval."""
    if event.miou_interval is None:
        return f"{event.miou:.3f}"
    low, high = event.miou_interval
    return f"{low:.2f}-{high:.2f} (about {event.miou:.2f})"
