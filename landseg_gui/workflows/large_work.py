"""The question before much work: size and time, and whether to go on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from landseg_core.limits import WorkSize
from landseg_gui.jobs.runner import Job
from landseg_gui.message_boxes import choose
from landseg_gui.text import as_sentence, tr


def ask_if_large(
    job: Job, window: QWidget | None, go_on: Callable[[], object], is_wanted: Callable[[], bool] = lambda: True
) -> None:
    """Have `go_on` called where `job` is too large to begin unasked and the user, asked over `window`, agrees to it.

    `is_wanted` tells whether the work still makes sense: a project may close before and during the question.
    """

    def ask(work: WorkSize) -> None:
        if not is_wanted():
            return
        explanation = "\n".join(as_sentence(objection) for objection in work.objections())
        agreed = choose(window, tr("{summary}. Go on?", summary=work.summary), explanation, ["Go On"]) is not None
        if agreed and is_wanted():
            go_on()

    receiver = window or job.parent()
    assert receiver is not None, "a job belongs to its runner"
    # Later: a question keeps the event loop in the handler, and the job has not ended yet.
    job.too_large.connect(lambda work: QTimer.singleShot(0, receiver, lambda: ask(work)))
