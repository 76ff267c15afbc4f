"""The question before large jobs: their size and time, and whether to continue."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from landseg_core.limits import WorkSize
from landseg_gui.jobs.runner import Job
from landseg_gui.message_boxes import choose
from landseg_gui.text import as_sentence, tr


def ask_if_large(
    job: Job, window: QWidget | None, run: Callable[[], object], is_wanted: Callable[[], bool] = lambda: True
) -> None:
    """Call `run` where `job` is too large to start unasked and the user, asked over `window`, agrees to it.

    `is_wanted` returns whether the work still makes sense: a project may close before and during the question.
    """

    def ask(work: WorkSize) -> None:
        if not is_wanted():
            return
        explanation = "\n".join(as_sentence(objection) for objection in work.objections())
        question = tr("{summary}. Continue?", summary=work.summary)
        if choose(window, question, explanation, [tr("Continue")]) is not None and is_wanted():
            run()

    receiver = window or job.parent()
    assert receiver is not None, "a job belongs to its runner"
    # Later: a question runs an event loop within the handler, and the job has not ended yet.
    job.too_large.connect(lambda work: QTimer.singleShot(0, receiver, lambda: ask(work)))
