"""One writer per project, and a lock that dies with its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.project.project import Project
from landseg_core.project.storage.lock import ProjectLock

HOLD = """
import sys, time
from pathlib import Path
from landseg_core.project.project import Project
project = Project.open(Path(sys.argv[1]))
print(project.read_only_reason, flush=True)
time.sleep(60)
"""


@pytest.fixture
def held(project: Project) -> Any:
    """Yield a process that has the project open."""
    project.close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project.path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "None\n"
        yield process
        process.kill()


def test_another_process_makes_the_project_read_only_until_it_is_killed(project: Project, held: Any) -> None:
    with Project.open(project.path) as second:
        assert second.read_only
        assert f"it is open in another window or program (process {held.pid} on" in str(second.read_only_reason)
    held.kill()
    held.wait()
    assert project.path.with_name(".project.landseg.lock").exists()  # it says nothing any more
    with Project.open(project.path) as third:
        assert not third.read_only
    assert [path.name for path in project.path.parent.iterdir() if "landseg" in path.name] == ["project.landseg"]


def test_a_second_window_of_the_same_program_reads_only(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    project.flush()
    link = tmp_path / "link.landseg"
    link.symlink_to(project.path)
    for path in (project.path, link):
        with Project.open(path) as second:
            assert f"process {os.getpid()} on" in str(second.read_only_reason)
            assert (class_values(second) == 4).sum() == 6000
            with pytest.raises(ProjectError, match="can only be read: it is open in another window"):
                paint_rectangle(second, 1)
            assert (class_values(second) == 4).sum() == 6000
            second.set_view_state("panel", 3)
            assert second.view_state("panel") == 3
    paint_rectangle(project, 1)
    project.close()
    assert not project.read_only
    assert [path.name for path in tmp_path.iterdir() if "landseg" in path.name and path != link] == ["project.landseg"]


def test_reading_a_closed_project_makes_no_other_files(project: Project) -> None:
    paint_rectangle(project)
    project.close()
    content = project.path.read_bytes()
    with Project.open(project.path, read_only=True) as reader:
        assert reader.tile_keys(1)
        assert [path.name for path in project.path.parent.iterdir() if "landseg" in path.name] == ["project.landseg"]
    assert project.path.read_bytes() == content


def test_opened_only_for_reading_it_can_be_edited_elsewhere(project: Project) -> None:
    project.close()
    with Project.open(project.path, read_only=True) as reader, Project.open(project.path) as writer:
        assert reader.read_only_reason == "it was opened read-only"
        assert not writer.read_only
        paint_rectangle(writer)
        writer.flush()


def test_a_lock_whose_file_is_removed_by_its_last_holder_is_taken_again(tmp_path: Path) -> None:
    for _ in range(3):
        lock = ProjectLock(tmp_path / "x.landseg")
        with pytest.raises(ProjectError, match="it is open in another window"):
            ProjectLock(tmp_path / "x.landseg")
        lock.release()
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_removed_before_it_is_signed_is_made_and_locked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire, acquired = FileLock.acquire, []

    def acquire_too_late(lock: FileLock, **options: Any) -> None:
        acquire(lock, **options)
        acquired.append(lock)
        if len(acquired) == 1:  # its last holder removes it: the next program makes and locks another
            monkeypatch.setattr(Path, "exists", lambda _path: len(acquired) > 1)

    monkeypatch.setattr(FileLock, "acquire", acquire_too_late)
    lock = ProjectLock(tmp_path / "x.landseg")
    assert [lock.is_locked for lock in acquired] == [False, True]
    lock.release()


def test_a_lock_of_an_unknown_holder_is_respected(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / ".x.landseg.lock"),
        pytest.raises(ProjectError, match=r"program$"),
    ):
        ProjectLock(tmp_path / "x.landseg")


def test_without_a_lock_file_the_project_is_read_only(tmp_path: Path) -> None:
    (tmp_path / ".x.landseg.lock").mkdir()
    with pytest.raises(ProjectError, match="no lock file can be made in its folder"):
        ProjectLock(tmp_path / "x.landseg")
