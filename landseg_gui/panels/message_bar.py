"""The bar above the picture that says calmly what happened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
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

_NOTICE_MS = 12_000
_ICON_SIDE = 18


class MessageBar(QFrame):
    """One sentence, with details to unfold where there are more. A notice leaves by itself, a problem stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="message_bar")
        self._icon = PlainLabel()
        self._text = PlainLabel(objectName="message_text", wordWrap=True)
        self._offer = QPushButton(objectName="message_offer", flat=True)
        self._accept: Callable[[], object] = self.hide
        self._unfold = QPushButton("Details", objectName="message_unfold", checkable=True, flat=True)
        self._details = QPlainTextEdit(objectName="message_details", readOnly=True, maximumHeight=110)
        self._unfold.toggled.connect(self._details.setVisible)
        self._offer.clicked.connect(self._take_offer)
        self._timer = QTimer(self, singleShot=True, interval=_NOTICE_MS)
        self._timer.timeout.connect(self.hide)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        close = QToolButton(objectName="message_close", toolTip="Close")
        close.setIcon(icon("close"))
        close.clicked.connect(self.hide)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._icon)
        line.addWidget(self._text, 1)
        line.addWidget(self._offer)
        line.addWidget(self._unfold)
        line.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 8, 7)
        column.addLayout(line)
        column.addWidget(self._details)

    def show_message(self, message: Message) -> None:
        """Show what the notifier says."""
        show = self.show_problem if message.level is Level.ERROR else self.show_notice
        show(message.text)

    def show_notice(self, sentence: str) -> None:
        """Tell something good to know."""
        self._show(sentence, "", problem=False)
        self._timer.start()

    def show_problem(self, sentence: str, details: str = "") -> None:
        """Tell what went wrong and what to do. A further problem joins the one on display."""
        if self.isVisible() and self.property("problem") and sentence != self._text.text():
            details = "\n".join(part for part in (self._details.toPlainText() or self._text.text(), sentence) if part)
        self._timer.stop()
        self._show(sentence, details, problem=True)

    def show_offer(self, sentence: str, text: str, accept: Callable[[], object]) -> None:
        """Tell what went wrong, with a button that does something about it."""
        self.show_problem(sentence)
        self._accept = accept
        self._offer.setText(without_key(text))
        self._offer.show()

    def _take_offer(self) -> None:
        self.hide()
        self._accept()

    def text(self) -> str:
        """Return the sentence on display."""
        return self._text.text()

    def _show(self, sentence: str, details: str, *, problem: bool) -> None:
        self.setProperty("problem", problem)
        role = QPalette.ColorRole.BrightText if problem else QPalette.ColorRole.Link
        self._icon.setPixmap(icon("warning" if problem else "info", role).pixmap(_ICON_SIDE, _ICON_SIDE))
        self._text.setText(sentence)
        self._offer.hide()
        self._details.setPlainText(details)
        self._unfold.setVisible(bool(details))
        self._unfold.setChecked(False)
        self._details.hide()
        for widget in (self, self._text):  # the colours depend on the property
            self.style().unpolish(widget)
            self.style().polish(widget)
        self.show()
