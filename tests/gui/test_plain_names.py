"""Names of classes and files are shown as they are: no markup, no keys, in the window and in its dialogs."""

from __future__ import annotations

import ast
import json
import logging
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex
from PySide6.QtGui import QAction, Qt, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDialog,
    QGroupBox,
    QInputDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QTableWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from support.rasters import coordinate_pixels
from support.runs import evaluation_record, write_run

import landseg_gui
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.models.header import KIND, BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.project.project import Project
from landseg_gui import crash
from landseg_gui.dialogs.class_editor import ClassEditor
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.window import MainWindow
from landseg_gui.message_boxes import choose, show_failure
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.plain_text import PlainLabel, plain_tip, without_key

CLASS = "<b>Rzz&D</b> <img src=x>"
FILE = "<i>Qzz&b<img src=x>"
MARKS = {"Rzz": CLASS, "Qzz": FILE}
SCHEMA = ClassSchema(
    classes=(LandClass(value=1, name=CLASS, colour="#d55e00"), LandClass(value=3, name="land", colour="#009e73"))
)


def read(html: str) -> str:
    document = QTextDocument()
    document.setHtml(html)
    return document.toPlainText().replace("\N{NO-BREAK SPACE}", " ")


def guessed(text: str) -> str:
    """Return what Qt shows of a text that it may take for markup."""
    return read(text) if Qt.mightBeRichText(text) else text


def without_keys(text: str) -> str:
    """Return what a button or a menu shows of a text."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def cells(model: QAbstractItemModel) -> Iterator[str]:
    for row in range(model.rowCount(QModelIndex())):
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex())):
            index = model.index(row, column)
            yield str(index.data(Qt.ItemDataRole.DisplayRole) or "")
            yield guessed(str(index.data(Qt.ItemDataRole.ToolTipRole) or ""))


def seen(widget: QWidget) -> Iterator[str]:
    """Yield what a person sees of a widget: its text, its tool tip, its rows."""
    yield guessed(widget.toolTip())
    match widget:
        case QLabel():
            kept = widget.textFormat() == Qt.TextFormat.PlainText
            rich = widget.textFormat() == Qt.TextFormat.RichText
            text = widget.text() if kept else read(widget.text()) if rich else guessed(widget.text())
            yield without_keys(text) if widget.buddy() else text
        case QAbstractButton():
            yield without_keys(widget.text())
        case QGroupBox() | QMenu():
            yield without_keys(widget.title())
        case QComboBox():
            yield from cells(widget.model())
        case QAbstractItemView() if widget.model():
            yield from cells(widget.model())
            if isinstance(widget, QTableWidget):
                yield from (
                    widget.horizontalHeaderItem(n).text()
                    for n in range(widget.columnCount())
                    if widget.horizontalHeaderItem(n)
                )


def mangled(root: QWidget) -> list[str]:
    """Return what is shown below `root` of a name, but not as it is; what is cut short is left out."""
    texts = [text for widget in [root, *root.findChildren(QWidget)] for text in seen(widget)]
    texts += [without_keys(action.text()) for action in root.findChildren(QAction)]
    texts += [guessed(action.toolTip()) for action in root.findChildren(QAction)]
    shown = [(text, mark) for text in texts for mark in MARKS if mark in text and "…" not in text]
    assert shown, "no name is shown at all"
    return [text for text, mark in shown if text.count(MARKS[mark]) != text.count(mark)]


def give_model(folder: Path) -> None:
    header = BundleHeader("unet16", SCHEMA, (1, 2, 3), "uint8", Normalisation((0.0,) * 3, (1.0,) * 3), None, {})
    text = json.dumps({"__metadata__": {KIND: json.dumps(header.to_record())}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)


@pytest.fixture
def project_path(tmp_path: Path, make_raster) -> Path:
    """Return a project whose class, image and run have names that look like markup."""
    image = make_raster(f"{FILE}.tif", coordinate_pixels(300, 200))
    run = write_run(tmp_path / f"run {FILE}")
    figures = evaluation_record()
    figures["classes"][0]["name"] = CLASS
    (run / "evaluation.json").write_text(json.dumps(figures))
    give_model(run)
    with Project.create(tmp_path / f"{FILE}.landseg", ClassSchema(classes=SCHEMA.classes[1:])) as project:
        project.add_image(image)
        project.change_schema(SCHEMA, f"Add class {CLASS}")
        project.add_run(run, "unet16", (CLASS, "land"), "", {})
        return project.path


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, project_path: Path, make_raster) -> MainWindow:
    values = np.where(np.indices((1, 200, 300))[2] < 150, 1, 3).astype(np.uint8)
    window.commands.open_paths([project_path])
    projects = window.session.project_session
    qtbot.waitUntil(lambda: projects.image is not None and not window.runner.running, timeout=20_000)
    mask = make_raster(f"{FILE} map.tif", values, nodata=255, tags={"LANDSEG_CLASSES": SCHEMA.to_json()})
    window.commands.open_paths([mask])
    qtbot.waitUntil(lambda: bool(window.session.layers.masks) and not window.runner.running, timeout=20_000)
    return window


DIALOGS = "edit_classes", "export_labels", "accept_prediction", "predict", "train", "export"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return what goes wrong with the texts of the questions that are asked; none is answered."""
    found: list[list[str]] = []
    for kind in (QMessageBox, QInputDialog):
        monkeypatch.setattr(kind, "exec", lambda box: found.append(mangled(box)) or 0)
    return found


def test_names_are_shown_as_they_are(opened: MainWindow, asked: list[list[str]], qtbot: QtBot) -> None:
    opened.commands.show_runs()
    opened.actions_by_name.menus["menu_recent"].aboutToShow.emit()
    opened.findChild(MessageBar).show_offer(f"{FILE} cannot be read", f"Use {FILE}", lambda: None)
    qtbot.waitUntil(lambda: not opened.runner.running)
    assert mangled(opened) == []
    menu = opened.actions_by_name.menus["menu_recent"]
    assert f"{FILE}.landseg" in [without_keys(action.text()) for action in menu.actions()]
    assert CLASS in without_keys(opened.actions_by_name["action_undo"].text())
    for name in DIALOGS:
        handler = opened.label_commands if hasattr(opened.label_commands, name) else opened.commands
        getattr(handler, name)()
        (dialog,) = (dialog for dialog in opened.findChildren(QDialog) if dialog.isVisible())
        assert (name, mangled(dialog)) == (name, [])
        dialog.reject()
    choose(opened, f"Replace {FILE}?", f"The labels of {CLASS} go.", [f"Use {FILE}"])
    editor = ClassEditor(SCHEMA, {1: 5_000_000}, opened)
    editor.findChild(QTableWidget, "classes_table").selectRow(0)
    editor.findChild(QAbstractButton, "classes_delete").click()
    assert asked == [[], []]
    assert mangled(show_failure(opened, f"{FILE} cannot be read; {CLASS}")) == []
    qtbot.waitUntil(lambda: not opened.runner.running)


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def test_every_label_says_whether_it_is_markup() -> None:
    """A label that leaves it to Qt to guess is a fault, whatever it shows today."""
    guessing = [
        f"{path.name}:{call.lineno}"
        for path in Path(landseg_gui.__file__).parent.rglob("*.py")
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), "QLabel")
        if "textFormat" not in {keyword.arg for keyword in call.keywords}
    ]
    assert guessing == []


def test_tips_and_keys() -> None:
    assert guessed(plain_tip(f"{CLASS}\n{FILE}")) == f"{CLASS}\n{FILE}"
    assert plain_tip("1 < 2") == "1 < 2"
    assert without_keys(without_key(CLASS)) == CLASS


def test_control_characters_of_a_file_name_are_replaced(qtbot: QtBot) -> None:
    label, runner = PlainLabel("a\x1b[31m.tif"), JobRunner()
    qtbot.addWidget(label)
    assert label.text() == "a\ufffd[31m.tif"
    label.setText("two\nlines\x07")
    assert label.text() == "two\nlines\ufffd"
    with qtbot.waitSignal(runner.idle):
        job = runner.start("Open new\nline\x1b.tif", lambda *_: None)
    assert job.title == "Open new\ufffdline\ufffd.tif"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """Return what gives the lines of a log."""
    handler = crash.start_log(tmp_path)
    yield lambda: (tmp_path / "landseg.log").read_text(encoding="utf-8").splitlines()
    crash.log.removeHandler(handler)
    handler.close()


def test_nothing_in_a_log_passes_for_another_entry(written: Callable[[], list[str]]) -> None:
    forged = "2026-01-01 00:00:00,000 INFO all is well"
    logging.getLogger("landseg").info("%s is damaged", f"a\r\n{forged}\N{LINE SEPARATOR}\x1b[2J.tif")
    lines = written()
    assert len(lines) == 2
    assert lines[1].startswith(f"    {forged}")
    assert not any("\x1b" in line or "\r" in line for line in lines)
