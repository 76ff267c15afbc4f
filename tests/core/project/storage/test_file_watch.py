"""The project's file is deleted, moved, replaced or overwritten while it is open."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import InterchangeError, ProjectError, RasterError
from landseg_core.events import EditStored, Event, StoringFailed, StoringResumed
from landseg_core.formats.vector.polygon_file import PolygonFile
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.project.storage import writer
from landseg_core.raster.source import RasterSource

Make = Callable[..., Project]
Paint = Callable[..., None]
Harm = Callable[[Path], None]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps others from an open file")


def delete(path: Path) -> None:
    path.unlink()


def delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def rename_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("renamed"))


def move(path: Path) -> None:
    path.rename(path.with_name("moved.landseg"))


def replace(path: Path) -> None:
    shutil.copy(path.with_name("backup"), path.with_name("fresh"))
    path.with_name("fresh").replace(path)


def replace_and_remove_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()
    replace(path)


def overwrite(path: Path) -> None:
    shutil.copyfile(path.with_name("backup"), path)


def overwrite_with_the_same_size(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(size // 2)
        file.write(bytes(100))


def remove_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def cut_log(path: Path) -> None:
    os.truncate(path.with_name(f"{path.name}-wal"), 0)


HARMS: dict[Harm, str] = {
    delete: "deleted",
    delete_folder: "deleted",
    rename_folder: "moved",
    move: "moved",
    replace: "replaced",
    replace_and_remove_log: "replaced",
    overwrite: "overwritten",
    overwrite_with_the_same_size: "overwritten",
    remove_log: "log",
    cut_log: "log",
}


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def opened(make_project: Make, tmp_path: Path, events: list[Event], schema: Any) -> Any:
    """Return a project in its own folder, with `backup` next to it, one edit in both and one more in the project."""
    (tmp_path / "town").mkdir()
    project = make_project("town/project")
    paint_rectangle(project, 1)
    project.close()
    shutil.copy(project.path, project.path.with_name("backup"))
    again = Project.open(project.path, on_event=events.append)
    paint_rectangle(again, 4, (200, 200, 300, 300))
    again.flush()
    yield again
    with suppress(ProjectError):
        again.close()


def failures(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, StoringFailed)]


@pytest.mark.parametrize("harm", HARMS)
def test_no_edit_is_called_stored_in_a_file_that_is_not_there(opened: Project, events: list[Event], harm: Harm) -> None:
    stored = sum(isinstance(event, EditStored) for event in events)
    harm(opened.path)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    with pytest.raises(ProjectError, match="edits are kept in memory"):
        opened.flush()
    assert sum(isinstance(event, EditStored) for event in events) == stored
    assert opened.fault
    assert opened.fault.kind == HARMS[harm]
    assert str(opened.path) in failures(events)[0]
    assert opened.waiting == 1
    with pytest.raises(ProjectError, match="edits are kept in memory"):
        paint_rectangle(opened, 4)
    with pytest.raises(ProjectError, match="edits are kept in memory"):
        opened.edit_tiles(1, "All", lambda _key, _window, values: values)


@pytest.mark.parametrize("harm", HARMS)
def test_it_is_noticed_while_nothing_is_painted(
    make_project: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, harm: Harm
) -> None:
    monkeypatch.setattr(writer, "CHECK_SECONDS", 0.01)
    (tmp_path / "town").mkdir()
    project = make_project("town/project")
    shutil.copy(project.path, project.path.with_name("backup"))
    harm(project.path)
    wait_for(lambda: project.fault is not None)
    assert project.failure
    with pytest.raises(ProjectError):
        project.close()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("harm", HARMS)
def test_closing_says_what_happened_and_leaves_what_is_there_now_alone(opened: Project, harm: Harm) -> None:
    harm(opened.path)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    there = opened.path.read_bytes() if opened.path.exists() else None
    with pytest.raises(ProjectError, match="may be lost"):
        opened.close()
    if HARMS[harm] in ("replaced", "overwritten"):
        assert opened.path.read_bytes() == there
        log = opened.path.with_name("project.landseg-wal")
        assert not log.exists() or not log.stat().st_size


def test_a_moved_file_holds_all_that_was_stored(opened: Project) -> None:
    painted = class_values(opened)
    move(opened.path)
    with pytest.raises(ProjectError, match="was moved or renamed"):
        opened.close()
    moved = opened.path.with_name("moved.landseg")
    assert check_project(moved) == []
    with Project.open(moved) as again:
        assert (class_values(again) == painted).all()


def test_a_file_that_comes_back_is_stored_in_again(
    opened: Project, monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    move(opened.path)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    wait_for(lambda: opened.failure is not None)
    opened.retry()
    wait_for(lambda: not opened._file._writer._check_wanted)  # type: ignore[union-attr]
    assert opened.failure
    opened.path.with_name("moved.landseg").rename(opened.path)
    opened.retry()
    wait_for(lambda: opened.failure is None)
    paint_rectangle(opened, 4, (0, 0, 30, 30))
    painted = class_values(opened)
    opened.close()
    assert any(isinstance(event, StoringResumed) for event in events)
    assert check_project(opened.path) == []
    with Project.open(opened.path) as again:
        assert (class_values(again) == painted).all()
        assert len(again.history.steps) == 4


def test_a_commit_into_a_file_that_vanishes_meanwhile_happens_once(
    opened: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted between the last look before the commit and the first one after it."""
    inner = opened._file._writer
    assert inner is not None
    check = inner.require_file_in_place

    def check_and_move() -> None:
        check()
        move(opened.path)

    monkeypatch.setattr(inner, "require_file_in_place", check_and_move)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    with pytest.raises(ProjectError):
        opened.flush()
    assert opened.waiting == 1
    monkeypatch.undo()
    opened.path.with_name("moved.landseg").rename(opened.path)
    opened.retry()
    wait_for(lambda: not opened.waiting)
    painted = class_values(opened)
    opened.close()
    assert check_project(opened.path) == []
    with Project.open(opened.path) as again:
        assert (class_values(again) == painted).all()


def test_a_bulk_edit_into_a_file_that_vanishes_meanwhile_changes_nothing(opened: Project) -> None:
    before = class_values(opened)

    def change(_key: Any, _window: Any, values: Any) -> Any:
        opened.path.unlink(missing_ok=True)
        return values * 0 + 1

    with pytest.raises(ProjectError, match="was deleted while it was open"):
        opened.edit_tiles(1, "All", change)
    assert (class_values(opened) == before).all()
    assert opened.failure


def test_labels_are_read_from_the_file_that_was_opened(opened: Project) -> None:
    painted = class_values(opened)
    replace(opened.path)
    opened.labels(1).reload()
    assert (class_values(opened) == painted).all()


READ = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM settings').fetchall(); c.close()"
)


def test_another_program_that_only_reads_does_no_harm(opened: Project) -> None:
    """Its closing takes the log away where landseg's locks on the file have been lost."""
    opened.labels(1).reload()
    assert opened.tile_keys(1)
    with opened.read_transaction() as one, opened.read_transaction() as two:  # so that further connections are made
        assert one.keys(1) == two.keys(1)
    subprocess.run([sys.executable, "-c", READ, str(opened.path)], check=True, timeout=60)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    opened.flush()
    painted = class_values(opened)
    opened.close()
    with Project.open(opened.path) as again:
        assert (class_values(again) == painted).all()


def open_by_gdal(project: Project) -> None:
    with pytest.raises(RasterError, match="a project that is open"):
        RasterSource(project.path)


def open_by_ogr(project: Project) -> None:
    with pytest.raises(InterchangeError, match="is the open project"):
        PolygonFile(project.path)


def look_for_images(project: Project) -> None:
    image = project.images[0].path
    image.rename(image.with_name("hidden"))
    assert project.relink_in_folder(project.path.parent) == 0
    image.with_name("hidden").rename(image)


@pytest.mark.parametrize("look", [open_by_gdal, open_by_ogr, look_for_images])
def test_gdal_does_not_take_the_log_of_an_open_project_away(opened: Project, look: Callable[[Project], None]) -> None:
    """It has an SQLite of its own, which takes itself for the last one that has the file open."""
    look(opened)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    opened.flush()
    painted = class_values(opened)
    opened.close()
    with Project.open(opened.path) as again:
        assert (class_values(again) == painted).all()


def test_much_that_is_painted_goes_into_the_file_and_is_no_foreign_write(
    opened: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LOG_BYTES", 50_000)
    size = opened.path.stat().st_size
    for number in range(12):
        paint_rectangle(opened, 1 if number % 2 else 4, (10 * number, 0, 10 * number + 300, 500))
        opened.flush()
    assert opened.path.stat().st_size > size
    painted = class_values(opened)
    opened.close()
    with Project.open(opened.path) as again:
        assert (class_values(again) == painted).all()
        assert len(again.history.steps) == 14


def test_a_project_on_a_network_drive_is_watched_as_well(opened: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.close()
    monkeypatch.setattr("landseg_core.project.storage.connection.is_network_path", lambda _: True)
    with Project.open(opened.path) as project:
        for number in range(3):
            paint_rectangle(project, 1, (400, 100, 500 + number, 200))
            project.flush()
    project = Project.open(opened.path)
    paint_rectangle(project, 4)
    project.flush()
    overwrite(project.path)
    paint_rectangle(project, 1)
    with pytest.raises(ProjectError, match="another program has written into"):
        project.flush()
    with pytest.raises(ProjectError, match="may be lost"):
        project.close()
    assert project.path.read_bytes() == project.path.with_name("backup").read_bytes()


CHILD = """
    import sys
    from pathlib import Path
    from landseg_core.errors import ProjectError
    from landseg_core.labels.regions import RectangleRegion
    from landseg_core.project.project import Project

    with Project.open(Path(sys.argv[1])) as project:
        for line in sys.stdin:
            left = int(line)
            edit = project.labels(1).begin()
            edit.paint(RectangleRegion((left, 0), (left + 10, 10)), 1)
            project.record(1, edit.finish(), f"Paint {left}")
            try:
                project.flush()
            except ProjectError as error:
                print(error, flush=True)
            else:
                print("stored", flush=True)
"""


@pytest.mark.parametrize("harm", [delete, delete_folder, replace, overwrite])
def test_another_process_never_says_stored_after_the_harm(opened: Project, harm: Harm) -> None:
    opened.close()
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(opened.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr

        def paint_at(left: int) -> str:
            child.stdin.write(f"{left}\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            return child.stdout.readline()  # type: ignore[union-attr]

        assert paint_at(0) == "stored\n"
        harm(opened.path)
        assert "edits are kept in memory" in paint_at(20)
        _, errors = child.communicate(timeout=60)
    assert "may be lost" in errors  # closing raises


def test_an_open_project_detects_another_database_of_the_same_size(opened: Project) -> None:
    """A file of the same size and time of change, but with another content, at the same path."""
    stat = opened.path.stat()
    with sqlite3.connect(":memory:") as other:
        other.execute("CREATE TABLE a (b)")
        content = other.serialize()
    with opened.path.open("rb+") as file:
        file.write(content[:4096])
    os.utime(opened.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ProjectError, match="another program has written into"):
        opened.flush()


INTACT = [harm for harm, kind in HARMS.items() if kind in ("deleted", "moved", "replaced")] + [remove_log]


@pytest.mark.parametrize("harm", INTACT)
def test_all_is_saved_to_another_file_and_nothing_is_lost_by_closing(
    opened: Project, tmp_path: Path, harm: Harm
) -> None:
    harm(opened.path)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    with pytest.raises(ProjectError):
        opened.flush()
    painted, steps = class_values(opened), opened.history.steps
    opened.save_as(tmp_path / "saved.landseg")
    opened.close()  # it does not complain: nothing is lost
    assert check_project(tmp_path / "saved.landseg") == []
    with Project.open(tmp_path / "saved.landseg") as saved:
        assert (class_values(saved) == painted).all()
        assert [step.name for step in saved.history.steps] == [step.name for step in steps]
        assert not saved.images[0].missing
        while saved.undo():
            pass
        assert (class_values(saved) == 255).all()


def test_a_deleted_file_is_saved_to_its_own_path_again(opened: Project) -> None:
    delete(opened.path)
    paint_rectangle(opened, 1, (400, 100, 500, 200))
    painted = class_values(opened)
    opened.save_as(opened.path)
    opened.close()
    with Project.open(opened.path) as saved:
        assert (class_values(saved) == painted).all()
        assert not saved.notices
    assert sorted(path.name for path in opened.path.parent.iterdir()) == ["backup", "project.landseg"]


def test_the_file_that_replaced_the_project_is_not_overwritten(opened: Project) -> None:
    replace(opened.path)
    there = opened.path.read_bytes()
    with pytest.raises(ProjectError, match="choose another name"):
        opened.save_as(opened.path, overwrite=True)
    assert opened.path.read_bytes() == there


def test_a_full_disk_is_no_reason_to_lose_anything(opened: Project, tmp_path: Path) -> None:
    connection = opened._file._writer._connection  # type: ignore[union-attr]
    connection.execute("PRAGMA max_page_count = 1")
    for number in range(40):
        with suppress(ProjectError):
            paint_rectangle(opened, 1, (10 * number, 0, 10 * number + 5, 500))
    with suppress(ProjectError):
        opened.flush()
    assert opened.failure
    painted = class_values(opened)
    opened.save_as(tmp_path / "saved.landseg")
    opened.close()
    with Project.open(tmp_path / "saved.landseg") as saved:
        assert (class_values(saved) == painted).all()
