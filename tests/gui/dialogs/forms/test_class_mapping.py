from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.formats.source_info import SourceValue
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_gui.dialogs.forms.class_mapping import MappingTable

MANY = ClassSchema(
    classes=tuple(LandClass(value=value, name=f"class {value}", colour="#123456") for value in range(250))
)
VALUES = [SourceValue(str(value), f"value {value}", value, f"class {value}") for value in range(250)]


@pytest.fixture
def table(qtbot: QtBot) -> MappingTable:
    table = MappingTable("map", MANY)
    qtbot.addWidget(table)
    table.show()
    return table


def choice(table: MappingTable, key: str) -> QComboBox:
    return table.findChild(QComboBox, f"map_{key}")


def test_suggestions_are_the_first_choice(table: MappingTable) -> None:
    table.show_values([VALUES[7], SourceValue("x", "an x", 3, "")])
    assert table.mapping() == {"7": "class 7", "x": ""}


def test_a_choice_is_told(table: MappingTable, qtbot: QtBot) -> None:
    table.show_values(VALUES[:3])
    with qtbot.waitSignal(table.changed):
        choice(table, "1").setCurrentIndex(0)
    assert table.mapping() == {"0": "class 0", "1": "", "2": "class 2"}


def test_the_wheel_scrolls_and_changes_no_class(table: MappingTable) -> None:
    table.show_values(VALUES[:20])
    combo = choice(table, "1")
    where = QPointF(combo.rect().center())
    buttons, modifiers = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    turn = (QPoint(0, -120), buttons, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(combo, QWheelEvent(where, combo.mapToGlobal(where), QPoint(), *turn))
    assert table.mapping()["1"] == "class 1"


def test_the_largest_table_comes_whole(table: MappingTable) -> None:
    table.show_values(VALUES)
    assert table.mapping()["249"] == "class 249"


def test_the_tab_key_goes_from_list_to_list(qtbot: QtBot) -> None:
    form = QWidget()
    qtbot.addWidget(form)
    above, table, below = QPushButton("above"), MappingTable("map", MANY), QPushButton("below")
    column = QVBoxLayout(form)
    for widget in (above, table, below):
        column.addWidget(widget)
    table.show_values(VALUES[:2])
    with qtbot.waitActive(form):
        form.show()
    order = [above, choice(table, "0"), choice(table, "1"), below]
    above.setFocus()
    for former, widget in itertools.pairwise(order):
        qtbot.keyClick(former, Qt.Key.Key_Tab)
        assert widget.hasFocus()
