"""Dated backups: made while painting goes on, thinned, restored; and what they save when a file is overwritten."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, ignore_event
from landseg_core.project.backup.folder import KEPT, BackupFolder, backups_root, known_backups
from landseg_core.project.backup.restoring import backup_contents, restore
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

Make = Callable[..., Project]


def restored(path: Path, number: int = 0, to: str = "restored.landseg") -> Path:
    """Restore the backup of that number, the newest first, next to the project; return the new one's path."""
    backup = BackupFolder(path).backups()[number]
    restore(backup, path.parent / to, ignore_event, JobControl())
    return path.parent / to


def test_a_backup_holds_the_project_as_it_is(project: Project) -> None:
    paint_rectangle(project)
    painted = class_values(project)
    backup = project.backups.make()
    assert backup is not None
    assert backup.path.is_relative_to(backups_root())
    assert backup.project == project.path
    paint_rectangle(project, 1)
    project.close()
    path = restored(project.path)
    assert check_project(path) == []
    with Project.open(path) as again:
        assert (class_values(again) == painted).all()
        assert not again.images[0].missing
        assert again.undo()


def test_only_what_has_changed_is_backed_up_again(project: Project) -> None:
    assert project.backups.make()
    assert not project.backups.make()
    assert not project.backups.is_due(0)
    project.set_view_state("place/1", [1, 2, 3])
    project.flush()
    assert project.backups.is_due(0)
    assert not project.backups.make()  # what is in sight is no content
    assert not project.backups.is_due(0)
    paint_rectangle(project)
    project.flush()
    assert project.backups.is_due(0)
    assert not project.backups.is_due(1000)
    assert project.backups.make()
    project.undo()
    assert project.backups.make()
    project.close()
    with Project.open(project.path) as again:
        assert again.backups.is_due(1000)  # as a base for a rescue
        assert not again.backups.make()
        assert not again.backups.is_due(1000)
    assert len(BackupFolder(project.path).backups()) == 3
    assert not BackupFolder(project.path).present.exists()


def test_the_last_ten_are_kept(project: Project) -> None:
    made = []
    for number in range(KEPT + 3):
        paint_rectangle(project, 1, (number, 0, number + 10, 10))
        made.append(project.backups.make())
    kept = BackupFolder(project.path).backups()
    assert kept == made[:-11:-1]
    assert [content.steps for content in backup_contents(project.path)] == list(range(13, 3, -1))


def test_projects_of_one_name_have_their_own(make_project: Make, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for name in ("project", "other/project"):
        project = make_project(name, ())
        assert project.backups.make()
        assert len(backup_contents(project.path)) == 1
    assert len(known_backups()) == 2
    assert len(backup_contents(None)) == 2
    assert {backup.project for backup in known_backups()} == {
        tmp_path / "project.landseg",
        tmp_path / "other/project.landseg",
    }


def test_painting_continues_and_the_backup_is_of_one_moment(make_project: Make) -> None:
    project = make_project(sizes=((3000, 3000),))
    for number in range(5):
        paint_rectangle(project, 1, (500 * number, 0, 500 * number + 400, 3000))
    end = threading.Event()

    def paint_on() -> None:
        number = 0
        while not end.is_set():
            number += 1
            paint_rectangle(project, 4 if number % 2 else 1, (0, 0, 3000, 40))

    painter = threading.Thread(target=paint_on)
    painter.start()
    try:
        for _ in range(5):
            project.backups.make()
    finally:
        end.set()
        painter.join()
    found = BackupFolder(project.path).backups()
    assert found
    for number in range(len(found)):
        path = restored(project.path, number, f"restored{number}.landseg")
        assert check_project(path) == []


def test_a_full_disk_is_a_sentence_and_leaves_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(
        ProjectError, match=r"no backup of project.landseg was made: the disk of .* has only 1 MB left; free some space"
    ):
        project.backups.make()
    assert BackupFolder(project.path).backups() == []
    assert not project.backups.is_due(1000)
    paint_rectangle(project)
    project.flush()


def test_a_data_folder_that_cannot_be_written_to_is_a_sentence(project: Project, tmp_path: Path) -> None:
    backups_root().parent.mkdir(parents=True)
    backups_root().write_text("a file where the folder should be")
    with pytest.raises(ProjectError, match=r"no backup of project\.landseg was made"):
        project.backups.make()


def test_a_read_only_project_is_not_backed_up(project: Project) -> None:
    project.close()
    with Project.open(project.path, read_only=True) as again:
        assert not again.backups.is_due(0)
        assert again.backups.make() is None
    assert known_backups() == []


def test_a_damaged_list_of_backups_is_passed_by(project: Project) -> None:
    project.backups.make()
    folder = BackupFolder(project.path)
    (folder.path / "notes.txt").write_text("mine")
    for name, text in {"stray": json.dumps([1]), "nested": "[" * 100_000}.items():
        (backups_root() / name).mkdir()
        (backups_root() / name / "project.json").write_text(text)
    broken = folder.new_path("00")
    broken.write_bytes(b"no database")
    assert len(backup_contents(None)) == 1


def test_restoring_in_place_backs_up_what_is_there(project: Project) -> None:
    paint_rectangle(project)
    first = class_values(project)
    project.backups.make()
    paint_rectangle(project, 1, (300, 300, 400, 400))
    second = class_values(project)
    project.close()
    restored(project.path, 0, project.path.name)
    with Project.open(project.path) as again:
        assert (class_values(again) == first).all()
    restored(project.path, 0, project.path.name)
    with Project.open(project.path) as again:
        assert (class_values(again) == second).all()


def test_the_oldest_backup_can_be_restored_in_place(project: Project) -> None:
    """The backup of the replaced project would be one too many."""
    for number in range(KEPT + 1):
        paint_rectangle(project, 1, (number, 0, number + 10, 10))
        if number < KEPT:
            project.backups.make()
    project.close()
    restored(project.path, KEPT - 1, project.path.name)
    with Project.open(project.path) as again:
        assert len(again.history.steps) == 1


def test_nothing_that_cannot_be_backed_up_is_replaced(project: Project, make_project: Make) -> None:
    project.backups.make()
    text = project.path.with_name("text.landseg")
    text.write_text("something else")
    with pytest.raises(ProjectError, match="is not a landseg project"):
        restored(project.path, 0, text.name)
    assert text.read_text() == "something else"
    other = make_project("other", ())
    with pytest.raises(ProjectError, match="cannot be backed up first: it is open in another window or program"):
        restored(project.path, 0, "other.landseg")
    other.flush()
    assert not list(project.path.parent.glob("*.unfinished*"))


def test_restored_elsewhere_the_images_are_found(project: Project, tmp_path: Path) -> None:
    project.backups.make()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    with Project.open(restored(project.path, 0, "deep/er/again.landseg")) as again:
        assert not again.images[0].missing
        assert again.images[0].path == project.images[0].path


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps others from an open file")
class TestOverwritten:
    @pytest.fixture
    def opened(self, project: Project) -> Any:
        """Return a project whose file is a copy by now of what it was before the first edit of this session."""
        paint_rectangle(project, 1)
        project.close()
        shutil.copy(project.path, project.path.with_name("copy"))
        again = Project.open(project.path)
        again.backups.make()
        yield again
        with suppress(ProjectError):
            again.close()

    def overwrite(self, project: Project) -> None:
        shutil.copyfile(project.path.with_name("copy"), project.path)

    def test_all_is_saved_elsewhere(self, opened: Project, tmp_path: Path) -> None:
        for number in range(5):
            paint_rectangle(opened, 4, (100 * number, 0, 100 * number + 50, 500))
        opened.flush()
        self.overwrite(opened)
        paint_rectangle(opened, 1, (0, 0, 700, 20))
        with pytest.raises(ProjectError):
            opened.flush()
        painted = class_values(opened)
        there = opened.path.read_bytes()
        opened.save_as(tmp_path / "saved.landseg")
        opened.close()
        assert opened.path.read_bytes() == there
        assert check_project(tmp_path / "saved.landseg") == []
        with Project.open(tmp_path / "saved.landseg") as saved:
            assert (class_values(saved) == painted).all()
            assert len(saved.history.steps) == 7
            while saved.undo():
                pass
            assert (class_values(saved) == 255).all()
        assert [path.name for path in BackupFolder(opened.path).path.iterdir() if path.is_dir()] == []

    @pytest.mark.parametrize("content", [b"no database at all", b""])
    def test_also_by_what_is_no_database(self, opened: Project, tmp_path: Path, content: bytes) -> None:
        paint_rectangle(opened, 4, (0, 0, 700, 500))
        opened.flush()
        painted = class_values(opened)
        opened.path.write_bytes(content)
        with pytest.raises(ProjectError):
            opened.flush()
        opened.save_as(tmp_path / "saved.landseg")
        opened.close()
        with Project.open(tmp_path / "saved.landseg") as saved:
            assert (class_values(saved) == painted).all()

    def test_without_a_base_it_says_what_there_is(self, opened: Project, tmp_path: Path) -> None:
        paint_rectangle(opened, 4, (0, 0, 700, 500))
        opened.flush()
        writer = opened._file.writer()
        with writer._in_use:
            writer._checkpoint()
        assert opened.backups.is_due(0)
        self.overwrite(opened)
        with pytest.raises(ProjectError):
            opened.flush()
        with pytest.raises(ProjectError, match=r"restore the backup of \d\d:\d\d"):
            opened.save_as(tmp_path / "saved.landseg")
        assert not (tmp_path / "saved.landseg").exists()

    def test_the_mixture_never_becomes_a_backup(self, opened: Project) -> None:
        paint_rectangle(opened, 4, (0, 0, 700, 500))
        opened.flush()
        known = BackupFolder(opened.path).backups()
        self.overwrite(opened)
        with pytest.raises(ProjectError):
            opened.backups.make()
        assert BackupFolder(opened.path).backups() == known
