"""A dialog of fields that is checked as it is filled in."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import Field
from landseg_gui.plain_text import PlainLabel

_SPIN_MARGIN = 6  # px, that of the lines of text
_RESERVED_HEIGHT = 60  # px of the screen that a dialog leaves to title bars and panels


class FormDialog(QDialog):
    """A dialog whose action button works only while no field has an error.

    A subclass adds sections and fields, then calls `complete`; it connects every change to `check`, and returns in
    `find_errors` what is wrong. With `scrolls`, it grows no higher than the screen, and its sections scroll.
    """

    def __init__(self, name: str, title: str, action: str, parent: QWidget | None, *, scrolls: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName(f"dialog_{name}")
        self.setWindowTitle(title)
        self._fields: dict[str, Field] = {}
        self._captions: list[QLabel] = []
        self._name = name
        self._folded_height: int | None = None
        self._is_unfolded = False
        self._outer = QVBoxLayout(self)
        self._outer.setSpacing(12)
        self._scroll: QScrollArea | None = None
        self._sections = self._scrolling_sections() if scrolls else self._outer
        self._sections.setSpacing(12)
        self.action_button = QPushButton(action, objectName=f"{name}_start", default=True)

    def _scrolling_sections(self) -> QVBoxLayout:
        self._scroll = area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        area.setWidget(content)
        content.installEventFilter(self)
        self._outer.addWidget(area, 1)
        self._outer.setContentsMargins(2, 2, 2, 10)
        return QVBoxLayout(content)

    def add_section(self, title: str) -> QFormLayout:
        """Add a titled group of fields and return its form."""
        group = QGroupBox(title)
        form = QFormLayout(group)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        form.setVerticalSpacing(8)
        group.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._sections.addWidget(group)
        return form

    def add_field(self, form: QFormLayout, name: str, label: str, editor: QWidget, tip: str) -> Field:
        """Add a labelled field; its error is looked up under `name`."""
        field = Field(name, editor)
        caption = PlainLabel(label)
        caption.setBuddy(editor.focusProxy() or editor)
        caption.setMinimumHeight(
            max(0, (editor.focusProxy() or editor).sizeHint().height())
        )  # level with its first line
        caption.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._captions.append(caption)
        for widget in (caption, editor):
            widget.setToolTip(tip)
        form.addRow(caption, field)
        self._fields[name] = field
        return field

    def with_key(self, text: str) -> str:
        """Return `text` with an access key: the first of its letters that is not the key of another text here."""
        texts = [label.text() for label in self.findChildren(QLabel)]
        texts += [button.text() for button in self.findChildren(QAbstractButton)]
        taken = set(map(QKeySequence.mnemonic, texts))
        candidates = (f"{text[:index]}&{text[index:]}" for index, letter in enumerate(text) if letter.isalpha())
        return next((candidate for candidate in candidates if QKeySequence.mnemonic(candidate) not in taken), text)

    def complete(self) -> None:
        """Add the buttons under the sections, last in the order of the Tab key, and line the fields up."""
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.action_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setObjectName(f"{self._name}_cancel")
        cancel.setAutoDefault(False)
        self._sections.addStretch(1)
        self._outer.addWidget(buttons)
        if self._scroll:
            self._sections.setContentsMargins(10, 8, 10, 0)
            buttons.setContentsMargins(10, 0, 10, 0)
        width = max(caption.sizeHint().width() for caption in self._captions)
        for caption in self._captions:
            caption.setMinimumWidth(width)
        for spin in self.findChildren(QAbstractSpinBox):
            spin.lineEdit().setTextMargins(_SPIN_MARGIN, 0, 0, 0)  # the style sheet cannot, without losing the arrows

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one, by the field's name."""
        raise NotImplementedError

    def check(self) -> Mapping[str, FieldError]:
        """Show the errors at their fields, let the action button work only without one, and return them."""
        errors = self.find_errors()
        for name, field in self._fields.items():
            error = errors.get(name, FieldError(""))
            field.error.show_sentence(error.sentence, grave=not error.missing)
        self.action_button.setEnabled(not errors)
        return errors

    def event(self, event: QEvent) -> bool:
        """Make room once a sentence has appeared or gone."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return handled

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the height that the sentences need at the new width."""
        super().resizeEvent(event)
        self._make_room()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Make room once something in the sections has appeared or gone."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return super().eventFilter(watched, event)

    def make_room_for(self, *, unfolded: bool) -> None:
        """Note that a part has been unfolded, or folded: then the dialog gets back its height from before."""
        if unfolded:
            self._folded_height = self.height()
        self._is_unfolded = unfolded

    def _make_room(self) -> None:
        """Grow for sentences that wrap: Qt itself would squeeze the fields above them instead."""
        if self._scroll:
            most = self.screen().availableGeometry().height() - _RESERVED_HEIGHT
            self.setMinimumHeight(min(self._whole_height(self._scroll), most))
        elif self._outer.hasHeightForWidth():
            self.setMinimumHeight(self._outer.totalMinimumHeightForWidth(self.width()))
        self._fold()
        self._stay_on_screen()

    def _fold(self) -> None:
        """Take the height from before the unfolding, once what is folded has left the layout."""
        height = self._folded_height
        if height is not None and not self._is_unfolded and self.minimumHeight() <= height:
            self._folded_height = None
            self.resize(self.width(), height)

    def _stay_on_screen(self) -> None:
        """Move up where the dialog has grown beyond the lower edge of the screen."""
        screen, frame = self.screen().availableGeometry(), self.frameGeometry()
        if self.isVisible() and frame.bottom() > screen.bottom():
            self.move(self.x(), max(screen.top(), self.y() - (frame.bottom() - screen.bottom())))

    def _whole_height(self, area: QScrollArea) -> int:
        """Return the height at which nothing has to scroll."""
        inner = self._sections.totalMinimumHeightForWidth(area.viewport().width())
        margins = self._outer.contentsMargins()
        buttons = self._outer.itemAt(self._outer.count() - 1)
        below = self._outer.spacing() + (buttons.sizeHint().height() if buttons else 0)
        return inner + below + margins.top() + margins.bottom()
