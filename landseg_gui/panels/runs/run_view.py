"""A training run: how far it is, curves, pictures and figures; what can be done with it."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from landseg_core.events import EpochFinished, Event, Notice, Progress, RunFinished, RunStarted, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WorkSize
from landseg_core.progress import duration, time_left
from landseg_core.runs.catalogue import RunStatus, RunSummary
from landseg_core.runs.samples import ValidationSamples
from landseg_gui.jobs.runner import Job
from landseg_gui.panels.runs.iou_table import IouTable
from landseg_gui.panels.runs.samples import ValidationSamplesView
from landseg_gui.panels.runs.warning_list import NoticeList
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import capitalised, percent, tr

if TYPE_CHECKING:
    from landseg_core.runs.details import RunDetails
    from landseg_gui.panels.runs.curves import CurvesView

_BAR_STEPS = 1000
_REASONS = {
    "finished": "Finished",
    "stopped": "Stopped",
    "not_finite": "Ended: the loss was no longer a finite number; try a lower learning rate",
}


class RunView(QScrollArea):
    """Shows a run that is under way from its beginning, or one that is over from its record.

    `live_wanted` tells whether the view is to be predicted after each epoch; `resume_wanted` and `fine_tune_wanted` ask
    to go on with the run that has ended, and to train a new one from its model.
    """

    live_wanted = Signal(bool)
    resume_wanted = Signal()
    fine_tune_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._job: Job | None = None
        self._length = ""
        self._best = ""
        self._curves: CurvesView | None = None
        self._title = PlainLabel(objectName="training_title", wordWrap=True)
        self._whose = PlainLabel(objectName="training_whose", wordWrap=True, visible=False)
        self._progress = QWidget()
        self._state = PlainLabel(objectName="training_state", wordWrap=True)
        self._left = PlainLabel(objectName="training_time_left")
        self._notices = NoticeList()
        self._figures = PlainLabel(objectName="training_figures", wordWrap=True, visible=False)
        self._warnings = PlainLabel(objectName="training_warnings", wordWrap=True, visible=False)
        self._bar = QProgressBar(objectName="training_progress", textVisible=False)
        self._pause = QPushButton(tr("Pause"), objectName="training_pause", checkable=True, autoDefault=False)
        self._stop = QPushButton(tr("Stop"), objectName="training_stop", autoDefault=False)
        self._live = QCheckBox(tr("Live prediction"), objectName="training_live", checked=True)
        self._live_problem = PlainLabel(objectName="training_live_problem", wordWrap=True, visible=False)
        self._continue = QPushButton(tr("Continue this run…"), objectName="training_continue", autoDefault=False)
        self._further = QPushButton(tr("Train further…"), objectName="training_further", autoDefault=False)
        self._iou = IouTable()
        self._samples = ValidationSamplesView()
        self._body: QVBoxLayout
        self._lay_out()
        self._pause.toggled.connect(self._pause_or_resume)
        self._stop.clicked.connect(self._ask_to_stop)
        self._live.toggled.connect(self.live_wanted)
        self._continue.clicked.connect(self.resume_wanted)
        self._further.clicked.connect(self.fine_tune_wanted)

    # --- what it looks like

    def _lay_out(self) -> None:
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._warnings.setForegroundRole(QPalette.ColorRole.BrightText)
        self._live_problem.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._live.setToolTip(
            tr("Predict what is in sight anew after each epoch; it takes up to two seconds of the run")
        )
        self._continue.setToolTip(tr("Go on where the run ended, with its own settings"))
        self._further.setToolTip(tr("Start a new run from the model of this one"))
        self._pause.setToolTip(tr("Let the run wait after its current step, and go on later"))
        self._stop.setToolTip(tr("End the run; the best model so far is kept and can be used"))
        content = QWidget()
        column = QVBoxLayout(content)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._whose)
        column.addLayout(self._state_row())
        column.addWidget(self._progress)
        self._fill_progress()
        column.addLayout(self._end_row())
        for part in (self._live_problem, self._notices, self._figures, self._warnings):
            column.addWidget(part)
        column.addWidget(self._tabs(), 1)
        self.setWidget(content)

    def _tabs(self) -> QTabWidget:
        curves, figures = QWidget(), QWidget()
        self._body = QVBoxLayout(curves)
        rows = QVBoxLayout(figures)
        rows.addWidget(self._iou)
        rows.addStretch(1)
        tabs = QTabWidget(objectName="training_tabs", documentMode=True)
        for title, page in (("Curves", curves), ("Pictures", self._samples), ("Figures", figures)):
            if layout := page.layout():
                layout.setContentsMargins(0, 6, 0, 0)
            tabs.addTab(page, title)
        return tabs

    def _end_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for button in (self._continue, self._further):
            button.setVisible(False)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _state_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._state, 1)
        row.addWidget(self._left, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _fill_progress(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._live, 1)
        buttons.addWidget(self._pause)
        buttons.addWidget(self._stop)
        rows = QVBoxLayout(self._progress)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._bar)
        rows.addLayout(buttons)

    def _plots(self) -> CurvesView:
        if self._curves is None:
            from landseg_gui.panels.runs.curves import (
                CurvesView,  # pyqtgraph: the job has loaded it by now, in its thread
            )

            self._curves = CurvesView()
            self._curves.setMinimumHeight(190)
            self._body.addWidget(self._curves)
        return self._curves

    # --- what it shows

    def follow(self, job: Job, schema: ClassSchema) -> None:
        """Show `job`, a training run that learns the classes of `schema`, from its beginning."""
        self._job = job
        self._best = ""
        self._iou.set_schema(schema)
        self._samples.begin(schema)
        self._title.setText(job.title)
        self._notices.clear()
        self._show_figures("")
        self._show_state(tr("Preparing…"))
        self._bar.setMaximum(0)
        self._set_controls(running=True)
        self.offer_to_continue(resumable=False, further=False)
        job.reported.connect(self._show_event)
        job.finished.connect(self._show_finished)
        job.failed.connect(self._show_failed)
        job.too_large.connect(self._show_not_started)
        job.stopped.connect(self._show_stopped)
        job.ended.connect(self._show_ended)

    def show_details(self, details: RunDetails) -> None:
        """Show a run from the files in its folder."""
        summary, history = details.summary, details.history
        self._progress.hide()
        self._title.setText(summary.name)
        self._title.setToolTip(str(summary.folder))
        self._state.setText(_state_of(details))
        self._plots().show_curves(details.curves)
        for message in history.notices:
            self._notices.add(message)
        self._show_saved_metrics(summary)
        self._show_classes(details)
        resumable = summary.has_checkpoint and summary.status != RunStatus.FINISHED
        self.offer_to_continue(resumable=resumable, further=summary.has_model and summary.status != RunStatus.DAMAGED)

    def _show_saved_metrics(self, summary: RunSummary) -> None:
        if summary.evaluation is not None:
            best = f"best mIoU {percent(summary.miou)} in epoch {summary.evaluation.epoch}"
            self._show_figures(f"{best} · accuracy {percent(summary.accuracy)}", summary.evaluation.warnings)

    def _show_classes(self, details: RunDetails) -> None:
        if details.schema is None:
            return
        self._iou.set_schema(details.schema)
        self._iou.show_iou({item.name: item.iou for item in details.summary.classes})
        self._samples.begin(details.schema)
        self._samples.show_saved(details.samples)

    def say_whose(self, text: str) -> None:
        """Say which project the run belongs to; an empty text: the one that is open."""
        self._whose.setText(text)
        self._whose.setVisible(bool(text))

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours."""
        self._iou.recolour(schema)
        self._samples.recolour(schema)

    def show_live_problem(self, sentence: str) -> None:
        """Say why the view cannot be predicted; an empty sentence: it can."""
        self._live_problem.setText(sentence and f"No live prediction: {sentence}.")
        self._live_problem.setVisible(bool(sentence))

    def offer_to_continue(self, *, resumable: bool, further: bool) -> None:
        """Show what can be done with the run that has ended."""
        self._continue.setVisible(resumable)
        self._further.setVisible(further)

    def _show_figures(self, figures: str, warnings: tuple[str, ...] = ()) -> None:
        self._figures.setText(figures)
        self._figures.setVisible(bool(figures))
        self._warnings.setText("\n".join(f"{capitalised(warning).rstrip('.')}." for warning in warnings))
        self._warnings.setVisible(bool(warnings))

    def _show_event(self, event: Event) -> None:
        self._show(event)

    @singledispatchmethod
    def _show(self, _event: Event) -> None:
        """Show one event; most kinds have no picture here."""

    @_show.register
    def _(self, event: RunStarted) -> None:
        self._plots().begin(event.steps_per_epoch)
        self._length = f" of {event.epochs}" if event.epochs else ""
        length = _length(event.epochs, event.minutes)
        self._title.setText(
            tr(
                "{model} for {length} on {device} ({precision})",
                model=event.model,
                length=length,
                device=event.device,
                precision=event.precision,
            )
        )
        self._show_state(tr("Training"))

    @_show.register
    def _(self, event: StepFinished) -> None:
        self._plots().add_step(event)
        self._bar.setMaximum(_BAR_STEPS)
        self._bar.setValue(round(event.fraction * _BAR_STEPS))
        self._left.setText(time_left(event.seconds_left))
        self._show_state(
            tr(
                "Epoch {epoch}{length} · step {step} · loss {train_loss:.3f}",
                epoch=event.epoch,
                length=self._length,
                step=event.step,
                train_loss=event.train_loss,
            )
        )

    @_show.register
    def _(self, event: Progress) -> None:
        self._show_state(f"{capitalised(event.task)}: {percent(event.fraction, 0)}")

    @_show.register
    def _(self, event: EpochFinished) -> None:
        self._plots().add_epoch(event)
        self._iou.show_iou(event.iou)
        if event.best:
            self._best = f" · best {percent(event.miou)} in epoch {event.epoch}"
        figures = f"mIoU {percent(event.miou)}{self._best} · accuracy {percent(event.accuracy)}"
        self._show_figures(figures, event.warnings)

    @_show.register
    def _(self, event: ValidationSamples) -> None:
        self._samples.show_samples(event)

    @_show.register
    def _(self, event: Notice) -> None:
        self._notices.add(event.message)

    @_show.register
    def _(self, event: RunFinished) -> None:
        self._show_state(
            tr(
                "{reasons} after {duration}, epoch {epoch}",
                reasons=_REASONS[event.reason],
                duration=duration(event.seconds),
                epoch=event.epoch,
            ),
            final=True,
        )

    def _show_state(self, state: str, *, final: bool = False) -> None:
        """Show what goes on, unless the user's own wish (to pause, to stop) is still on its way."""
        if final or self._wish() is None:
            self._state.setText(state)

    def _wish(self) -> str | None:
        if self._job is None or not self._job.running:
            return None
        control = self._job.control
        if control.stop_requested:
            return "Stopping… the best model so far is kept"
        return "Paused" if control.paused else None

    # --- how the run ends

    def _show_finished(self) -> None:
        self._bar.setMaximum(_BAR_STEPS)

    def _show_failed(self, sentence: str) -> None:
        self._show_state(tr("Failed: {sentence}", sentence=sentence), final=True)

    def _show_not_started(self, work: WorkSize) -> None:
        self._show_state(tr("Not started: {objection}", objection=work.objection), final=True)

    def _show_stopped(self) -> None:
        self._show_state(tr("Stopped before there was a model"), final=True)

    def _show_ended(self) -> None:
        self._job = None
        self._left.clear()
        self._set_controls(running=False)
        if self._bar.maximum() == 0:  # or it would look busy for ever
            self._bar.setMaximum(_BAR_STEPS)

    # --- what the user does

    def _pause_or_resume(self, pause: bool) -> None:
        self._pause.setText(tr("Resume") if pause else tr("Pause"))
        if self._job is None:
            return
        (self._job.control.pause if pause else self._job.control.resume)()
        self._state.setText(self._wish() or "Training")

    def _ask_to_stop(self) -> None:
        if self._job is None:
            return
        self._job.stop()
        self._set_controls(running=False)
        self._state.setText(self._wish() or "")

    def _set_controls(self, *, running: bool) -> None:
        self._pause.setChecked(False)
        for button in (self._pause, self._stop):
            button.setEnabled(running)


def _length(epochs: int | None, minutes: float | None) -> str:
    return f"{epochs} epochs" if epochs else duration(60 * (minutes or 0))


def _state_of(details: RunDetails) -> str:
    """Return in words what a run was, and how it ended."""
    summary, history = details.summary, details.history
    if summary.status == RunStatus.DAMAGED:
        return f"Damaged: {summary.problem}"
    start, end = history.start, history.end
    what = f"{start.model} for {_length(start.epochs, start.minutes)} on {start.device}" if start else summary.model
    if end is None:
        return f"{what} · unfinished"
    epoch = f", epoch {history.epochs[-1].epoch}" if history.epochs else ""
    return f"{what} · {_REASONS.get(end.reason, 'Ended')} after {duration(end.seconds)}{epoch}"
