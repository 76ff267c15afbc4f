"""The dialog in which the classes of a project are edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from landseg_core.errors import ClassSchemaError, OutputError
from landseg_core.labels.class_draft import ClassDraft, DraftClass
from landseg_core.labels.classes import UNLABELLED, ClassSchema, load_classes, preset_names
from landseg_core.messages import N_
from landseg_core.output_files import write_atomically
from landseg_gui.dialogs.forms.file_kinds import CLASS_FILES
from landseg_gui.icons import colour_swatch, icon
from landseg_gui.message_boxes import show_failure
from landseg_gui.plain_text import PlainLabel, choose_item
from landseg_gui.text import as_sentence, capitalised, pixels, tr, translated

_COLOUR, _NAME, _VALUE, _PIXELS = range(4)
_HEADINGS = ("", N_("Name"), N_("Value"), N_("Labelled"))


class ClassEditor(QDialog):
    """Edits a draft of the classes; `draft` is the answer. `painted` is the number of labelled px by class value."""

    def __init__(self, schema: ClassSchema, painted: Mapping[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dialog_classes")
        self.setWindowTitle(tr("Classes"))
        self.draft = ClassDraft.of(schema)
        self._painted = painted
        self._table = self._new_table()
        self._problem = PlainLabel(objectName="classes_problem", wordWrap=True)
        self._problem.setProperty("problem", "true")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        self._show()
        self.resize(560, 460)

    def _new_table(self) -> QTableWidget:
        table: QTableWidget = QTableWidget(0, len(_HEADINGS), objectName="classes_table")
        table.setHorizontalHeaderLabels([translated(text) for text in _HEADINGS])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        table.itemChanged.connect(self._take_name)
        table.cellClicked.connect(self._click)
        return table

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        for name, text, handler in (
            ("add", tr("Add"), self._add),
            ("delete", tr("Delete…"), self._delete),
            ("up", tr("Move Up"), lambda: self._move(-1)),
            ("down", tr("Move Down"), lambda: self._move(1)),
        ):
            tools.addWidget(self._button(name, text, handler))
        tools.addStretch(1)
        tools.addWidget(self._preset_button())
        tools.addWidget(self._button("save", tr("Save as Preset…"), self._save))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self._table, 1)
        column.addLayout(tools)
        column.addWidget(self._problem)
        column.addWidget(self._buttons)

    def _button(self, name: str, text: str, handler: Callable[[], object]) -> QPushButton:
        button: QPushButton = QPushButton(text, objectName=f"classes_{name}", autoDefault=False)
        button.clicked.connect(lambda: handler())
        return button

    def _preset_button(self) -> QPushButton:
        button: QPushButton = QPushButton(tr("Load Preset"), objectName="classes_load", autoDefault=False)
        button.setToolTip(tr("Add the classes that are missing here and use the colours of the preset for the others"))
        menu = QMenu(button)
        for name in preset_names():
            menu.addAction(name, partial(self._load, name))
        menu.addSeparator()
        menu.addAction(icon("folder"), tr("From File…"), self._load_file)
        button.setMenu(menu)
        return button

    # --- what is shown

    def _show(self) -> None:
        current = self._current_row()
        with QSignalBlocker(self._table):
            self._table.setRowCount(len(self.draft.classes))
            for row, item in enumerate(self.draft.classes):
                self._show_class(row, item)
        self._table.selectRow(min(max(0, current), len(self.draft.classes) - 1))
        self._check()

    def _show_class(self, row: int, item: DraftClass) -> None:
        swatch = QTableWidgetItem(colour_swatch(item.colour, 18), "")
        swatch.setToolTip(tr("{colour}: click to change", colour=item.colour))
        name = QTableWidgetItem(item.name)
        count = self._painted.get(item.value, 0)
        numbers = QTableWidgetItem(str(item.value)), QTableWidgetItem(pixels(count) if count else "")
        for cell in (swatch, *numbers):
            cell.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        for cell in numbers:
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, cell in enumerate((swatch, name, *numbers)):
            self._table.setItem(row, column, cell)

    def _check(self) -> None:
        problem = self._find_problem()
        self._problem.setText(as_sentence(problem) if problem else "")
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def _find_problem(self) -> str:
        try:
            self.draft.schema()
        except ClassSchemaError as error:
            return str(error)
        return ""

    # --- what is done

    def _current_row(self) -> int:
        return self._table.currentRow()

    def _edit(self, change: Callable[[], ClassDraft]) -> bool:
        """Use the changed draft, or show why it cannot be made."""
        try:
            self.draft = change()
        except ClassSchemaError as error:
            show_failure(self, as_sentence(error))
            return False
        self._show()
        return True

    def _add(self) -> None:
        if self._edit(self.draft.added):
            last = len(self.draft.classes) - 1
            self._table.selectRow(last)
            self._table.edit(self._table.model().index(last, _NAME))

    def _move(self, steps: int) -> None:
        row = self._current_row()
        if 0 <= row + steps < len(self.draft.classes):
            self._edit(lambda: self.draft.moved(row, steps))
            self._table.selectRow(row + steps)

    def _delete(self) -> None:
        row = self._current_row()
        heir = self._choose_heir(row)
        if heir is not None:
            self._edit(lambda: self.draft.deleted(row, heir))

    def _choose_heir(self, row: int) -> int | None:
        """Ask which class value the labels of a deleted class get; None where the user cancels."""
        item = self.draft.classes[row]
        count = sum(self._painted.get(value, 0) for value in self._ancestors(item.value))
        if not count:
            return UNLABELLED
        heirs = {tr("unlabelled"): UNLABELLED}
        heirs |= {other.name: other.value for other in self.draft.classes if other.value != item.value}
        question = tr("{name} has {area} of labels. Change them to:", name=capitalised(item.name), area=pixels(count))
        choice = choose_item(self, tr("Delete Class"), question, list(heirs))
        return None if choice is None else heirs[choice]

    def _ancestors(self, value: int) -> list[int]:
        """Return the class itself and the deleted classes whose labels it gets."""
        return [value, *(gone for gone, heir in self.draft.heirs.items() if heir == value)]

    def _take_name(self, cell: QTableWidgetItem) -> None:
        if cell.column() == _NAME:
            self.draft = self.draft.changed(cell.row(), name=cell.text().strip())
            self._check()

    def _click(self, row: int, column: int) -> None:
        if column != _COLOUR:
            return
        item = self.draft.classes[row]
        colour = QColorDialog.getColor(QColor(item.colour), self, tr("Colour of {name}", name=item.name))
        if colour.isValid():
            self._edit(lambda: self.draft.changed(row, colour=colour.name()))

    # --- presets

    def _load_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Load Classes"), "", translated(CLASS_FILES))
        if path:
            self._load(path)

    def _load(self, preset_or_file: str) -> None:
        self._edit(lambda: self.draft.merged(load_classes(preset_or_file)))

    def _save(self) -> None:
        if self._find_problem():
            return
        title, kinds = tr("Save Classes as Preset"), translated(CLASS_FILES)
        path, _ = QFileDialog.getSaveFileName(self, title, "classes.json", kinds)
        if not path:
            return
        try:
            write_atomically(Path(path), self.draft.schema().to_json().encode())
        except OutputError as error:
            show_failure(self, as_sentence(error))
