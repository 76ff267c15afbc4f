"""The dock of running jobs: a row each, with progress, time left and Cancel."""

from __future__ import annotations

from PySide6.QtCore import QPropertyAnimation, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from landseg_core.events import Event
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.jobs.job_progress import JobProgress
from landseg_gui.plain_text import PlainLabel, plain_tip
from landseg_gui.text import tr

_STEPS = 1000  # of a progress bar
_LINGER_MS = 2500
_FADE_MS = 400


class JobRow(QFrame):
    """One job: title, state and time left, a bar, Cancel. Disappears when the job has ended."""

    gone = Signal(object)

    def __init__(self, job: Job) -> None:
        super().__init__(objectName="job")
        self._job = job
        self._progress = JobProgress()
        self._outcome = tr("Failed")  # unless a signal says otherwise: after a crash there is none
        self._title = ElidedLabel(job.title, "job_title")
        self._state = PlainLabel(tr("Starting…"), objectName="job_state")
        self._bar = QProgressBar(objectName="job_progress", maximum=0, textVisible=False)
        self._cancel = QPushButton(tr("Cancel"), objectName="job_cancel", autoDefault=False)
        self._cancel.setToolTip(plain_tip(tr("Cancel: {job}", job=job.title)))
        self._cancel.clicked.connect(self._stop)
        self._lay_out()
        self._follow(job)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.setVerticalSpacing(4)
        grid.addWidget(self._title, 0, 0)
        grid.addWidget(self._cancel, 0, 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._bar, 1, 0)
        grid.addWidget(self._state, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def _follow(self, job: Job) -> None:
        job.reported.connect(self._show_event)
        job.finished.connect(self._show_finished)
        job.failed.connect(self._show_failed)
        job.too_large.connect(self._show_not_started)
        job.stopped.connect(self._show_stopped)
        job.ended.connect(self._leave)

    def _stop(self) -> None:
        self._job.stop()
        self._cancel.setEnabled(False)
        self._state.setText(tr("Stopping…"))

    def _show_event(self, event: Event) -> None:
        if not self._progress.follow(event):
            return
        self._bar.setMaximum(_STEPS)
        self._bar.setValue(round((self._progress.fraction or 0) * _STEPS))
        if not self._job.control.stop_requested:
            self._state.setText(self._progress.text)

    def _show_finished(self) -> None:
        self._outcome = tr("Done")
        self._bar.setMaximum(_STEPS)
        self._bar.setValue(_STEPS)

    def _show_failed(self, sentence: str) -> None:
        self._state.setToolTip(plain_tip(sentence))

    def _show_not_started(self) -> None:
        self._outcome = tr("Not started")

    def _show_stopped(self) -> None:
        self._outcome = tr("Stopped")

    def _leave(self) -> None:
        self._state.setText(self._outcome)
        self._cancel.setEnabled(False)
        if self._bar.maximum() == 0:  # or it would look busy for ever
            self._bar.setMaximum(_STEPS)
        QTimer.singleShot(_LINGER_MS, self, self._fade)

    def _fade(self) -> None:
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        fade = QPropertyAnimation(effect, b"opacity", self, duration=_FADE_MS, startValue=1.0, endValue=0.0)
        fade.finished.connect(self._go)
        fade.start()

    def _go(self) -> None:
        self.gone.emit(self)


class JobsPanel(QWidget):
    """The running jobs, newest last; a hint where there are none."""

    def __init__(self, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="jobs_panel")
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self._list_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        runner.started.connect(self.add)

    def add(self, job: Job) -> None:
        """Give a job its row."""
        row = JobRow(job)
        row.gone.connect(self._remove)
        self._rows.addWidget(row)
        self._pages.setCurrentIndex(1)

    def _remove(self, row: JobRow) -> None:
        self._rows.removeWidget(row)
        row.deleteLater()
        self._pages.setCurrentIndex(1 if self._rows.count() else 0)

    def _list_page(self) -> QScrollArea:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        return area


def _empty_page() -> QLabel:
    label = PlainLabel(tr("No job is running. Training, predictions and exports show their progress here."))
    label.setObjectName("jobs_empty")
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(12)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
