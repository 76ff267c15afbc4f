"""What can be done with a training run under way: watch it predict, pause it, stop it; and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from landseg_gui.jobs.runner import Job
from landseg_gui.text import tr

_BAR_STEPS = 1000


class RunControls(QWidget):
    """The bar, the live prediction, Pause and Stop of one run after the other.

    `live_wanted` brings whether to predict the view after each epoch; `wish_changed`: the user has asked to pause, to
    resume or to stop.
    """

    live_wanted = Signal(bool)
    wish_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._bar = QProgressBar(objectName="training_progress", textVisible=False)
        self._live = QCheckBox(tr("Live prediction"), objectName="training_live", checked=True)
        self._pause = QPushButton(tr("Pause"), objectName="training_pause", checkable=True, autoDefault=False)
        self._stop = QPushButton(tr("Stop"), objectName="training_stop", autoDefault=False)
        self._lay_out()
        self._live.toggled.connect(self.live_wanted)
        self._pause.toggled.connect(self._pause_or_resume)
        self._stop.clicked.connect(self._ask_to_stop)

    def _lay_out(self) -> None:
        self._live.setToolTip(tr("Predict the current view after each epoch; this takes up to two seconds of the run"))
        self._pause.setToolTip(tr("Pause the run after its current step"))
        self._stop.setToolTip(tr("Stop the run; the best model so far is kept and can be used"))
        buttons = QHBoxLayout()
        buttons.addWidget(self._live, 1)
        buttons.addWidget(self._pause)
        buttons.addWidget(self._stop)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._bar)
        rows.addLayout(buttons)

    def follow(self, job: Job) -> None:
        """Control `job`, a run that begins: nobody knows yet how far it is."""
        self._job = job
        self._bar.setMaximum(0)
        self._enable(running=True)
        job.ended.connect(self._release)

    def show_progress(self, fraction: float) -> None:
        """Show which share of the run is done, 0 to 1."""
        self._bar.setMaximum(_BAR_STEPS)
        self._bar.setValue(round(fraction * _BAR_STEPS))

    @property
    def wish(self) -> str | None:
        """Return in words that the run is to stop, or is paused; None where neither is so."""
        if self._job is None or not self._job.running:
            return None
        control = self._job.control
        if control.stop_requested:
            return tr("Stopping… the best model so far is kept")
        return tr("Paused") if control.paused else None

    def _pause_or_resume(self, pause: bool) -> None:
        self._pause.setText(tr("Resume") if pause else tr("Pause"))
        if self._job is None:
            return
        (self._job.control.pause if pause else self._job.control.resume)()
        self.wish_changed.emit()

    def _ask_to_stop(self) -> None:
        if self._job is None:
            return
        self._job.stop()
        self._enable(running=False)
        self.wish_changed.emit()

    def _release(self) -> None:
        self._job = None
        self._enable(running=False)
        self._bar.setMaximum(_BAR_STEPS)  # or a run that ended early would look busy for ever

    def _enable(self, *, running: bool) -> None:
        self._pause.setChecked(False)
        for button in (self._pause, self._stop):
            button.setEnabled(running)
