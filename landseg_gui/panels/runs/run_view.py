"""A training run: its progress, curves, samples and metrics; what can be done with it."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from landseg_core.events import EpochFinished, Event, Notice, Progress, RunFinished, RunStarted, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WorkSize
from landseg_core.runs.catalogue import RunStatus, RunSummary
from landseg_core.runs.samples import ValidationSamples
from landseg_gui.jobs.runner import Job
from landseg_gui.panels.runs.iou_table import IouTable
from landseg_gui.panels.runs.run_controls import RunControls
from landseg_gui.panels.runs.run_text import details_text, end_text, metric_text, what_text
from landseg_gui.panels.runs.samples import ValidationSamplesView
from landseg_gui.panels.runs.warning_list import NoticeList
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, capitalised, decimal, percent, time_left, tr, translated

if TYPE_CHECKING:
    from landseg_core.runs.details import RunDetails
    from landseg_gui.panels.runs.curves import CurvesView


class RunView(QScrollArea):
    """Shows a run that is under way from its beginning, or one that is over from its record.

    `live_wanted` brings whether to predict the view after each epoch; `resume_wanted` and `fine_tune_wanted` ask to
    resume the run that has ended, and to train a new one from its model.
    """

    live_wanted = Signal(bool)
    resume_wanted = Signal()
    fine_tune_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._epochs: int | None = None
        self._best: EpochFinished | None = None
        self._curves: CurvesView | None = None
        self._title = PlainLabel(objectName="training_title", wordWrap=True)
        self._whose = PlainLabel(objectName="training_whose", wordWrap=True, visible=False)
        self._controls = RunControls()
        self._state = PlainLabel(objectName="training_state", wordWrap=True)
        self._left = PlainLabel(objectName="training_time_left")
        self._notices = NoticeList()
        self._metrics = PlainLabel(objectName="training_figures", wordWrap=True, visible=False)
        self._warnings = PlainLabel(objectName="training_warnings", wordWrap=True, visible=False)
        self._live_problem = PlainLabel(objectName="training_live_problem", wordWrap=True, visible=False)
        self._resume = QPushButton(tr("Resume…"), objectName="training_continue", autoDefault=False)
        self._fine_tune = QPushButton(tr("Fine-tune…"), objectName="training_further", autoDefault=False)
        self._iou = IouTable()
        self._samples = ValidationSamplesView()
        self._body: QVBoxLayout
        self._lay_out()
        self._controls.live_wanted.connect(self.live_wanted)
        self._controls.wish_changed.connect(self._show_wish)
        self._resume.clicked.connect(self.resume_wanted)
        self._fine_tune.clicked.connect(self.fine_tune_wanted)

    # --- what it looks like

    def _lay_out(self) -> None:
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._warnings.setForegroundRole(QPalette.ColorRole.BrightText)
        self._live_problem.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._resume.setToolTip(tr("Resume the run where it stopped, with its own settings"))
        self._fine_tune.setToolTip(tr("Start a new run from the model of this one"))
        content = QWidget()
        column = QVBoxLayout(content)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._whose)
        column.addLayout(self._state_row())
        column.addWidget(self._controls)
        column.addLayout(self._end_row())
        for part in (self._live_problem, self._notices, self._metrics, self._warnings):
            column.addWidget(part)
        column.addWidget(self._tabs(), 1)
        self.setWidget(content)

    def _tabs(self) -> QTabWidget:
        curves, metrics = QWidget(), QWidget()
        self._body = QVBoxLayout(curves)
        rows = QVBoxLayout(metrics)
        rows.addWidget(self._iou)
        rows.addStretch(1)
        tabs = QTabWidget(objectName="training_tabs", documentMode=True)
        for title, page in ((tr("Curves"), curves), (tr("Samples"), self._samples), (tr("Metrics"), metrics)):
            if layout := page.layout():
                layout.setContentsMargins(0, 6, 0, 0)
            tabs.addTab(page, title)
        return tabs

    def _end_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for button in (self._resume, self._fine_tune):
            button.setVisible(False)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _state_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._state, 1)
        row.addWidget(self._left, 0, Qt.AlignmentFlag.AlignTop)
        return row

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
        """Show `job`, a training run with the classes of `schema`, from its beginning."""
        self._best = None
        self._iou.set_schema(schema)
        self._samples.begin(schema)
        self._title.setText(job.title)
        self._notices.clear()
        self._show_metrics("")
        self._show_state(tr("Preparing…"))
        self._controls.follow(job)
        self.offer_next_steps(resume=False, fine_tune=False)
        job.reported.connect(self._show_event)
        job.failed.connect(self._show_failed)
        job.too_large.connect(self._show_not_started)
        job.stopped.connect(self._show_stopped)
        job.ended.connect(self._left.clear)

    def show_details(self, details: RunDetails) -> None:
        """Show a run from the files in its folder."""
        summary, history = details.summary, details.history
        self._controls.hide()
        self._title.setText(summary.name)
        self._title.setToolTip(str(summary.folder))
        self._state.setText(details_text(details))
        self._plots().show_curves(details.curves)
        for message in history.notices:
            self._notices.add(message)
        self._show_saved_metrics(summary)
        self._show_classes(details)
        resumable = summary.has_checkpoint and summary.status != RunStatus.FINISHED
        self.offer_next_steps(resume=resumable, fine_tune=summary.has_model and summary.status != RunStatus.DAMAGED)

    def _show_saved_metrics(self, summary: RunSummary) -> None:
        if summary.evaluation is not None:
            found = summary.evaluation
            metrics = tr(
                "Best mIoU {miou} in epoch {epoch} · accuracy {accuracy}",
                miou=metric_text(found.miou, found.miou_interval if found.estimated else None),
                epoch=found.epoch,
                accuracy=percent(summary.accuracy),
            )
            self._show_metrics(metrics, summary.evaluation.warnings)

    def _show_classes(self, details: RunDetails) -> None:
        if details.schema is None:
            return
        self._iou.set_schema(details.schema)
        self._iou.show_iou({item.name: item.iou for item in details.summary.classes})
        self._samples.begin(details.schema)
        self._samples.show_saved(details.samples)

    def show_owner(self, text: str) -> None:
        """Show which project the run belongs to; an empty text: the one that is open."""
        self._whose.setText(text)
        self._whose.setVisible(bool(text))

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours."""
        self._iou.recolour(schema)
        self._samples.recolour(schema)

    def show_live_problem(self, sentence: str) -> None:
        """Show why the view cannot be predicted; an empty sentence: it can."""
        self._live_problem.setText(sentence and tr("No live prediction: {reason}.", reason=sentence))
        self._live_problem.setVisible(bool(sentence))

    def offer_next_steps(self, *, resume: bool, fine_tune: bool) -> None:
        """Show what can be done with the run that has ended."""
        self._resume.setVisible(resume)
        self._fine_tune.setVisible(fine_tune)

    def _show_metrics(self, metrics: str, warnings: tuple[str, ...] = ()) -> None:
        self._metrics.setText(metrics)
        self._metrics.setVisible(bool(metrics))
        self._warnings.setText("\n".join(map(as_sentence, warnings)))
        self._warnings.setVisible(bool(warnings))

    def _show_event(self, event: Event) -> None:
        self._show(event)

    @singledispatchmethod
    def _show(self, _event: Event) -> None:
        """Show one event; most kinds are not shown here."""

    @_show.register
    def _(self, event: RunStarted) -> None:
        self._plots().begin(event.steps_per_epoch)
        self._epochs = event.epochs
        self._title.setText(f"{what_text(event)} ({event.precision})")
        self._show_state(tr("Training"))

    @_show.register
    def _(self, event: StepFinished) -> None:
        self._plots().add_step(event)
        self._controls.show_progress(event.fraction)
        self._left.setText(time_left(event.seconds_left))
        self._show_state(self._step_text(event))

    def _step_text(self, event: StepFinished) -> str:
        if not self._epochs:
            return tr(
                "Epoch {epoch} · step {step} · loss {loss}",
                epoch=event.epoch,
                step=event.step,
                loss=decimal(event.train_loss, 3),
            )
        return tr(
            "Epoch {epoch} of {epochs} · step {step} · loss {loss}",
            epoch=event.epoch,
            epochs=self._epochs,
            step=event.step,
            loss=decimal(event.train_loss, 3),
        )

    @_show.register
    def _(self, event: Progress) -> None:
        task = capitalised(translated(event.task))
        self._show_state(tr("{task}: {share}", task=task, share=percent(event.fraction, 0)))

    @_show.register
    def _(self, event: EpochFinished) -> None:
        self._plots().add_epoch(event)
        self._iou.show_iou(event.iou)
        if event.best:
            self._best = event
        self._show_metrics(self._metrics_text(event), event.warnings)

    def _metrics_text(self, event: EpochFinished) -> str:
        miou = metric_text(event.miou, event.miou_interval)
        if self._best is None:
            return tr("mIoU {miou} · accuracy {accuracy}", miou=miou, accuracy=percent(event.accuracy))
        return tr(
            "mIoU {miou} · best {best} in epoch {epoch} · accuracy {accuracy}",
            miou=miou,
            best=percent(self._best.miou),
            epoch=self._best.epoch,
            accuracy=percent(event.accuracy),
        )

    @_show.register
    def _(self, event: ValidationSamples) -> None:
        self._samples.show_samples(event)

    @_show.register
    def _(self, event: Notice) -> None:
        self._notices.add(event.message)

    @_show.register
    def _(self, event: RunFinished) -> None:
        self._show_state(end_text(event, event.epoch), final=True)

    def _show_state(self, state: str, *, final: bool = False) -> None:
        """Show the state, unless the user has asked to pause or to stop and that has not happened yet."""
        if final or self._controls.wish is None:
            self._state.setText(state)

    def _show_wish(self) -> None:
        self._state.setText(self._controls.wish or tr("Training"))

    # --- how the run ends

    def _show_failed(self, sentence: str) -> None:
        self._show_state(tr("Failed: {reason}", reason=sentence), final=True)

    def _show_not_started(self, work: WorkSize) -> None:
        self._show_state(tr("Not started: {objection}.", objection=work.objection), final=True)

    def _show_stopped(self) -> None:
        self._show_state(tr("Stopped before the first model was saved"), final=True)
