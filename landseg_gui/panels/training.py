"""The dock of the training run: how far it is, curves, pictures and figures; what can be done with it."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from landseg_core.events import EpochFinished, Event, Notice, Progress, RunFinished, RunStarted, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.progress import duration, time_left
from landseg_core.training.pictures import ValidationPictures
from landseg_gui.jobs.runner import Job
from landseg_gui.panels.iou_table import IouTable
from landseg_gui.panels.notice_list import NoticeList
from landseg_gui.panels.validation_pictures import ValidationPicturesView
from landseg_gui.panels.wording import capitalised, percent

if TYPE_CHECKING:
    from landseg_gui.panels.curves import CurvesView

_BAR_STEPS = 1000
_REASONS = {
    "finished": "Finished",
    "stopped": "Stopped",
    "not_finite": "Ended: the loss was no longer a finite number; try a lower learning rate",
}


class TrainingPanel(QWidget):
    """Shows one run at a time; the last one stays until the next begins.

    `live_wanted` tells whether the view is to be predicted after each epoch; `continue_wanted` and `further_wanted` ask
    to go on with the run that has ended, and to train a new one from its model.
    """

    live_wanted = Signal(bool)
    continue_wanted = Signal()
    further_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_panel")
        self._job: Job | None = None
        self._length = ""
        self._best = ""
        self._curves: CurvesView | None = None
        self._title = QLabel(objectName="training_title", wordWrap=True)
        self._state = QLabel(objectName="training_state", wordWrap=True)
        self._left = QLabel(objectName="training_time_left")
        self._notices = NoticeList()
        self._figures = QLabel(objectName="training_figures", wordWrap=True, visible=False)
        self._warnings = QLabel(objectName="training_warnings", wordWrap=True, visible=False)
        self._bar = QProgressBar(objectName="training_progress", textVisible=False)
        self._pause = QPushButton("Pause", objectName="training_pause", checkable=True, autoDefault=False)
        self._stop = QPushButton("Stop", objectName="training_stop", autoDefault=False)
        self._live = QCheckBox("Live prediction", objectName="training_live", checked=True)
        self._live_problem = QLabel(objectName="training_live_problem", wordWrap=True, visible=False)
        self._continue = QPushButton("Continue this run…", objectName="training_continue", autoDefault=False)
        self._further = QPushButton("Train further…", objectName="training_further", autoDefault=False)
        self._iou = IouTable()
        self._pictures = ValidationPicturesView()
        self._body: QVBoxLayout
        self._pages = QStackedWidget()
        self._lay_out()
        self._pause.toggled.connect(self._pause_or_resume)
        self._stop.clicked.connect(self._ask_to_stop)
        self._live.toggled.connect(self.live_wanted)
        self._continue.clicked.connect(self.continue_wanted)
        self._further.clicked.connect(self.further_wanted)

    # --- what it looks like

    def _lay_out(self) -> None:
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        for label in (self._title, self._state, self._figures, self._warnings, self._live_problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._warnings.setForegroundRole(QPalette.ColorRole.BrightText)
        self._live_problem.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._live.setToolTip("Predict what is in sight anew after each epoch; it takes up to two seconds of the run")
        self._continue.setToolTip("Go on where the run ended, with its own settings")
        self._further.setToolTip("Start a new run from the model of this one")
        self._pause.setToolTip("Let the run wait after its current step, and go on later")
        self._stop.setToolTip("End the run; the best model so far is kept and can be used")
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self._run_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def _run_page(self) -> QScrollArea:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addLayout(self._state_row())
        column.addLayout(self._progress_row())
        column.addLayout(self._end_row())
        for part in (self._live_problem, self._notices, self._figures, self._warnings):
            column.addWidget(part)
        column.addWidget(self._tabs(), 1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setWidget(content)
        return area

    def _tabs(self) -> QTabWidget:
        curves, figures = QWidget(), QWidget()
        self._body = QVBoxLayout(curves)
        rows = QVBoxLayout(figures)
        rows.addWidget(self._iou)
        rows.addStretch(1)
        tabs = QTabWidget(objectName="training_tabs", documentMode=True)
        for title, page in (("Curves", curves), ("Pictures", self._pictures), ("Figures", figures)):
            if page.layout() is not None:
                page.layout().setContentsMargins(0, 6, 0, 0)
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

    def _progress_row(self) -> QVBoxLayout:
        buttons = QHBoxLayout()
        buttons.addWidget(self._live, 1)
        buttons.addWidget(self._pause)
        buttons.addWidget(self._stop)
        rows = QVBoxLayout()
        rows.addWidget(self._bar)
        rows.addLayout(buttons)
        return rows

    def _plots(self) -> CurvesView:
        if self._curves is None:
            from landseg_gui.panels.curves import CurvesView  # pyqtgraph: the job has loaded it by now, in its thread

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
        self._pictures.begin(schema)
        self._title.setText(job.title)
        self._notices.clear()
        self._show_figures("")
        self._show_state("Preparing…")
        self._bar.setMaximum(0)
        self._set_controls(running=True)
        self.offer_to_go_on(resumable=False, further=False)
        self._pages.setCurrentIndex(1)
        job.event.connect(self._show_event)
        job.finished.connect(self._show_finished)
        job.failed.connect(self._show_failed)
        job.stopped.connect(self._show_stopped)
        job.ended.connect(self._show_ended)

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours."""
        self._iou.recolour(schema)
        self._pictures.recolour(schema)

    def show_live_problem(self, sentence: str) -> None:
        """Say why the view cannot be predicted; an empty sentence: it can."""
        self._live_problem.setText(sentence and f"No live prediction: {sentence}.")
        self._live_problem.setVisible(bool(sentence))

    def offer_to_go_on(self, *, resumable: bool, further: bool) -> None:
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
        length = f"{event.epochs} epochs" if event.epochs else duration(60 * (event.minutes or 0))
        self._title.setText(f"{event.model} for {length} on {event.device} ({event.precision})")
        self._show_state("Training")

    @_show.register
    def _(self, event: StepFinished) -> None:
        self._plots().add_step(event)
        self._bar.setMaximum(_BAR_STEPS)
        self._bar.setValue(round(event.fraction * _BAR_STEPS))
        self._left.setText(time_left(event.seconds_left))
        self._show_state(f"Epoch {event.epoch}{self._length} · step {event.step} · loss {event.train_loss:.3f}")

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
    def _(self, event: ValidationPictures) -> None:
        self._pictures.show_pictures(event)

    @_show.register
    def _(self, event: Notice) -> None:
        self._notices.add(event.message)

    @_show.register
    def _(self, event: RunFinished) -> None:
        self._show_state(f"{_REASONS[event.reason]} after {duration(event.seconds)}, epoch {event.epoch}", final=True)

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
        self._show_state(f"Failed: {sentence}", final=True)

    def _show_stopped(self) -> None:
        self._show_state("Stopped before there was a model", final=True)

    def _show_ended(self) -> None:
        self._job = None
        self._left.clear()
        self._set_controls(running=False)
        if self._bar.maximum() == 0:  # or it would look busy for ever
            self._bar.setMaximum(_BAR_STEPS)

    # --- what the user does

    def _pause_or_resume(self, pause: bool) -> None:
        self._pause.setText("Resume" if pause else "Pause")
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


def _empty_page() -> QLabel:
    label = QLabel("No run yet. Choose Train… in the Model menu to train a network on images and their masks.")
    label.setObjectName("training_empty")
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(12)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
