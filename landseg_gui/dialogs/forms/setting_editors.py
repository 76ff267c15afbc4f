"""An editor for any setting of a run, made from the setting's type: a new setting needs no new code here."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from landseg_gui.number_boxes import DecimalBox, PlainDecimalBox, WholeBox

_LARGEST_INT = 2**31 - 1
_MOST_DIGITS = 100
_DECIMALS, _STEP = 6, 0.05


@dataclass(frozen=True)
class SettingEditor:
    """A widget with what reads its value, which is not checked yet, and what shows one."""

    widget: QWidget
    changed: SignalInstance
    read: Callable[[], Any]
    show: Callable[[Any], None]


class _SpunNumber:
    """The number of a spin box: what was shown last to its last digit, until the box says another."""

    def __init__(self, spin: DecimalBox) -> None:
        self._spin, self._shown = spin, spin.value()

    def show(self, value: float) -> None:
        self._shown = value
        self._spin.setValue(value)

    def read(self) -> float:
        value = round(self._spin.value(), _DECIMALS)
        return self._shown if value == round(self._shown, _DECIMALS) else value


def _check(name: str, _field: FieldInfo) -> SettingEditor:
    box = QCheckBox(objectName=name)
    return SettingEditor(box, box.toggled, box.isChecked, box.setChecked)


def _whole(name: str, field: FieldInfo) -> SettingEditor:
    """Return a spin box, or a line for a number that may be larger than that can hold."""
    if (_bound(field, "le") or _bound(field, "lt") or 0) > _LARGEST_INT:
        return _line_of(name, _whole_read, str)
    spin = WholeBox(objectName=name, maximum=_LARGEST_INT)
    return SettingEditor(spin, spin.valueChanged, spin.value, spin.setValue)


def _number(name: str, field: FieldInfo) -> SettingEditor:
    """Return a spin box for a number with a lowest and a highest value, else a line: such as for learning rates."""
    lowest, highest = _bound(field, "ge"), _bound(field, "le")
    if lowest is None or highest is None:
        return _line_of(name, _number_read, _number_shown)
    spin = PlainDecimalBox(objectName=name, decimals=_DECIMALS, singleStep=_STEP, minimum=lowest, maximum=highest)
    number = _SpunNumber(spin)
    return SettingEditor(spin, spin.valueChanged, number.read, number.show)


def _choice(name: str, field: FieldInfo) -> SettingEditor:
    combo = QComboBox(objectName=name)
    combo.addItems(list(typing.get_args(field.annotation)))
    return SettingEditor(combo, combo.currentTextChanged, combo.currentText, combo.setCurrentText)


def _names(name: str, _field: FieldInfo) -> SettingEditor:
    return _line_of(name, names_in, ", ".join)


def _text(name: str, _field: FieldInfo) -> SettingEditor:
    return _line_of(name, lambda text: text or None, lambda value: value or "")


_EDITORS: dict[Any, Callable[[str, FieldInfo], SettingEditor]] = {
    bool: _check,
    int: _whole,
    float: _number,
    typing.Literal: _choice,
    tuple: _names,
    str: _text,
}
"""What edits a setting of each type."""


def editor_for(name: str, field: FieldInfo) -> SettingEditor:
    """Return the editor, with the object name `name`, of a setting.

    Raises:
        KeyError: nothing edits settings of its type.
    """
    return _EDITORS[_kind(field.annotation)](name, field)


def _kind(annotation: Any) -> Any:
    """Return the type without bounds and without "or None"."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _kind(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return next(_kind(part) for part in typing.get_args(annotation) if part is not types.NoneType)
    return origin or annotation


def _bound(field: FieldInfo, attribute: str) -> float | None:
    return next((float(getattr(item, attribute)) for item in field.metadata if hasattr(item, attribute)), None)


def _line_of(name: str, read: Callable[[str], Any], shown: Callable[[Any], str]) -> SettingEditor:
    line = QLineEdit(objectName=name)
    return SettingEditor(line, line.textChanged, lambda: read(line.text().strip()), lambda v: line.setText(shown(v)))


def _whole_read(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else text


def _number_read(text: str) -> str | None:
    return text.replace(",", ".") or None


def _number_shown(value: float | None) -> str:
    if value is None:
        return ""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
