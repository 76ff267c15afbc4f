"""The list of changes made outside the project, each with the possible remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from landseg_core.messages import N_
from landseg_core.project.outside.changes import Change, ChangeKind, Remedy
from landseg_gui.plain_text import PlainLabel, without_key
from landseg_gui.text import as_sentence, tr, translated

_INTRODUCTION = N_("Files of this project have changed on disk. Choose what to do about each.")
_TITLES: Mapping[Remedy, str] = {
    Remedy.KEEP_GRID: N_("Keep Old Grid"),
    Remedy.MOVE_LABELS: N_("Move Labels"),
    Remedy.RELINK: N_("Relink…"),
    Remedy.PREDICT: N_("Predict Again…"),
    Remedy.REMOVE: N_("Remove…"),
}
_TIPS: Mapping[Remedy, str] = {
    Remedy.KEEP_GRID: N_("Keep the labels in place and read the image on its old grid"),
    Remedy.MOVE_LABELS: N_("Move the labels with the image to the new grid of its file"),
    Remedy.RELINK: N_("Choose the image file that was labelled"),
    Remedy.PREDICT: N_("Open the image and predict it again with the current model"),
    Remedy.REMOVE: N_("Remove it from the project; its file is not deleted"),
}


class ChangesDialog(QDialog):
    """Lists changes without blocking the window. `chosen` carries a change and one of its remedies."""

    chosen = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="changed_files")
        self.setWindowTitle(tr("Changed Files"))
        self._writable = True
        self._list = QScrollArea(objectName="changed_files_list", widgetResizable=True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(PlainLabel(translated(_INTRODUCTION), objectName="changed_files_introduction", wordWrap=True))
        column.addWidget(self._list, 1)
        column.addWidget(close)
        self.resize(640, 360)

    def show_changes(self, changes: Sequence[Change], *, writable: bool) -> None:
        """List these changes; remedies can be chosen only where the project is `writable`."""
        self._writable = writable
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        for number, change in enumerate(changes):
            column.addWidget(self._row(number, change))
        column.addStretch(1)
        self._list.setWidget(rows)  # which deletes the former rows

    def _row(self, number: int, change: Change) -> QWidget:
        row = QFrame(objectName=f"change_{number}")
        text = PlainLabel(as_sentence(change.what), objectName=f"change_{number}_text", wordWrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        for remedy in change.remedies:
            buttons.addWidget(self._button(number, change, remedy))
        buttons.addStretch(1)
        column = QVBoxLayout(row)
        column.addWidget(text)
        column.addLayout(buttons)
        return row

    def _button(self, number: int, change: Change, remedy: Remedy) -> QPushButton:
        button: QPushButton = QPushButton(_title(change, remedy), objectName=f"change_{number}_{remedy.name.lower()}")
        button.setToolTip(translated(_TIPS[remedy]))
        button.setEnabled(self._writable)
        button.setAutoDefault(False)
        button.clicked.connect(partial(self.chosen.emit, change, remedy))
        return button


def _title(change: Change, remedy: Remedy) -> str:
    if remedy is Remedy.KEEP_GRID and change.kind is ChangeKind.PIXELS:
        return tr("Labels Still Fit")
    if remedy is Remedy.RELINK and change.found is not None:
        return without_key(tr("Use {file}", file=f"{change.found.parent.name}/{change.found.name}"))
    return translated(_TITLES[remedy])
