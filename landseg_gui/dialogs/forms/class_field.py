"""Chooses the classes: a preset by its name, or a class file."""

from __future__ import annotations

import html
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from landseg_core.errors import ClassSchemaError
from landseg_core.labels.classes import ClassSchema, load_classes, preset_names
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import pick_file
from landseg_gui.dialogs.forms.file_kinds import CLASS_FILES
from landseg_gui.text import as_sentence, tr, translated


class ClassField(QWidget):
    """A list of the presets that also accepts the path of a file; shows the classes in their colours below."""

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.schema: ClassSchema | None = None
        self.error: FieldError | None = None
        self._pick = pick_file(tr("Class File"), translated(CLASS_FILES))
        self.combo = QComboBox(objectName=name, editable=True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.addItems(preset_names())
        self._legend = QLabel(objectName=f"{name}_legend", wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._lay_out(QPushButton(tr("Browse…"), objectName=f"{name}_browse", autoDefault=False))
        self.combo.currentTextChanged.connect(self._load)
        self.setFocusProxy(self.combo)
        self._load()

    def _lay_out(self, button: QPushButton) -> None:
        button.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.combo, 1)
        row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._legend)

    def text(self) -> str:
        """Return the preset's name or the file's path."""
        return self.combo.currentText().replace("\0", "").strip().strip('"')

    def set_text(self, text: str) -> None:
        """Choose a preset by its name, or a class file by its path."""
        self.combo.setCurrentText(text)

    def _browse(self) -> None:
        if answer := self._pick(self, self.text()):
            self.set_text(str(Path(answer)))

    def _load(self) -> None:
        text = self.text()
        try:
            self.schema, self.error = load_classes(text), None
        except (ClassSchemaError, OSError) as error:
            self.schema = None
            self.error = (
                FieldError(as_sentence(error))
                if text
                else FieldError(tr("Choose a preset or a class file."), missing=True)
            )
        self._legend.setText(legend(self.schema) if self.schema else "")
        self._legend.setVisible(self.schema is not None)
        self.changed.emit()


def legend(schema: ClassSchema) -> str:
    """Return the classes as rich text, each name behind a square in its colour."""
    names = [html.escape(item.name) for item in schema.classes]
    squares = [f'<span style="color:{item.colour}">■</span>' for item in schema.classes]
    return "&nbsp;&nbsp; ".join(f"{square}&nbsp;{name}" for square, name in zip(squares, names, strict=True))
