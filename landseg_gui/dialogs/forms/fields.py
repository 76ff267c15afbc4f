"""The parts of forms: a path with its Browse button, and a field with its error below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

PickPath = Callable[[QWidget, str], str]
"""Asks the user for a path, starting at the one given; an empty answer means no change."""


def pick_folder(title: str) -> PickPath:
    """Return a function that asks for a folder."""
    return lambda parent, start: QFileDialog.getExistingDirectory(parent, title, start)


def pick_file(title: str, kinds: str) -> PickPath:
    """Return a function that asks for an existing file; `kinds` is a name filter of Qt."""
    return lambda parent, start: QFileDialog.getOpenFileName(parent, title, start, kinds)[0]


def pick_new_file(title: str, kinds: str) -> PickPath:
    """Return a function that asks for a new file; whether to overwrite is asked later, for typed names too."""
    options = QFileDialog.Option.DontConfirmOverwrite
    return lambda parent, start: QFileDialog.getSaveFileName(parent, title, start, kinds, options=options)[0]


class PathField(QWidget):
    """A path to type, browse for or drop. The line itself carries the object name, its button `<name>_browse`."""

    changed = Signal()

    def __init__(self, name: str, pick: PickPath, placeholder: str = "") -> None:
        super().__init__()
        self._pick = pick
        self.line = _PathLine()
        self.line.setObjectName(name)
        self.line.setPlaceholderText(placeholder)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.changed)
        button = QPushButton(tr("Browse…"), objectName=f"{name}_browse", autoDefault=False)
        button.clicked.connect(self._browse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(button)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        """Return the text of the line, without the quotes that "Copy as path" of a file manager adds."""
        return self.line.text().replace("\0", "").strip().strip('"')

    def path(self) -> Path | None:
        """Return the path, or None where the line is empty."""
        text = self.text()
        try:
            return Path(text).expanduser() if text else None
        except RuntimeError:  # ~name of a user that does not exist, perhaps only half typed
            return Path(text)

    def set_path(self, path: Path | str | None) -> None:
        """Put a path into the line; None empties it."""
        self.line.setText(str(path or ""))

    def _browse(self) -> None:
        if answer := self._pick(self, self.text()):
            self.set_path(Path(answer))


class _PathLine(QLineEdit):
    """A line that replaces its text by the path of a dropped file or folder."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        if urls:
            self.setText(str(Path(urls[0].toLocalFile())))
            event.acceptProposedAction()
        else:
            super().dropEvent(event)


class ErrorLabel(PlainLabel):
    """The sentence under a field that says what is wrong with it; hidden while there is none."""

    def __init__(self, name: str) -> None:
        super().__init__(objectName=f"{name}_problem", wordWrap=True, visible=False)

    def show_sentence(self, sentence: str, *, grave: bool = True) -> None:
        """Show `sentence`; a field that only has to be filled in (not `grave`) has it in the colour of a hint."""
        self.setForegroundRole(QPalette.ColorRole.BrightText if grave else QPalette.ColorRole.PlaceholderText)
        self.setText(sentence)
        self.setVisible(bool(sentence))


class Field(QWidget):
    """An editor with its error under it."""

    def __init__(self, name: str, editor: QWidget) -> None:
        super().__init__()
        self.editor = editor
        self.error = ErrorLabel(name)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(editor)
        self._column.addWidget(self.error)
        self.setFocusProxy(editor)

    def add_below(self, widget: QWidget) -> None:
        """Put an explanation of its value under the editor."""
        self._column.addWidget(widget)
