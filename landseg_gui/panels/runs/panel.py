"""The runs panel: all training runs with their metrics; compare, use a model, open a report, resume, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal, SignalInstance
from PySide6.QtGui import QDesktopServices, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from landseg_core.messages import N_
from landseg_core.models.header import MODEL_FILE
from landseg_core.runs.catalogue import RunStatus, RunSummary
from landseg_core.runs.folder import RunFolder
from landseg_gui.icons import icon
from landseg_gui.message_boxes import choose
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.runs.catalogue import RunCatalogue
from landseg_gui.panels.runs.comparison import RunComparison
from landseg_gui.panels.runs.corrections import CorrectionList
from landseg_gui.panels.runs.run_list import RunTable, run_buttons
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.session import Session
from landseg_gui.text import percent, tr

_WIDE = 1.6
"""From this ratio of width to height on, the comparison is next to the table, else below it."""
_ROOM_FOR_TEXTS = 690  # px of the panel's width
_DELETE = N_("Delete")


def _unused(_folder: Path) -> bool:
    return False


class RunsPanel(QWidget):
    """The runs of the project, or of a folder.

    `resume_wanted` asks to resume the run in a folder, `fine_tune_wanted` for a new run from the model in it,
    `train_wanted` for a first one. `in_use` returns whether a run is under way in a folder.
    """

    resume_wanted = Signal(object)
    fine_tune_wanted = Signal(object)
    train_wanted = Signal()

    def __init__(
        self, session: Session, in_use: Callable[[Path], bool] = _unused, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="runs_panel")
        self._session, self._in_use = session, in_use
        self.catalogue = RunCatalogue(session.project_session, session.notifier, self)
        self._stale = True
        self._table = RunTable()
        self._comparison = RunComparison()
        self._corrections = CorrectionList(session)
        self._source = ElidedLabel("", "runs_place")
        self._buttons = run_buttons()
        self._empty = _empty_page(self.train_wanted)
        self._pages = QStackedWidget()
        self._split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._lay_out()
        self._connect()
        self._show_source()
        self._show_runs()

    # --- what it looks like

    def _lay_out(self) -> None:
        self._folder = _tool("runs_folder", "folder", tr("Show the runs in another folder…"))
        self._own = _tool("runs_own", "previous", tr("Back to the runs of the project, or to the latest runs"))
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._table)
        head = _row(self._own, self._source, self._folder)
        head.setStretch(1, 1)
        foot = _row(*self._buttons.values())
        foot.addStretch(1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addWidget(self._corrections)
        self._split.addWidget(left)
        self._split.addWidget(self._comparison)
        for number in (0, 1):
            self._split.setStretchFactor(number, 1)
        self._split.setSizes([600, 480])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # see `minimumSizeHint`
        layout.addWidget(self._split, 1)
        layout.addLayout(foot)  # below both: the row of buttons would keep the table from shrinking for the curves

    def _connect(self) -> None:
        session = self._session
        self._table.chosen_changed.connect(self._show_chosen)
        self._table.doubleClicked.connect(self._open_report)
        self._folder.clicked.connect(self._ask_for_folder)
        self._own.clicked.connect(lambda: self._look_in(None))
        for key, handler in (
            ("use", self._use),
            ("report", self._open_report),
            ("continue", self._resume),
            ("further", self._fine_tune),
            ("delete", self._ask_to_delete),
        ):
            self._buttons[key].clicked.connect(handler)
        self.catalogue.changed.connect(self._show_runs)
        self.catalogue.deleted.connect(self._drop_model)
        session.model.changed.connect(self._show_used)
        session.project_session.project_changed.connect(self._look_in)

    # --- what it shows

    def refresh(self) -> None:
        """Read the runs again: now where the panel is visible, else when it becomes visible."""
        self._stale = not self.isVisible()
        self._show_source()
        if not self._stale:
            self.catalogue.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Update the list."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def minimumSizeHint(self) -> QSize:
        """Return the least useful size: the parts shrink and scroll."""
        return QSize(300, 150)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the comparison where there is room for it."""
        super().resizeEvent(event)
        wide = self.width() > _WIDE * self.height()
        self._split.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
        for button in self._buttons.values():  # their icons and tips remain
            button.setText(button.accessibleName() if self.width() >= _ROOM_FOR_TEXTS else "")

    def close_reading(self) -> None:
        """Stop what is read in a thread, and wait for it."""
        self._corrections.close_reading()

    def _look_in(self, folder: Path | None = None) -> None:
        self.catalogue.choose_folder(folder)
        self.refresh()
        self._show_runs()

    def _show_source(self) -> None:
        self._source.setText(self.catalogue.title)
        self._source.setToolTip(self.catalogue.title)
        self._source.update()
        self._own.setVisible(self.catalogue.is_elsewhere)

    def _show_runs(self) -> None:
        self._table.show_runs(self.catalogue.runs)
        self._pages.setCurrentIndex(1 if self.catalogue.runs or self.catalogue.reading else 0)
        for part in (self._comparison, *self._buttons.values()):
            part.setVisible(bool(self.catalogue.runs))
        self._show_used()
        self._show_chosen()

    def _show_used(self) -> None:
        path = self._session.model.path
        self._table.runs_model.set_used(path.parent if path and path.name == MODEL_FILE else path)

    def _show_chosen(self) -> None:
        self._comparison.show_runs([run for run in self._table.chosen() if run.curves])
        self._table.runs_model.mark(self._comparison.colours())
        self._show_buttons()

    def _show_buttons(self) -> None:
        chosen = self._table.chosen()
        one = chosen[0] if len(chosen) == 1 else None
        for key in ("use", "further"):
            self._buttons[key].setEnabled(bool(one and one.has_model and one.status != RunStatus.DAMAGED))
        self._buttons["report"].setEnabled(bool(one and one.has_report))
        self._buttons["continue"].setEnabled(bool(one and self._can_go_on(one)))
        self._buttons["delete"].setEnabled(bool(chosen))

    def _can_go_on(self, run: RunSummary) -> bool:
        return run.has_checkpoint and run.status != RunStatus.FINISHED and not self._in_use(run.folder)

    # --- what it does

    def _ask_for_folder(self) -> None:
        start = self.catalogue.folder or Path()
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of Training Runs"), str(start))
        if folder:
            self._look_in(Path(folder))

    def _use(self) -> None:
        (run,) = self._table.chosen()
        self._session.model.path = run.folder / MODEL_FILE
        self._session.notifier.info(
            tr("Predictions now use the model of {run}, which is not validated.", run=run.name)
            if run.miou is None
            else tr("Predictions now use the model of {run} (mIoU {miou}).", run=run.name, miou=percent(run.miou))
        )

    def _open_report(self) -> None:
        if self._buttons["report"].isEnabled():
            (run,) = self._table.chosen()
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(RunFolder(run.folder).report)))

    def _resume(self) -> None:
        (run,) = self._table.chosen()
        self.resume_wanted.emit(run.folder)

    def _fine_tune(self) -> None:
        (run,) = self._table.chosen()
        self.fine_tune_wanted.emit(run.folder)

    def _ask_to_delete(self) -> None:
        chosen = self._table.chosen()
        if busy := [run.name for run in chosen if self._in_use(run.folder)]:
            self._session.notifier.error(tr("{run} is being trained: stop it before you delete it.", run=busy[0]))
            return
        question = tr(
            "Delete %n training runs?", n=len(chosen), one="Delete the training run {run}?", run=chosen[0].name
        )
        explanation = tr(
            "The folders of the selected runs, with models, checkpoints and reports, will be deleted from disk. This "
            "cannot be undone. Maps are kept."
        )
        if choose(self, question, explanation, [_DELETE]):
            self.catalogue.delete(chosen)

    def _drop_model(self, gone: Sequence[Path]) -> None:
        """Choose no model where the one to predict with is in a folder that is gone."""
        if self._session.model.path in {path for folder in gone for path in (folder, folder / MODEL_FILE)}:
            self._session.model.drop()


def _tool(name: str, icon_name: str, tip: str) -> QToolButton:
    button = QToolButton(objectName=name, toolTip=tip)
    button.setIcon(icon(icon_name))
    return button


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(10, 4, 10, 4)
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _empty_page(train_wanted: SignalInstance) -> QWidget:
    page = QWidget()
    text = PlainLabel(
        tr(
            "There are no training runs yet. They are listed here with their metrics, so that you can compare them and "
            "choose the model to predict with."
        ),
        objectName="panel_hint",
        wordWrap=True,
    )
    text.setAlignment(Qt.AlignmentFlag.AlignCenter)
    train = QPushButton(icon("train"), tr("Train…"), objectName="runs_train", autoDefault=False)
    train.clicked.connect(train_wanted)
    column = QVBoxLayout(page)
    column.setContentsMargins(24, 8, 24, 8)
    column.addStretch(1)
    column.addWidget(text)
    column.addWidget(train, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(1)
    return page
