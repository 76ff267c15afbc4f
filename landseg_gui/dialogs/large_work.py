"""The question before much work: size and time, and whether to go on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from landseg_core.limits import WorkSize
from landseg_gui.dialogs.checks import as_sentence
from landseg_gui.dialogs.failure import choose
from landseg_gui.jobs.runner import Job


def ask_if_large(job: Job, window: QWidget | None, go_on: Callable[[], object]) -> None:
    """Have `go_on` called where `job` is too large to begin unasked and the user, asked over `window`, agrees to it."""

    def ask(work: WorkSize) -> None:
        explanation = "\n".join(as_sentence(objection) for objection in work.objections())
        if choose(window, f"{work.summary}. Go on?", explanation, ["Go On"]) is not None:
            go_on()

    # Later: a question keeps the event loop in the handler, and the job has not ended yet.
    job.too_large.connect(lambda work: QTimer.singleShot(0, window or job.parent(), lambda: ask(work)))
