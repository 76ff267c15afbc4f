from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from landseg_gui.dialogs.forms.fields import ErrorLabel, PathField
from landseg_gui.message_boxes import choose, show_failure


def path_field(qtbot: QtBot, answer: str = "") -> PathField:
    field = PathField("place", lambda _parent, start: answer.replace("START", start))
    qtbot.addWidget(field)
    return field


def test_an_empty_line_is_no_path(qtbot: QtBot) -> None:
    assert path_field(qtbot).path() is None


def test_quotes_and_a_home_are_understood(qtbot: QtBot) -> None:
    field = path_field(qtbot)
    field.line.setText(' "/data/my town" ')
    assert field.path() == Path("/data/my town")
    field.line.setText("~/town")
    assert field.path() == Path.home() / "town"


def test_browsing_starts_at_the_path_and_changes_it(qtbot: QtBot) -> None:
    field = path_field(qtbot, answer="START/town.tif")
    field.set_path("/data")
    with qtbot.waitSignal(field.changed):
        field.findChild(QPushButton, "place_browse").click()
    assert field.path() == Path("/data/town.tif")


def test_browsing_without_an_answer_changes_nothing(qtbot: QtBot) -> None:
    field = path_field(qtbot)
    field.set_path("/data")
    field.findChild(QPushButton, "place_browse").click()
    assert field.path() == Path("/data")


def test_a_dropped_folder_takes_the_place_of_the_text(qtbot: QtBot, tmp_path: Path) -> None:
    field = path_field(qtbot)
    field.set_path("/data")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    drop = QDropEvent(QPoint(3, 3), Qt.DropAction.CopyAction, mime, buttons, keys)
    field.findChild(QLineEdit, "place").dropEvent(drop)
    assert field.path() == tmp_path


def test_an_error_takes_room_only_while_there_is_one(qtbot: QtBot) -> None:
    label = ErrorLabel("place")
    qtbot.addWidget(label)
    label.show_sentence("There is no such folder.")
    assert not label.isHidden()
    label.show_sentence("")
    assert label.isHidden()


def test_a_failure_is_shown_without_blocking(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    box = show_failure(window, "The disk is full.", "write failed at 4096")
    assert box.text() == "The disk is full."
    assert box.detailedText() == "write failed at 4096"
    box.accept()


def answer_question(button: str) -> None:
    """Press a button of the question that is about to appear."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(item for item in box.buttons() if item.text().replace("&", "") == button).click()

    QTimer.singleShot(0, press)


def test_a_question_returns_the_chosen_action(qtbot: QtBot) -> None:
    answer_question("Replace")
    assert choose(None, "Replace it?", "It will be lost.", ["Keep both", "Replace"]) == "Replace"


def test_a_question_can_be_cancelled(qtbot: QtBot) -> None:
    answer_question("Cancel")
    assert choose(None, "Replace it?", "It will be lost.", ["Replace"]) is None


def test_a_question_goes_with_the_dialog_that_asks_it(qtbot: QtBot) -> None:
    dialog = QWidget()
    QTimer.singleShot(0, dialog.deleteLater)
    assert choose(dialog, "Replace it?", "It will be lost.", ["Replace"]) is None


@pytest.mark.parametrize(("default", "answer"), [(None, None), ("Replace", "Replace")])
def test_enter_cancels_a_question_unless_it_has_a_default(
    qtbot: QtBot, default: str | None, answer: str | None
) -> None:
    QTimer.singleShot(0, lambda: qtbot.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Return))
    assert choose(None, "Replace it?", "It can be undone.", ["Replace"], default=default) == answer


def test_a_dialog_that_is_taken_back_gets_no_answer(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    dialog.open()
    QTimer.singleShot(0, dialog.reject)
    answer_question("Replace")
    assert choose(dialog, "Replace it?", "It will be lost.", ["Replace"]) is None


def test_labels_of_errors_have_names(qtbot: QtBot) -> None:
    label = ErrorLabel("train_images")
    qtbot.addWidget(label)
    assert isinstance(label, QLabel)
    assert label.objectName() == "train_images_problem"
