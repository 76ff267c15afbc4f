"""The corrections of models that the project holds, below the runs: each can be deleted."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from landseg_core.assistant.corrections import correction_pixels
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.messages import N_
from landseg_core.project.correction_table import CorrectionEntry
from landseg_core.project.project import Project
from landseg_gui.icons import icon
from landseg_gui.message_boxes import choose
from landseg_gui.panels.runs.comparison import ROW_HEIGHT
from landseg_gui.session.assistant.latest_work import LatestWork
from landseg_gui.session.session import Session
from landseg_gui.text import day, thousands, tr

_DELETE = N_("Delete")
_MOST_ROWS = 3  # more are scrolled to


class CorrectionList(QWidget):
    """Lists the corrections of the open project, the newest first; hidden where it holds none."""

    _counted = Signal(object, int, int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="runs_corrections")
        self._projects, self._session = session.project_session, session
        self._shown: tuple[CorrectionEntry, ...] = ()
        self._pixels: dict[int, int] = {}
        self._reading = LatestWork("corrections")
        self._table = _table()
        self._delete = QPushButton(icon("remove"), tr("Delete…"), objectName="corrections_delete", autoDefault=False)
        self._delete.setToolTip(tr("Delete the selected corrections from the project"))
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 10, 4)
        row.addWidget(self._delete)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._table)
        column.addLayout(row)
        self._counted.connect(self._take_count, Qt.ConnectionType.QueuedConnection)  # emitted in the thread
        self._delete.clicked.connect(self._ask_to_delete)
        self._table.itemSelectionChanged.connect(self._show_button)
        self._projects.editing.history_changed.connect(self.refresh)
        self._projects.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List what the project holds now."""
        project = self._projects.project
        entries = tuple(reversed(project.corrections.entries)) if project else ()
        if entries != self._shown:
            self._shown, self._pixels = entries, {}
            self._reading.cancel()
            if project is not None:
                self._reading.begin(lambda control: self._count(project, entries, control))
            self._table.setRowCount(len(entries))
            rows = min(len(entries), _MOST_ROWS)
            self._table.setFixedHeight(self._table.horizontalHeader().sizeHint().height() + rows * ROW_HEIGHT + 2)
        self._fill()
        self.setVisible(bool(entries))
        self._show_button()

    def _fill(self) -> None:
        project = self._projects.project
        for row, entry in enumerate(self._shown):
            date = day(datetime.fromisoformat(entry.created).astimezone(), year=True)
            is_current = project is not None and project.corrections.is_current(entry)
            state = tr("unchanged since") if is_current else tr("changed since")
            for column, text in enumerate((entry.model, date, self._size_text(entry), state)):
                self._table.setItem(row, column, QTableWidgetItem(text))

    def _size_text(self, entry: CorrectionEntry) -> str:
        pixels = self._pixels.get(entry.id, 0)
        return tr("{count} px", count=thousands(pixels)) if pixels else ""

    def _count(self, project: Project, entries: tuple[CorrectionEntry, ...], control: JobControl) -> None:
        """Read how many labels the corrections were fitted to; in a thread."""
        for entry in entries:
            control.checkpoint()
            with suppress(LandsegError):  # a damaged one is said where it is used
                self._counted.emit(entries, entry.id, correction_pixels(project.corrections.data(entry.id)))

    def _take_count(self, entries: tuple[CorrectionEntry, ...], number: int, pixels: int) -> None:
        if entries is self._shown:
            self._pixels[number] = pixels
            self._fill()

    def close_reading(self) -> None:
        """Stop reading, and wait for it."""
        self._reading.close()

    def _chosen(self) -> list[CorrectionEntry]:
        return [self._shown[row] for row in sorted({index.row() for index in self._table.selectedIndexes()})]

    def _show_button(self) -> None:
        project = self._projects.project
        self._delete.setEnabled(bool(project and not project.read_only and self._chosen()))

    def _ask_to_delete(self) -> None:
        chosen, owner = self._chosen(), self._projects.owner
        question = tr(
            "Delete %n corrections?", n=len(chosen), one="Delete the correction of {model}?", model=chosen[0].model
        )
        explanation = tr("They are removed from the project, which cannot be undone. Labels, models and maps stay.")
        if owner is None or not choose(self, question, explanation, [_DELETE]):
            return

        def remove(project: Project) -> None:
            for entry in chosen:
                project.corrections.remove(entry.id)

        self._projects.change_project(owner, remove, tr("The correction could not be deleted."))


def _table() -> QTableWidget:
    titles = [tr("Correction of"), tr("Date"), tr("Fitted to"), tr("Labels")]
    table: QTableWidget = QTableWidget(
        0, len(titles), objectName="corrections_table", showGrid=False, frameShape=QTableWidget.Shape.NoFrame
    )
    table.setHorizontalHeaderLabels(titles)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setStretchLastSection(True)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table
