"""Names of classes and files are text, never markup: Qt takes `<b>` in labels and tool tips for bold, `&` for a key."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtGui import Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QLabel, QWidget

from landseg_core.plain_text import plain_text


class PlainLabel(QLabel):
    """A label that shows its text and its tool tip as they are. For markup, `QLabel` with `textFormat` is there.

    Control characters, which a file's name may hold, are replaced; line breaks are the label's own.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(_without_control(text), parent, textFormat=Qt.TextFormat.PlainText, **properties)

    def setText(self, text: str) -> None:
        """Show `text`."""
        super().setText(_without_control(text))

    def setToolTip(self, text: str) -> None:
        """Show `text` under the pointer."""
        super().setToolTip(plain_tip(text))


def _without_control(text: str) -> str:
    return "\n".join(map(plain_text, text.split("\n")))


def plain_tip(text: str) -> str:
    """Return what makes a tool tip show `text` as it is, also where Qt would read it as rich text."""
    if not Qt.mightBeRichText(text):
        return text
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'


def without_key(text: str) -> str:
    """Return what makes a button or a menu show `text` as it is: a single `&` would name a key."""
    return text.replace("&", "&&")


def show_plainly(dialog: QDialog) -> None:
    """Have the labels that Qt has put into a dialog of its own show their texts as they are."""
    for label in dialog.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setBuddy(None)  # type: ignore[arg-type]  # Qt's way to have none, unknown to its stubs


def choose_item(parent: QWidget, title: str, question: str, items: list[str]) -> str | None:
    """Ask for one of `items`; None where the user cancels."""
    dialog = QInputDialog(parent, objectName="choose_item", windowTitle=title, labelText=question)
    dialog.setComboBoxItems(items)
    show_plainly(dialog)
    return dialog.textValue() if dialog.exec() == QDialog.DialogCode.Accepted else None
