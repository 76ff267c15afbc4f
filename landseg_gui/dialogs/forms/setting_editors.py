"""An editor for any setting of a run, made from the setting's type: a new setting needs no new code here."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from landseg_core.task_fields import bound_of, hints_of, may_be_none, type_of
from landseg_gui.number_boxes import DecimalBox, PlainDecimalBox, WholeBox
from landseg_gui.text import translated

_LARGEST_INT = 2**31 - 1
_MOST_DIGITS = 100
_DECIMALS, _STEP = 6, 0.05


@dataclass(frozen=True)
class SettingEditor:
    """A widget with functions that read its value, not checked yet, and that show one."""

    widget: QWidget
    changed: SignalInstance
    read: Callable[[], Any]
    show: Callable[[Any], None]


class _SpunNumber:
    """The number of a spin box: exactly the one that was shown last, until the user changes it."""

    def __init__(self, spin: DecimalBox) -> None:
        self._spin, self._shown = spin, spin.value()

    def show(self, value: float) -> None:
        self._shown = value
        self._spin.setValue(value)

    def read(self) -> float:
        value: float = round(self._spin.value(), _DECIMALS)
        return self._shown if value == round(self._shown, _DECIMALS) else value


def _check(name: str, _field: FieldInfo) -> SettingEditor:
    box = QCheckBox(objectName=name)
    return SettingEditor(box, box.toggled, box.isChecked, box.setChecked)


def _whole(name: str, field: FieldInfo) -> SettingEditor:
    """Return a spin box, whose 0 means no value where that is allowed, or a line for numbers too large for it."""
    if (bound_of(field, "le") or bound_of(field, "lt") or 0) > _LARGEST_INT:
        return _line_of(name, _whole_read, str)
    hints = hints_of(field)
    spin = WholeBox(objectName=name, maximum=_LARGEST_INT, singleStep=hints.step)
    spin.setSuffix(f" {hints.unit}" if hints.unit else "")
    if not may_be_none(field):
        return SettingEditor(spin, spin.valueChanged, spin.value, spin.setValue)
    spin.setSpecialValueText(translated(hints.unset))
    return SettingEditor(spin, spin.valueChanged, lambda: spin.value() or None, lambda value: spin.setValue(value or 0))


def _number(name: str, field: FieldInfo) -> SettingEditor:
    """Return a spin box for a number with both bounds, else a line, such as for learning rates."""
    lowest, highest = bound_of(field, "ge"), bound_of(field, "le")
    if lowest is None or highest is None:
        return _line_of(name, _number_read, _number_shown)
    spin = PlainDecimalBox(objectName=name, decimals=_DECIMALS, singleStep=_STEP, minimum=lowest, maximum=highest)
    number = _SpunNumber(spin)
    return SettingEditor(spin, spin.valueChanged, number.read, number.show)


def _choice(name: str, field: FieldInfo) -> SettingEditor:
    values = typing.get_args(field.annotation)
    combo = QComboBox(objectName=name)
    for value, text in (hints_of(field).choices or dict(zip(values, values, strict=True))).items():
        combo.addItem(translated(text), value)
    return SettingEditor(
        combo, combo.currentIndexChanged, combo.currentData, lambda value: combo.setCurrentIndex(combo.findData(value))
    )


def _open_choice(name: str, field: FieldInfo) -> SettingEditor:
    """Return an editable list, whose first entry means no value, for a text that may be another than the choices."""
    hints = hints_of(field)
    combo = QComboBox(objectName=name, editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert)
    combo.addItem(translated(hints.unset), None)
    for value, text in hints.choices.items():
        combo.addItem(translated(text), value)

    def read() -> str | None:
        text = combo.currentText().strip()
        index = combo.findText(text)
        return combo.itemData(index) if index >= 0 else text or None

    def show(value: str | None) -> None:
        index = 0 if value is None else combo.findData(value)
        if index >= 0:
            combo.setCurrentIndex(index)
        else:
            combo.setEditText(str(value))

    return SettingEditor(combo, combo.currentTextChanged, read, show)


def _names(name: str, field: FieldInfo) -> SettingEditor:
    return _line_of(name, names_in, ", ".join, translated(hints_of(field).unset))


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
"""The editor of a setting, by its type."""


def editor_for(name: str, field: FieldInfo) -> SettingEditor:
    """Return the editor, with the object name `name`, of a setting.

    Raises:
        KeyError: there is no editor for its type.
    """
    hints = hints_of(field)
    if hints.choices:
        return _open_choice(name, field) if hints.others and may_be_none(field) else _choice(name, field)
    return _EDITORS[type_of(field.annotation)](name, field)


def _line_of(
    name: str, read: Callable[[str], Any], shown: Callable[[Any], str], placeholder: str = ""
) -> SettingEditor:
    line = QLineEdit(objectName=name, placeholderText=placeholder)
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
    """Return the names in a comma-separated list."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
