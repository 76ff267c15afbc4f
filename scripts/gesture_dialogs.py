"""Answers the dialogs, boxes and menus that `random_gestures.py` brings up, as a person would: by their own buttons."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QMenu,
    QMessageBox,
    QWidget,
)
from shiboken6 import isValid

ANSWER_MS = 60
FILLS_A_FIELD = 0.5
"""The chance that a field is filled in, rather than the dialog ended."""
TAKES_A_FILE = 0.6


def open_dialog() -> QDialog | None:
    """Return the modal dialog that is open."""
    widget = QApplication.activeModalWidget()
    return widget if isinstance(widget, QDialog) else None


def open_menu() -> QMenu | None:
    """Return the menu that is open."""
    widget = QApplication.activePopupWidget()
    return widget if isinstance(widget, QMenu) else None


class DialogAnswerer:
    """Answers whatever is open, a step at a time, while the event loop runs; `done` counts by object name."""

    def __init__(self, dice: random.Random, folder: Path, done: Counter[str]) -> None:
        self._dice, self._folder, self._done = dice, folder, done
        self._number = 0
        self._timer = QTimer(interval=ANSWER_MS)
        self._timer.timeout.connect(self._answer)
        self._timer.start()

    @property
    def is_needed(self) -> bool:
        """Tell whether anything waits for an answer."""
        return QApplication.activeModalWidget() is not None or QApplication.activePopupWidget() is not None

    def _answer(self) -> None:
        menu, dialog, popup = open_menu(), open_dialog(), QApplication.activePopupWidget()
        if menu is not None:
            self._choose_in(menu)
        elif popup is not None:
            popup.close()
        elif isinstance(dialog, QFileDialog):
            self._choose_file(dialog)
        elif dialog is not None and not isinstance(dialog, QMessageBox) and self._dice.random() < FILLS_A_FIELD:
            self._fill_in(dialog)
        elif dialog is not None:
            self._end(dialog)

    def _choose_in(self, menu: QMenu) -> None:
        actions = leaves(menu)
        menu.close()
        if actions and self._dice.random() < 0.7:
            self._later(self._dice.choice(actions), "trigger")

    def _choose_file(self, dialog: QFileDialog) -> None:
        """Take a file of a kind that the dialog shows, or a new name, or none."""
        self._done["file dialog"] += 1
        path = self._path_for(dialog)
        if path is None or self._dice.random() > TAKES_A_FILE:
            dialog.reject()
        else:
            dialog.selectFile(str(path))
            dialog.done(QDialog.DialogCode.Accepted)

    def _path_for(self, dialog: QFileDialog) -> Path | None:
        if dialog.fileMode() == QFileDialog.FileMode.Directory:
            return self._folder
        suffixes = [word.strip("*)") for word in dialog.selectedNameFilter().partition("(")[2].split()]
        if dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave:
            self._number = (self._number + 1) % 20
            return self._folder / f"written_{self._number}{suffixes[0] if suffixes else ''}"
        there = sorted(path for path in self._folder.iterdir() if path.suffix in suffixes)
        return self._dice.choice(there) if there else None

    def _fill_in(self, dialog: QDialog) -> None:
        """Change a field: tick, choose, step a number, or look for a file."""
        ends = set(ending_buttons(dialog))
        fields = [
            widget
            for kind in (QAbstractButton, QComboBox, QAbstractSpinBox)
            for widget in dialog.findChildren(kind)
            if widget.isVisible() and widget.isEnabled() and widget not in ends
        ]
        if fields:
            self._change(self._dice.choice(fields))

    def _change(self, field: QWidget) -> None:
        if isinstance(field, QAbstractButton):
            self._later(field, "click")
        elif isinstance(field, QComboBox):
            field.setCurrentIndex(self._dice.randrange(max(1, field.count())))
        elif isinstance(field, QAbstractSpinBox):
            field.stepBy(self._dice.choice((-3, -1, 1, 3)))

    def _end(self, dialog: QDialog) -> None:
        self._done[f"dialog {dialog.objectName()}"] += 1
        buttons = ending_buttons(dialog)
        if buttons:
            self._later(self._dice.choice(buttons), "click")
        else:
            dialog.reject()

    def _later(self, target: QAbstractButton | QAction, act: str) -> None:
        """Act from a timer of its own: what opens a dialog comes back only once that is answered, by this timer."""
        QTimer.singleShot(0, lambda: getattr(target, act)() if isValid(target) else None)


def ending_buttons(dialog: QDialog) -> list[QAbstractButton]:
    """Return the buttons that end a dialog and can be pressed now."""
    boxes = dialog.findChildren(QDialogButtonBox)
    return [button for box in boxes for button in box.buttons() if button.isEnabled() and button.isVisible()]


def leaves(menu: QMenu) -> list[QAction]:
    """Return what can be chosen in a menu and in the menus inside it."""
    found: list[QAction] = []
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found += leaves(inner)
        elif action.isEnabled() and action.isVisible() and not action.isSeparator():
            found.append(action)
    return found
