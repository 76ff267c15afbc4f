"""Boxes for numbers in which point and comma mean the same, whatever the desktop's language: 2.5 is never 25."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

_SEPARATORS = ".,"
_POSSIBLE = QValidator.State.Intermediate

if TYPE_CHECKING:

    class _SpinBox(QAbstractSpinBox):
        """What the spin boxes of Qt have in common, though Qt has no class for it."""

        valueChanged: SignalInstance  # noqa: N815 - Qt's name

        def value(self) -> Any: ...
        def prefix(self) -> str: ...
        def suffix(self) -> str: ...
        def textFromValue(self, value: Any, /) -> str: ...
else:
    _SpinBox = object


class _NumberBox(_SpinBox):
    """The base of both boxes: a text with too many separators can be typed, but is no number.

    On Return or when the focus is lost, such a text is replaced by the number from before the typing. Qt itself refuses
    the key, or drops the separator that the locale has for thousands, and 2.5 becomes 25 both ways.
    """

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self._before = self.value()
        self.valueChanged.connect(self._save_value_set)
        self.editingFinished.connect(self._save_value)

    @property
    def most_separators(self) -> int:
        """Return how many separators a number has at most."""
        return 0

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Return whether `text` is a number, or may become one."""
        if self._separators_in(text) > self.most_separators:
            return _POSSIBLE, text, position
        return super().validate(self.in_locale(text), position)

    def fixup(self, text: str) -> str:
        """Return what replaces `text`, which is no number."""
        if self._separators_in(text) > self.most_separators:
            return self.prefix() + self.textFromValue(self._before) + self.suffix()
        return super().fixup(text) or text

    def in_locale(self, text: str) -> str:
        """Return `text` as the locale writes it."""
        return text

    def number_in(self, text: str) -> str:
        """Return `text` without prefix and suffix."""
        return text.removeprefix(self.prefix()).removesuffix(self.suffix())

    def _separators_in(self, text: str) -> int:
        return sum(map(self.number_in(text).count, _SEPARATORS))

    def _save_value_set(self) -> None:
        if not self.lineEdit().isModified():
            self._save_value()

    def _save_value(self) -> None:
        self._before = self.value()


class DecimalBox(_NumberBox, QDoubleSpinBox):
    """A number with decimals: a point or a comma is the decimal separator, and none separates thousands."""

    @property
    def most_separators(self) -> int:
        """Return how many separators a number has at most."""
        return min(1, self.decimals())

    def valueFromText(self, text: str) -> float:
        """Return the number that `text` is."""
        return super().valueFromText(self.in_locale(text))

    def in_locale(self, text: str) -> str:
        """Return `text` with the locale's decimal separator."""
        number = typed = self.number_in(text)
        for separator in _SEPARATORS:
            number = number.replace(separator, self.locale().decimalPoint())
        return text.replace(typed, number) if typed else text


class PlainDecimalBox(DecimalBox):
    """A number that is written as 0.3, not as 0.300000."""

    def textFromValue(self, value: float) -> str:
        """Return a number without needless zeros."""
        text, point = self.locale().toString(value, "f", self.decimals()), self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text


class WholeBox(_NumberBox, QSpinBox):
    """A whole number, which has neither point nor comma."""
