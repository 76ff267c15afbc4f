from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QPushButton,
    QTableWidget,
)

from landseg_core.labels.classes import UNLABELLED, load_classes
from landseg_gui.dialogs.class_editor import ClassEditor


@pytest.fixture
def editor(qtbot) -> ClassEditor:
    dialog = ClassEditor(load_classes("landcover-dubai"), {1: 5_000_000, 2: 300})
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    return dialog


@pytest.fixture
def press(qtbot, editor: ClassEditor) -> Callable[[str], None]:
    return lambda name: qtbot.mouseClick(editor.findChild(QPushButton, f"classes_{name}"), Qt.MouseButton.LeftButton)


def table(editor: ClassEditor) -> QTableWidget:
    return editor.findChild(QTableWidget, "classes_table")


def names(editor: ClassEditor) -> list[str]:
    return [table(editor).item(row, 1).text() for row in range(table(editor).rowCount())]


def ok(editor: ClassEditor) -> QPushButton:
    return editor.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)


def test_it_shows_the_classes_and_how_much_is_painted(editor) -> None:
    assert names(editor) == ["land", "building", "vegetation", "water", "road"]
    assert [table(editor).item(row, 3).text() for row in (0, 1, 2)] == ["", "5\u00a0Mpx", "300\u00a0px"]


def test_a_class_is_added_and_named(editor, press) -> None:
    press("add")
    table(editor).item(5, 1).setText("  glacier ")
    assert editor.draft.schema().names[-1] == "glacier"
    assert ok(editor).isEnabled()


@pytest.mark.parametrize("name", ["", "road"])
def test_a_name_that_cannot_be_is_said_and_keeps_the_dialog_open(editor, name) -> None:
    table(editor).item(0, 1).setText(name)
    assert not ok(editor).isEnabled()
    table(editor).item(0, 1).setText("ground")
    assert ok(editor).isEnabled()


def test_classes_move_with_the_selection(editor, press) -> None:
    table(editor).selectRow(4)
    press("up")
    press("up")
    assert names(editor) == ["land", "building", "road", "vegetation", "water"]
    assert table(editor).currentRow() == 2
    press("down")
    assert names(editor) == ["land", "building", "vegetation", "road", "water"]


def test_deleting_asks_what_becomes_of_the_labels(editor, press, monkeypatch) -> None:
    asked: list[tuple[str, list[str]]] = []

    def answer(dialog: QInputDialog) -> QDialog.DialogCode:
        asked.append((dialog.labelText(), dialog.comboBoxItems()))
        dialog.setTextValue("vegetation")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(QInputDialog, "exec", answer)
    table(editor).selectRow(1)
    press("delete")
    assert "Building has 5\u00a0Mpx" in asked[0][0]
    assert asked[0][1] == ["unlabelled", "land", "vegetation", "water", "road"]
    assert editor.draft.remap() == {1: 2}
    table(editor).selectRow(1)  # vegetation, which is to take over the labels of building
    monkeypatch.setattr(QInputDialog, "exec", lambda _: QDialog.DialogCode.Rejected)
    press("delete")
    assert "vegetation" in names(editor)


def test_a_class_without_labels_goes_without_a_question(editor, press) -> None:
    table(editor).selectRow(4)
    press("delete")
    assert names(editor) == ["land", "building", "vegetation", "water"]
    assert editor.draft.remap() == {4: UNLABELLED}


def test_a_click_on_the_colour_chooses_another(editor, monkeypatch) -> None:
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#102030"))
    table(editor).cellClicked.emit(2, 0)
    assert editor.draft.schema().classes[2].colour == "#102030"


def test_classes_are_saved_and_loaded_again(editor, press, monkeypatch, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    table(editor).item(0, 1).setText("ground")
    press("save")
    assert load_classes(file) == editor.draft.schema()
    table(editor).item(0, 1).setText("soil")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    editor.findChild(QPushButton, "classes_load").menu().actions()[-1].trigger()
    assert names(editor) == ["soil", "building", "vegetation", "water", "road", "ground"]
