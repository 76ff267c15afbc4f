"""Short boxes: a failure, and a question before something is lost."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget
from shiboken6 import isValid

from landseg_gui.plain_text import show_plainly, without_key
from landseg_gui.text import translated


def show_failure(parent: QWidget | None, sentence: str, details: str = "") -> QMessageBox:
    """Show `sentence` in a box over `parent` and return at once; the box goes with its OK button."""
    box = QMessageBox(QMessageBox.Icon.Warning, "landseg", translated(sentence), QMessageBox.StandardButton.Ok, parent)
    box.setObjectName("failure")
    box.setDetailedText(details)
    show_plainly(box)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def choose(
    parent: QWidget | None, question: str, explanation: str, actions: Sequence[str], default: str | None = None
) -> str | None:
    """Ask which of `actions` to take; None where the user cancels, or where `parent` is closed or hidden meanwhile.

    All texts are shown in the user's language. Enter takes the `default`; without one it cancels.
    """
    cancel = QMessageBox.StandardButton.Cancel
    box = QMessageBox(QMessageBox.Icon.Question, "landseg", translated(question), cancel, parent)
    box.setObjectName("question")
    box.setInformativeText(translated(explanation))
    show_plainly(box)
    buttons: dict[QAbstractButton, str] = {
        box.addButton(without_key(translated(action)), QMessageBox.ButtonRole.AcceptRole): action for action in actions
    }
    proposed = next((button for button, action in buttons.items() if action == default), None)
    box.setDefaultButton(proposed or box.button(cancel))
    shown = parent if parent is not None and parent.isVisible() else None
    box.exec()
    if not isValid(box) or (shown is not None and not shown.isVisible()):
        return None
    return buttons.get(box.clickedButton())
