"""Point and comma mean the same in every number field, in every language."""

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox

import landseg_gui
from landseg_gui.number_boxes import DecimalBox, PlainDecimalBox, WholeBox

LOCALES = ["C", "en_US", "de_DE", "de_CH", "fr_FR", "pl_PL", "hi_IN"]


def enter(box: QAbstractSpinBox, text: str) -> None:
    box.lineEdit().selectAll()
    QTest.keyClicks(box.lineEdit(), text)
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)


def shown(box: QAbstractSpinBox, locale: str, qtbot) -> QAbstractSpinBox:
    qtbot.addWidget(box)
    box.setLocale(QLocale(locale))
    box.show()
    return box


@pytest.fixture(params=LOCALES)
def locale(request) -> str:
    return request.param


@pytest.mark.parametrize("kind", [DecimalBox, PlainDecimalBox])
@pytest.mark.parametrize("typed", ["2.5", "2,5"])
def test_point_and_comma_are_decimal_separators(kind, typed: str, locale: str, qtbot) -> None:
    box = shown(kind(decimals=2, minimum=0.25, maximum=500, value=10), locale, qtbot)
    enter(box, typed)
    assert box.value() == 2.5


@pytest.mark.parametrize("typed", ["2.5 m", "2,5 m"])
def test_a_unit_behind_the_number_does_not_matter(typed: str, locale: str, qtbot) -> None:
    box = shown(DecimalBox(decimals=2, maximum=500, value=10, suffix=" m"), locale, qtbot)
    enter(box, typed)
    assert box.value() == 2.5


@pytest.mark.parametrize("typed", ["1.234,5", "1,234.5", "1,2,3", "..5"])
def test_two_separators_are_no_number(typed: str, locale: str, qtbot) -> None:
    box = shown(DecimalBox(decimals=2, maximum=5000, value=10), locale, qtbot)
    enter(box, typed)
    assert box.value() == 10


@pytest.mark.parametrize("kind", [WholeBox, DecimalBox])
@pytest.mark.parametrize("typed", ["2.5", "2,5", "1.000", "1,000"])
def test_a_whole_number_has_no_separator(kind, typed: str, locale: str, qtbot) -> None:
    box = shown(kind(maximum=5000, value=10), locale, qtbot)
    if kind is DecimalBox:
        box.setDecimals(0)
    enter(box, typed)
    assert box.value() == 10
    enter(box, "25")
    assert box.value() == 25


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(whole=st.integers(0, 400), hundredths=st.integers(0, 99), name=st.sampled_from(LOCALES))
def test_what_a_box_shows_can_be_typed_with_either_separator(whole: int, hundredths: int, name: str, qtbot) -> None:
    value = round(whole + hundredths / 100, 2)
    box = shown(PlainDecimalBox(decimals=2, maximum=500), name, qtbot)
    box.setValue(value)
    text = QLocale.c().toString(value, "f", 2)
    for typed in (text, text.replace(".", ",")):
        box.setValue(1)
        enter(box, typed)
        assert box.value() == value


def test_no_number_field_is_qts_own() -> None:
    for path in Path(landseg_gui.__path__[0]).rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        assert not names & {"QSpinBox", "QDoubleSpinBox", "QDoubleValidator", "QIntValidator"}, path
