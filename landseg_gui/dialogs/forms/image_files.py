"""A list of image files to which files can be added."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from landseg_gui.dialogs.forms.file_kinds import IMAGES
from landseg_gui.plain_text import plain_tip
from landseg_gui.session.project_files import same_file
from landseg_gui.text import tr, translated

_LINES = 3


class ImageFilesField(QWidget):
    """Files by name, with buttons to add files and to remove the selected ones. The list has the object name."""

    changed = Signal()

    def __init__(self, name: str, paths: Iterable[Path]) -> None:
        super().__init__()
        self._paths: list[Path] = []
        self.list = QListWidget(objectName=name)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setFixedHeight((self.fontMetrics().lineSpacing() + 4) * _LINES + 8)
        self._add = QPushButton(tr("Add…"), objectName=f"{name}_add", autoDefault=False)
        self._remove = QPushButton(tr("Remove"), objectName=f"{name}_remove", autoDefault=False, enabled=False)
        self._add.clicked.connect(self._browse)
        self._remove.clicked.connect(self._remove_selected)
        self.list.itemSelectionChanged.connect(lambda: self._remove.setEnabled(bool(self.list.selectedItems())))
        self._lay_out()
        self.setFocusProxy(self._add)
        self.add(paths)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        buttons = QVBoxLayout()
        buttons.addWidget(self._add)
        buttons.addWidget(self._remove)
        buttons.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.list, 1, Qt.AlignmentFlag.AlignTop)
        row.addLayout(buttons)

    def paths(self) -> list[Path]:
        """Return the files, in order."""
        return list(self._paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Add files at the end; one that is listed already is not listed twice."""
        for path in paths:
            if not any(same_file(path, other) for other in self._paths):
                self._paths.append(path)
                item = QListWidgetItem(path.name, self.list)
                item.setToolTip(plain_tip(str(path)))
        self.changed.emit()

    def _browse(self) -> None:
        start = str(self._paths[-1].parent) if self._paths else ""
        answers, _ = QFileDialog.getOpenFileNames(self, tr("Images"), start, translated(IMAGES))
        if answers:  # there are none, too, where this dialog has been closed meanwhile
            self.add(Path(answer) for answer in answers)

    def _remove_selected(self) -> None:
        for item in self.list.selectedItems():
            row = self.list.row(item)
            self.list.takeItem(row)
            del self._paths[row]
        self.changed.emit()
