"""A table that maps the values of a file to classes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem

from landseg_core.formats.source_info import SourceValue
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_gui.icons import colour_swatch
from landseg_gui.text import thousands, tr, translated

LEAVE_OUT = ""
"""The class, in a mapping, of a value that is left unlabelled."""

_VISIBLE_ROWS = 7
_COLUMNS = (N_("Value in file"), N_("Count"), N_("Class"))


class MappingTable(QTableWidget):
    """A row for each value, with the list of classes to choose from, named `<name>_<key>`."""

    changed = Signal()

    def __init__(self, name: str, schema: ClassSchema) -> None:
        super().__init__(0, len(_COLUMNS), objectName=name)
        self._classes = _class_model(schema, self)
        self._choices: dict[str, QComboBox] = {}
        self.setHorizontalHeaderLabels([translated(text) for text in _COLUMNS])
        self.verticalHeader().hide()
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # the Tab key goes from list to list
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)

    def show_values(self, values: Sequence[SourceValue]) -> None:
        """List `values`, each with its suggested class, or with none where the user has to choose."""
        self._choices = {value.key: self._choice(value) for value in values}
        self.setRowCount(0)
        self.setRowCount(len(values))
        for row, value in enumerate(values):
            self.setItem(row, 0, _text_item(value))
            self.setItem(row, 1, _count_item(value.count))
            self.setCellWidget(row, len(_COLUMNS) - 1, self._choices[value.key])
        for former, combo in itertools.pairwise([self, *self._choices.values()]):
            self.setTabOrder(former, combo)
        self.resizeRowsToContents()
        self.updateGeometry()
        self.changed.emit()

    def _choice(self, value: SourceValue) -> QComboBox:
        combo = _ClassChoice(objectName=f"{self.objectName()}_{value.key}")
        combo.setModel(self._classes)
        combo.setPlaceholderText(tr("Choose…"))
        combo.setCurrentIndex(-1 if value.suggestion is None else max(0, combo.findData(value.suggestion)))
        combo.currentIndexChanged.connect(self.changed)
        return combo

    def mapping(self) -> dict[str, str]:
        """Return the class chosen for each value, by key, without the values that are undecided."""
        return {key: str(combo.currentData()) for key, combo in self._choices.items() if combo.currentIndex() >= 0}

    def undecided(self) -> list[str]:
        """Return the keys of the values without a class yet."""
        return [key for key, combo in self._choices.items() if combo.currentIndex() < 0]

    def sizeHint(self) -> QSize:
        """Return a size for some rows."""
        rows = min(max(1, self.rowCount()), _VISIBLE_ROWS)
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        height += sum(self.rowHeight(row) for row in range(rows)) if self.rowCount() else 0
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        """Return the same: the table scrolls, it does not shrink."""
        return self.sizeHint()


class _ClassChoice(QComboBox):
    """A list that leaves the wheel to the table, so that scrolling changes no class."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _class_model(schema: ClassSchema, parent: QObject) -> QStandardItemModel:
    """Return the classes to choose from, one model for all the lists; the name is the data of an item."""
    model = QStandardItemModel(parent)
    model.appendRow(_class_item(tr("leave unlabelled"), LEAVE_OUT, QIcon()))
    for item in schema.classes:
        model.appendRow(_class_item(item.name, item.name, colour_swatch(item.colour)))
    return model


def _class_item(text: str, name: str, swatch: QIcon) -> QStandardItem:
    item = QStandardItem(swatch, text)
    item.setData(name, Qt.ItemDataRole.UserRole)
    return item


def _text_item(value: SourceValue) -> QTableWidgetItem:
    item = QTableWidgetItem(translated(value.text))
    if value.colour:
        item.setIcon(colour_swatch(value.colour))
    return item


def _count_item(count: int) -> QTableWidgetItem:
    item = QTableWidgetItem(thousands(count))
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
