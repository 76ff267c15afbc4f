"""The field of the status bar that shows a running job, whichever panel is in front."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from landseg_core.events import Event
from landseg_gui.icons import icon
from landseg_gui.jobs.runner import Job, JobRunner, while_alive
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.jobs.job_progress import JobProgress
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

_STEPS = 1000  # of the bar
_CALM_MS = 400  # a shorter job would only flicker
_TITLE_WIDTH, _BAR_WIDTH = 150, 90  # px


class JobField(QWidget):
    """Name, bar, time left and Cancel of the newest job that runs, and how many more there are.

    `clicked` asks for the list of all jobs.
    """

    clicked = Signal()

    def __init__(self, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="status_job", visible=False)
        self._progress: dict[Job, JobProgress] = {}
        self._title = ElidedLabel("", "status_job_title")
        self._title.setFixedWidth(_TITLE_WIDTH)
        self._bar = QProgressBar(objectName="status_job_bar", textVisible=False)
        self._bar.setFixedWidth(_BAR_WIDTH)
        self._state = PlainLabel(objectName="status_job_state")
        self._cancel = QToolButton(objectName="status_job_cancel", toolTip=tr("Cancel this job"))
        self._cancel.setIcon(icon("cancel"))
        self._cancel.clicked.connect(self._stop)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for widget in (self._title, self._bar, self._state, self._cancel):
            line.addWidget(widget)
        runner.started.connect(self._begin)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        """Ask for the list."""
        self.clicked.emit()

    def _begin(self, job: Job) -> None:
        QTimer.singleShot(_CALM_MS, self, partial(self._add, job))

    def _add(self, job: Job) -> None:
        if job.running:
            self._progress[job] = JobProgress()
            job.reported.connect(while_alive(self, partial(self._follow, job)))
            job.ended.connect(while_alive(self, partial(self._drop, job)))
            self._show()

    def _follow(self, job: Job, event: Event) -> None:
        if job in self._progress and self._progress[job].follow(event):
            self._show()

    def _drop(self, job: Job) -> None:
        self._progress.pop(job, None)
        self._show()

    def _stop(self) -> None:
        if self._progress:
            list(self._progress)[-1].stop()
            self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._progress))
        if not self._progress:
            return
        job, progress = list(self._progress.items())[-1]
        more = f" (+{len(self._progress) - 1})" if len(self._progress) > 1 else ""
        stopping = job.control.stop_requested
        self._title.setText(job.title)
        self._title.setToolTip(job.title)
        self._bar.setMaximum(0 if progress.fraction is None else _STEPS)
        self._bar.setValue(round((progress.fraction or 0) * _STEPS))
        self._state.setText((tr("Stopping…") if stopping else progress.text) + more)
        self._cancel.setEnabled(not stopping)
