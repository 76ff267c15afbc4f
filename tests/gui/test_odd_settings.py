"""Whatever stands in the settings file and in what a project keeps of the window: both open, and so do all dialogs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import ClassSchema
from landseg_core.project.project import Project
from landseg_gui.main_window.window import MainWindow

DIALOGS = "edit_classes", "import_labels", "export_labels", "predict", "train", "new_project"
ODD = [
    ("9" * 5000, [0.0, 0.0, 1e300]),
    ("a\0b", {"model": "a\0b", "folder": "\0", "classes": "\0", "out": 3}),
    ("[" * 500, {"image": [1], "active_value": {}}),
    ("nan", [2**70, True, "x"]),
]


@pytest.mark.parametrize(("text", "value"), ODD, ids=["digits", "nul", "nested", "nan"])
def test_the_window_and_its_dialogs_open(
    text: str,
    value: object,
    make_window: Callable[[], MainWindow],
    qtbot: QtBot,
    picture: Path,
    schema: ClassSchema,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(picture)
    monkeypatch.setattr(QSettings, "value", lambda *_: text)
    monkeypatch.setattr(Project, "view_state", lambda *_: value)
    window = make_window()
    window.commands.open_paths([tmp_path / "p.landseg"])
    projects = window.session.project_session
    qtbot.waitUntil(lambda: projects.image is not None and not window.runner.running, timeout=20_000)
    for name in DIALOGS:
        handler = window.label_commands if hasattr(window.label_commands, name) else window.commands
        getattr(handler, name)()
        dialogs = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
        assert dialogs, name
        for dialog in dialogs:
            dialog.reject()
    assert projects.lifecycle.close()
    qtbot.waitUntil(lambda: not window.runner.running)
