"""A language that nobody speaks: whatever it leaves in plain letters has not passed through a translation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from types import UnionType
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QObject, QTranslator
from PySide6.QtGui import QAction, Qt, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QSpinBox,
    QTabBar,
    QWidget,
)

_PLAIN = "abcdefghijklmnopqrstuvwxyz"
_ACCENTED = "ȧḃċḋėḟġḣīĵķŀṁṅȯṗɋṙṡṫūṿẇẋẏż"
_LETTERS = str.maketrans(_PLAIN + _PLAIN.upper(), _ACCENTED + _ACCENTED.upper())
_CODE = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|%n|<[^>]*>|&\w+;|\*\.\w+)")
"""What translators leave alone in a template: fields, the number, markup, and the endings of files."""


def pseudo(template: str) -> str:
    """Return a template with accents on all its letters."""
    return "".join(part if _CODE.fullmatch(part) else part.translate(_LETTERS) for part in _CODE.split(template))


class PseudoLanguage(QTranslator):
    """Translates what is landseg's, and notes in `of_qt` what Qt itself brings along."""

    def __init__(self) -> None:
        super().__init__()
        self.of_qt: set[str] = set()

    def isEmpty(self) -> bool:
        """Return whether there are no translations: Qt would not ask for any."""
        return False

    def translate(self, context: str, template: str, _disambiguation: str | None = None, _n: int = -1) -> str | None:
        """Return the translation of a template; None leaves it as it is."""
        if context == "landseg":
            return pseudo(template)
        text = template.replace("&", "")
        self.of_qt |= {text, text.removesuffix("...")}
        return None


def untouched(text: str, data: Iterable[str]) -> bool:
    """Return whether plain letters are left in a text, apart from names and units, which are patterns in `data`."""
    return re.search("[A-Za-z]", re.sub("|".join(data), "", text)) is not None


def shown_texts(root: QObject) -> Iterator[tuple[str, str]]:
    """Yield what `root` and all below it can show: of which object, and the text."""
    for shown in [root, *root.findChildren(QObject)]:
        for text in _texts_of(shown):
            if text:
                yield f"{type(shown).__name__} {shown.objectName()}", text.replace("&", "")


def _texts_of(shown: QObject) -> Iterator[str]:
    for kind, read in _READERS:
        if isinstance(shown, kind):
            yield from read(shown)


def _tabs(bar: QTabBar) -> Iterator[str]:
    for index in range(bar.count()):
        yield from (bar.tabText(index), bar.tabToolTip(index))


def _cells(model: QAbstractItemModel) -> Iterator[str]:
    """Yield the headings of a model, and the texts and tips of its cells."""
    columns = range(1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex()))
    rows = range(model.rowCount(QModelIndex()))
    if not isinstance(model, QAbstractListModel):
        for orientation, sections in ((Qt.Orientation.Horizontal, columns), (Qt.Orientation.Vertical, rows)):
            yield from (_text(model.headerData(section, orientation)) for section in sections)
    for index in (model.index(row, column) for row in rows for column in columns):
        yield _text(index.data(Qt.ItemDataRole.DisplayRole))
        yield _read(_text(index.data(Qt.ItemDataRole.ToolTipRole)))


def _label_text(label: QLabel) -> str:
    return label.text() if label.textFormat() == Qt.TextFormat.PlainText else _read(label.text())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read(text: str) -> str:
    """Return what a person reads of a text that may be markup."""
    if not Qt.mightBeRichText(text):
        return text
    document = QTextDocument()
    document.setHtml(text)
    return document.toPlainText()


_READERS: tuple[tuple[type | UnionType, Callable[[Any], Iterable[str]]], ...] = (
    (QAction | QWidget, lambda shown: (_read(shown.toolTip()), shown.statusTip(), shown.whatsThis())),
    (QWidget, lambda widget: (widget.windowTitle(), widget.accessibleName())),
    (QAction, lambda action: (action.text(), action.iconText())),
    (QLabel, lambda label: (_label_text(label),)),
    (QAbstractButton, lambda button: (button.text(),)),
    (QGroupBox | QMenu, lambda group: (group.title(),)),
    (QLineEdit | QPlainTextEdit | QComboBox, lambda field: (field.placeholderText(),)),
    (QPlainTextEdit, lambda field: (field.toPlainText(),)),
    (QTabBar, _tabs),
    (QComboBox, lambda box: _cells(box.model())),
    (QAbstractItemView, lambda view: _cells(view.model()) if view.model() else ()),
    (QSpinBox | QDoubleSpinBox, lambda box: (box.prefix(), box.suffix())),
    (QAbstractSpinBox, lambda box: (box.specialValueText(),)),
    (QProgressBar, lambda bar: (bar.format(),)),
)
"""What a person reads of each kind of object."""
