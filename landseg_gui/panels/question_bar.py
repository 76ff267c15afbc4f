"""The bar over the image that asks for the class of a cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from landseg_core.labels.classes import LandClass
from landseg_gui.icons import colour_swatch, icon
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.layouts import delete_widgets
from landseg_gui.plain_text import plain_tip, without_key
from landseg_gui.text import tr

_WIDTH = 170
_WITH_DIGIT = 10  # classes that have a digit, and so a button


class QuestionBar(QFrame):
    """A question, a button for each class, and others for what else can be done. The keys stay with the image.

    `answered` brings a class value.
    """

    answered = Signal(int)
    accepted = Signal()
    skipped = Signal()
    back_wanted = Signal()
    next_image_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="question_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._text = ElidedLabel("", "question_text", mode=Qt.TextElideMode.ElideRight)
        self._text.setFixedWidth(_WIDTH)
        self._classes = QHBoxLayout()
        self._classes.setSpacing(2)
        self._accept = _button("question_accept", tr("Accept"), tr("Give the area the suggested class (Enter)"))
        self._skip = _button("question_skip", tr("Skip"), tr("Leave this area unlabelled and go on to the next (S)"))
        self._back = _button("question_back", tr("Back"), tr("Go back to the area before, to answer again (Backspace)"))
        self._next_image = _button("question_next_image", tr("Next Image"), tr("Go on with the next image"))
        self._close = _button("question_close", "", tr("Close (Esc)"))
        self._close.setIcon(icon("close"))
        self._lay_out()
        for button, signal in (
            (self._accept, self.accepted),
            (self._skip, self.skipped),
            (self._back, self.back_wanted),
            (self._next_image, self.next_image_wanted),
            (self._close, self.closed),
        ):
            button.clicked.connect(signal)
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._text)
        row.addLayout(self._classes)
        for button in (self._accept, self._skip, self._back, self._next_image, self._close):
            row.addWidget(button)

    def set_classes(self, classes: Sequence[LandClass]) -> None:
        """Offer these classes, the first ten with their digits and the others in a menu."""
        delete_widgets(self._classes)
        for number, item in enumerate(classes[:_WITH_DIGIT]):
            digit = str((number + 1) % 10)
            button = _button(f"question_class_{item.value}", digit, plain_tip(f"{item.name} ({digit})"))
            button.setIcon(colour_swatch(item.colour))
            button.clicked.connect(partial(self.answered.emit, item.value))
            self._classes.addWidget(button)
        if classes[_WITH_DIGIT:]:
            self._classes.addWidget(self._more(classes[_WITH_DIGIT:]))

    def _more(self, classes: Sequence[LandClass]) -> QToolButton:
        button = _button("question_more", "…", tr("More classes"))
        menu = QMenu(button)
        for item in classes:
            action = menu.addAction(colour_swatch(item.colour), without_key(item.name))
            action.triggered.connect(partial(self.answered.emit, item.value))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def show_question(self, text: str, *, suggested: bool, first: bool) -> None:
        """Ask for a class; `suggested`: there is one to accept; `first`: there is no question to go back to."""
        self._show(text, asks=True, first=first)
        self._accept.setEnabled(suggested)

    def show_state(self, text: str, *, first: bool, next_image: bool = False) -> None:
        """Say why nothing is asked now; `next_image`: there is another image to go on with."""
        self._show(text, asks=False, first=first)
        self._accept.setEnabled(False)
        self._next_image.setVisible(next_image)

    def text(self) -> str:
        """Return what the bar says."""
        return self._text.text()

    def _show(self, text: str, *, asks: bool, first: bool) -> None:
        self._text.setText(text)
        self._text.setToolTip(text)
        for number in range(self._classes.count()):
            item = self._classes.itemAt(number)
            if item is not None and (button := item.widget()) is not None:
                button.setEnabled(asks)
        self._skip.setEnabled(asks)
        self._back.setEnabled(not first)
        self._next_image.hide()
        self.show()


def _button(name: str, text: str, tip: str) -> QToolButton:
    button = QToolButton(objectName=name, text=text, toolTip=tip, focusPolicy=Qt.FocusPolicy.NoFocus)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
