"""The bar at the top of the image that shows messages."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from landseg_gui.icons import icon
from landseg_gui.notifier import Level, Message
from landseg_gui.plain_text import PlainLabel, without_key
from landseg_gui.text import tr

_NOTICE_MS = 12_000
_ICON_SIDE = 18
_LINK, _BRIGHT = QPalette.ColorRole.Link, QPalette.ColorRole.BrightText
_ICONS = {Level.INFO: ("info", _LINK), Level.WARNING: ("warning", _LINK), Level.ERROR: ("warning", _BRIGHT)}


class MessageBar(QFrame):
    """Two lines: errors stay until they are closed; below them other messages, which disappear after a while."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="message_bar")
        self._error, self._notice = _ErrorLine("error"), _Line("message")
        self._newest: _Line = self._notice
        self._timer = QTimer(self, singleShot=True, interval=_NOTICE_MS)
        self._timer.timeout.connect(self._notice.close_line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for line in (self._error, self._notice):
            column.addWidget(line)
            line.hide()
            line.closed.connect(self._close)
        self.hide()

    def show_message(self, message: Message) -> None:
        """Show a message of the notifier. None replaces an error: a further error joins it."""
        if message.level is Level.ERROR:
            self._error.add(message)
            self._bring(self._error)
        else:
            self._notice.set_message(message)
            self._bring(self._notice)
            self._timer.start()

    def show_offer(self, sentence: str, text: str, accept: Callable[[], object]) -> None:
        """Show what went wrong, with a button that does something about it."""
        self.show_message(Message(Level.ERROR, sentence))
        self._error.offer(text, accept)

    def text(self) -> str:
        """Return the newest sentence on display."""
        return self._newest.text()

    def _bring(self, line: _Line) -> None:
        self._newest = line
        line.show()
        self.show()

    def _close(self) -> None:
        left = [line for line in (self._notice, self._error) if not line.isHidden()]
        if left:
            self._newest = left[0]
        self.setVisible(bool(left))


class _Line(QFrame):
    """A sentence with its icon and a button that closes it. Its widgets are called `<name>_text` and `<name>_close`."""

    closed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(objectName=f"{name}_line")
        self._icon = PlainLabel()
        self._text = PlainLabel(objectName=f"{name}_text", wordWrap=True)
        close = QToolButton(objectName=f"{name}_close", toolTip=tr("Close"))
        close.setIcon(icon("close"))
        close.clicked.connect(self.close_line)
        self._row = QHBoxLayout()
        self._row.setSpacing(10)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(close)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 7, 8, 7)
        self._column.addLayout(self._row)

    def text(self) -> str:
        """Return the sentence."""
        return self._text.text()

    def set_message(self, message: Message) -> None:
        """Show a message."""
        self._icon.setPixmap(icon(*_ICONS[message.level]).pixmap(_ICON_SIDE, _ICON_SIDE))
        self._text.setText(message.text)

    def close_line(self) -> None:
        """Hide the sentence."""
        self.hide()
        self.closed.emit()


class _ErrorLine(_Line):
    """The newest error; those before it unfold below, and there may be a button that does something about it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._sentences: list[str] = []
        self._accept: Callable[[], object] = self.close_line
        self._offer = QPushButton(objectName=f"{name}_offer", flat=True)
        self._unfold = QPushButton(tr("Details"), objectName=f"{name}_unfold", checkable=True, flat=True)
        self._details = QPlainTextEdit(objectName=f"{name}_details", readOnly=True, maximumHeight=110)
        self._unfold.toggled.connect(self._details.setVisible)
        self._offer.clicked.connect(self._take_offer)
        self._row.insertWidget(2, self._offer)
        self._row.insertWidget(3, self._unfold)
        self._column.addWidget(self._details)

    def add(self, message: Message) -> None:
        """Show an error together with those that are already on display."""
        shown = [] if self.isHidden() else self._sentences
        self._sentences = [*(text for text in shown if text != message.text), message.text]
        self.set_message(message)
        self._offer.hide()
        self._details.setPlainText("\n".join(self._sentences))
        self._unfold.setVisible(len(self._sentences) > 1)
        self._unfold.setChecked(False)
        self._details.hide()

    def offer(self, text: str, accept: Callable[[], object]) -> None:
        """Add a button that does something about the error."""
        self._accept = accept
        self._offer.setText(without_key(text))
        self._offer.show()

    def _take_offer(self) -> None:
        self.close_line()
        self._accept()
