"""Backups make themselves, and File > Restore brings one back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QTreeWidget
from support.open_project import paint_square

from landseg_core.project.backup import folder as core_backups
from landseg_core.project.backup.folder import BackupFolder
from landseg_core.project.project import Project
from landseg_gui.dialogs.restore import RestoreDialog
from landseg_gui.session import backups
from landseg_gui.session.backups import AutomaticBackups


@pytest.fixture
def automatic(empty, monkeypatch):
    """Return the maker of backups, which looks every few moments and always finds it time for one."""
    monkeypatch.setattr(backups, "_FIRST_MS", 1)
    monkeypatch.setattr(backups, "_LOOK_MS", 10)
    monkeypatch.setattr(backups, "BACKUP_SECONDS", 0.0)
    return AutomaticBackups(empty, empty)


def made(project_path: Path) -> int:
    return len(BackupFolder(project_path).backups())


def test_backups_are_made_at_first_and_after_changes(qtbot, automatic, opened, project_path) -> None:
    qtbot.waitUntil(lambda: made(project_path) == 1)
    paint_square(opened, 10, "Brush: first")
    qtbot.waitUntil(lambda: made(project_path) == 2)
    assert opened.lifecycle.close()
    assert made(project_path) == 2


def test_closing_makes_one_of_what_has_changed(opened, project_path) -> None:
    paint_square(opened, 10, "Brush: first")
    assert opened.lifecycle.close()
    assert made(project_path) == 1
    assert sorted(path.name for path in BackupFolder(project_path).path.iterdir())[-1] == "project.json"


def test_a_full_disk_is_one_notice(qtbot, automatic, messages, monkeypatch, opened, project_path) -> None:
    qtbot.waitUntil(lambda: made(project_path) == 1)
    monkeypatch.setattr(core_backups, "_SPARE_BYTES", 2**62)
    paint_square(opened, 20)
    qtbot.waitUntil(lambda: any("no backup of town.landseg was made" in text.lower() for text in messages.texts))
    paint_square(opened, 10)
    opened.project.flush()
    assert opened.lifecycle.close()
    assert messages.problems == []
    assert len([text for text in messages.texts if "o backup of town.landseg was made" in text]) == 2  # and on closing
    assert made(project_path) == 1


def test_an_overwritten_project_is_saved_elsewhere_whole(qtbot, automatic, opened, project_path, tmp_path) -> None:
    shutil.copy(project_path, tmp_path / "copy")
    qtbot.waitUntil(lambda: opened.project.backups.has_base)
    paint_square(opened, 10, "Brush: first")
    opened.project.flush()
    shutil.copyfile(tmp_path / "copy", project_path)
    paint_square(opened, 20, "Brush: second")
    qtbot.waitUntil(lambda: opened.project.fault is not None)
    opened.saving.save_as(tmp_path / "saved.landseg")
    qtbot.waitUntil(lambda: opened.project is not None and opened.project.path.name == "saved.landseg")
    assert [step.name for step in opened.project.history.steps] == ["Brush: first", "Brush: second"]


@pytest.fixture
def window_with(qtbot, window, images, project_path, schema):
    """Return a window on a project with one stroke, of which there is a backup, and another stroke."""
    project = window.session.project_session
    project.lifecycle.create(project_path, schema, images)
    qtbot.waitUntil(lambda: project.image is not None)
    return window


def paint(window, side: int, name: str) -> None:
    project = window.session.project_session
    paint_square(project, side, name)
    project.project.flush()


def restore_dialog(qtbot, window) -> tuple[RestoreDialog, QTreeWidget]:
    window.actions_by_name["action_restore"].trigger()
    dialog = window.findChild(RestoreDialog)
    tree = dialog.findChild(QTreeWidget, "restore_list")
    qtbot.waitUntil(lambda: "Looking" not in dialog.findChild(QLabel, "restore_text").text())
    return dialog, tree


def choose(monkeypatch, path: Path | None) -> list[str]:
    """Have the user name this file; return what was proposed."""
    proposed = []

    def ask(_parent, _title, start, _filter):
        proposed.append(start)
        return (str(path or start), "")

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return proposed


def test_a_backup_is_restored_beside_the_project(qtbot, window_with, project_path, monkeypatch) -> None:
    session = window_with.session.project_session
    paint(window_with, 10, "Brush: first")
    session.project.backups.make()
    paint(window_with, 20, "Brush: second")
    dialog, tree = restore_dialog(qtbot, window_with)
    assert tree.topLevelItemCount() == 1
    assert [tree.topLevelItem(0).text(column) for column in (2, 3)] == ["1", "1"]
    assert tree.isColumnHidden(4)
    proposed = choose(monkeypatch, None)
    dialog.findChild(QPushButton, "restore_button").click()
    qtbot.waitUntil(lambda: session.project is not None and session.project.path != project_path)
    assert proposed[0].startswith(str(project_path.with_name("town-restored-20")))
    assert [step.name for step in session.project.history.steps] == ["Brush: first"]
    qtbot.waitUntil(lambda: session.image is not None)
    with Project.open(project_path) as before:
        assert len(before.history.steps) == 2


def test_a_backup_takes_the_place_of_the_open_project_which_is_backed_up(
    qtbot, window_with, project_path, monkeypatch
) -> None:
    session = window_with.session.project_session
    paint(window_with, 10, "Brush: first")
    session.project.backups.make()
    paint(window_with, 20, "Brush: second")
    dialog, _ = restore_dialog(qtbot, window_with)
    choose(monkeypatch, project_path)
    with qtbot.waitSignal(window_with.session.opened):
        dialog.findChild(QPushButton, "restore_button").click()
    assert [step.name for step in session.project.history.steps] == ["Brush: first"]
    qtbot.waitUntil(lambda: session.image is not None)
    dialog, tree = restore_dialog(qtbot, window_with)
    assert [tree.topLevelItem(row).text(2) for row in range(2)] == ["2", "1"]
    dialog.reject()


def test_without_a_project_all_backups_are_listed(qtbot, window_with, project_path) -> None:
    session = window_with.session.project_session
    paint(window_with, 10, "Brush: first")
    assert session.lifecycle.close()
    dialog, tree = restore_dialog(qtbot, window_with)
    assert tree.topLevelItem(0).text(4) == str(project_path)
    assert not tree.isColumnHidden(4)
    dialog.reject()


def test_without_backups_it_says_so(qtbot, window) -> None:
    dialog, _ = restore_dialog(qtbot, window)
    assert "No backups yet" in dialog.findChild(QLabel, "restore_text").text()
    assert not dialog.findChild(QPushButton, "restore_button").isEnabled()
    dialog.reject()
