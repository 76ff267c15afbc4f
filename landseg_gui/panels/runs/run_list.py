"""The table of runs in the panel, and the buttons below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPushButton, QTableView, QWidget

from landseg_core.messages import N_
from landseg_core.runs.catalogue import RunSummary
from landseg_gui.icons import icon
from landseg_gui.panels.runs.comparison import ROW_HEIGHT
from landseg_gui.panels.runs.table import COLUMNS, MIOU_COLUMN, RUN, SORT, MiouDelegate, RunTableModel
from landseg_gui.text import translated

_BUTTONS = (
    ("use", N_("Use This Model"), "predict", N_("Use the model of the selected run for predictions")),
    ("report", N_("Open Report"), "info", N_("Open the report of the selected run in the browser; it works offline")),
    ("continue", N_("Resume…"), "play", N_("Resume the selected run where it stopped")),
    ("further", N_("Fine-tune…"), "train", N_("Start a new run from the model of the selected run")),
    ("delete", N_("Delete…"), "remove", N_("Delete the folders of the selected runs from disk")),
)


class RunTable(QTableView):
    """Runs, sorted by any column, newest first; one or several can be selected."""

    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="runs_table", sortingEnabled=True, showGrid=False)
        self.runs_model = RunTableModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.runs_model)
        self._sorted.setSortRole(SORT)
        self.setModel(self._sorted)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setItemDelegateForColumn(MIOU_COLUMN, MiouDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._set_up_headers()
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())

    def _set_up_headers(self) -> None:
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)
        date = next(number for number, column in enumerate(COLUMNS) if column.title == "Date")
        self.sortByColumn(date, Qt.SortOrder.DescendingOrder)

    def chosen(self) -> Sequence[RunSummary]:
        """Return the selected runs, in the order of the table."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._sorted.index(row, 0).data(RUN) for row in rows]

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """List these runs; selected ones stay selected, and where none is, the first is."""
        folders = {run.folder for run in self.chosen()}
        self.runs_model.show(runs)
        selection = self.selectionModel()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        for row in range(self._sorted.rowCount()):
            index = self._sorted.index(row, 0)
            if index.data(RUN).folder in folders:
                selection.select(index, flags)
        if not selection.hasSelection() and self._sorted.rowCount():
            selection.select(self._sorted.index(0, 0), flags)


def run_buttons() -> dict[str, QPushButton]:
    """Return the buttons for what can be done with selected runs; object names are `runs_<key>`."""
    made = {}
    for key, title, icon_name, tip in _BUTTONS:
        text = translated(title)
        button = made[key] = QPushButton(icon(icon_name), text, objectName=f"runs_{key}", autoDefault=False)
        button.setToolTip(translated(tip))
        button.setAccessibleName(text)
    return made
