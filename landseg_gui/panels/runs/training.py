"""The dock of the training run: that of the open project; one of another project shows whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_gui.jobs.runner import Job
from landseg_gui.panels.runs.run_view import RunView
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr, translated

if TYPE_CHECKING:
    from landseg_core.runs.details import RunDetails

NO_RUN = N_("No training run yet. Choose Train… in the Model menu to train a model on labels or on images and masks.")
_EMPTY = N_(
    "Choose Train… in the Model menu to train a model on labels or on images and masks. The Runs panel lists earlier "
    "runs."
)


class TrainingPanel(QWidget):
    """Shows one run at a time: the last one of the project that is open, or of the time without one (`None`).

    A run that was followed stays as it is until the next begins; others are shown from their record. Where a run of
    another project is under way, a line says so and shows it on demand. `live_wanted` brings whether to predict the
    view after each epoch; `resume_wanted` and `fine_tune_wanted` ask to resume the run that is shown, and to train a
    new one from its model: they bring its folder, None for the run that was followed.
    """

    live_wanted = Signal(bool)
    resume_wanted = Signal(object)
    fine_tune_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_panel")
        self._owner: Path | None = None
        self._project: Path | None = None
        self._job: Job | None = None
        self._record: RunView | None = None
        self._followed = self._new_view()
        self._followed.live_wanted.connect(self.live_wanted)
        self._connect(self._followed, None)
        self._empty = _empty_page()
        self._pages = QStackedWidget()
        self._other = QWidget(visible=False)
        self._other_text = PlainLabel(objectName="training_other", wordWrap=True)
        self._show_other = QPushButton(tr("Show"), objectName="training_show_other", checkable=True, autoDefault=False)
        self._show_other.toggled.connect(self._show_right_one)
        self._lay_out()

    def _new_view(self) -> RunView:
        """Return a view that is deleted with the panel, even while it is no part of it."""
        view = RunView()
        self.destroyed.connect(view.deleteLater)
        return view

    def _connect(self, view: RunView, folder: Path | None) -> None:
        view.resume_wanted.connect(lambda: self.resume_wanted.emit(folder))
        view.fine_tune_wanted.connect(lambda: self.fine_tune_wanted.emit(folder))

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._other)
        row.addWidget(self._other_text, 1)
        row.addWidget(self._show_other)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._followed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._other)
        layout.addWidget(self._pages, 1)

    # --- which run is shown

    @property
    def follows_here(self) -> bool:
        """Return whether the run that was followed last belongs to what is open now."""
        return self._job is not None and self._owner == self._project

    def follow(self, job: Job, schema: ClassSchema, owner: Path | None = None) -> None:
        """Show `job`, a training run of the project `owner` with the classes of `schema`, from its beginning."""
        self._job, self._owner = job, owner
        self._followed.follow(job, schema)
        self._drop_record()
        self._show_right_one()
        job.ended.connect(self._show_right_one)

    def set_project(self, path: Path | None) -> None:
        """Show what there is of another project, or of none: no record of its runs is known yet."""
        self._project = path
        self._drop_record()
        self._show_other.setChecked(False)
        self._empty.setText(
            tr("{project} has no training run yet. {hint}", project=path.name, hint=_EMPTY)
            if path
            else translated(_EMPTY)
        )
        self._show_right_one()

    def show_note(self, text: str) -> None:
        """Show a text instead of a run."""
        self._drop_record()
        self._empty.setText(text)
        self._show_right_one()

    def show_details(self, details: RunDetails) -> None:
        """Show a run of the project that is open from its record, unless one was followed in it."""
        self._drop_record()
        self._record = self._new_view()
        self._record.show_details(details)
        self._connect(self._record, details.summary.folder)
        self._show_right_one()

    def _drop_record(self) -> None:
        if self._record is not None:
            self._pages.removeWidget(self._record)
            self._record.setParent(None)
            self._record.deleteLater()
            self._record = None

    def _show_right_one(self) -> None:
        elsewhere = self._job is not None and self._job.running and not self.follows_here
        self._other.setVisible(elsewhere)
        self._other_text.setText(
            tr("A training run of {project} is under way.", project=self._owner.name)
            if self._owner
            else tr("A training run without a project is under way.")
        )
        self._show_other.setText(tr("Back") if self._show_other.isChecked() else tr("Show"))
        self._followed.show_owner(self._whose() if elsewhere else "")
        self._set_page(self._right_page(elsewhere=elsewhere))

    def _whose(self) -> str:
        if self._owner is None:
            return tr("This run belongs to no project.")
        return tr("This run belongs to {project}.", project=self._owner.name)

    def _right_page(self, *, elsewhere: bool) -> QWidget:
        if self.follows_here or (elsewhere and self._show_other.isChecked()):
            return self._followed
        return self._record or self._empty

    def _set_page(self, page: QWidget) -> None:
        """Show a page; a run that is not shown is no part of the panel, but is still followed."""
        for view in (self._followed, self._record):
            if view is not None and view is not page and (self._job or self._record):
                self._pages.removeWidget(view)
                view.setParent(None)
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)

    # --- what is passed on

    def recolour(self, schema: ClassSchema) -> None:
        """Show the classes of the run that is followed in other colours."""
        self._followed.recolour(schema)

    def show_live_problem(self, sentence: str) -> None:
        """Show why the view cannot be predicted; an empty sentence: it can."""
        self._followed.show_live_problem(sentence)

    def offer_next_steps(self, *, resume: bool, fine_tune: bool) -> None:
        """Show what can be done with the run that was followed, now that it has ended."""
        self._followed.offer_next_steps(resume=resume, fine_tune=fine_tune)


def _empty_page() -> QLabel:
    label = PlainLabel(translated(NO_RUN), objectName="training_empty", wordWrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(12)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
