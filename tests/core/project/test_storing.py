"""What happens when edits cannot be stored: a full disk, for real and by SQLite's own limit."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.projects import class_values

from landseg_core.errors import ProjectError
from landseg_core.events import EditStored, Event, StoringFailed
from landseg_core.geo.window import PixelWindow
from landseg_core.project import editing
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.project.storage import connection

Make = Callable[..., Project]


def scribble(project: Project, seed: int) -> None:
    """Paint noise, which no compression makes small."""
    values = np.random.default_rng(seed).choice(np.array([0, 1, 4], np.uint8), (500, 600))
    edit = project.labels(1).begin()
    edit.put(PixelWindow(0, 0, 600, 500), values, np.ones(values.shape, bool))
    finished = edit.finish()
    assert finished is not None
    project.record(1, finished, f"Scribble {seed}")


def allow_pages(project: Project, count: int) -> None:
    project._file._writer._connection.execute(f"PRAGMA max_page_count = {count}")  # type: ignore[union-attr]


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def full(make_project: Make, monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> Project:
    """Return a project with one scribble stored, one that finds no room, and one behind it."""
    project = make_project(on_event=events.append)
    scribble(project, 0)
    project.flush()
    allow_pages(project, 1)  # SQLite takes as many as there are
    with project._file.writer().borrow():  # so that both are queued before the first fails
        scribble(project, 1)
        scribble(project, 2)
    with pytest.raises(ProjectError, match="the disk is full; free some space"):
        project.flush()
    return project


def test_every_edit_is_reported_once_stored(project: Project, make_project: Make, events: list[Event]) -> None:
    other = make_project("other", on_event=events.append)
    scribble(other, 0)
    scribble(other, 1)
    other.undo()
    other.flush()
    other.close()
    assert [event for event in events if isinstance(event, EditStored)][-1] == EditStored(0)
    assert len(events) == 3


def test_a_full_disk_is_reported_and_painting_stops(full: Project, events: list[Event]) -> None:
    before = class_values(full)
    failures = [event for event in events if isinstance(event, StoringFailed)]
    assert len(failures) == 1
    assert full.failure == failures[0].message
    assert "project.landseg: the disk is full" in full.failure
    assert full.waiting == 2
    with pytest.raises(ProjectError, match="the disk is full"):
        scribble(full, 3)
    np.testing.assert_array_equal(class_values(full), before)  # the gesture that was refused is taken back
    assert [step.name for step in full.history.steps] == ["Scribble 0", "Scribble 1", "Scribble 2"]
    for edit in (full.undo, lambda: full.set_areas(1, [], "Areas"), lambda: full.edit_tiles(1, "x", lambda *_: None)):
        with pytest.raises(ProjectError, match="the disk is full"):
            edit()
    allow_pages(full, 10**6)


def test_after_making_room_all_is_stored_in_order(full: Project, events: list[Event]) -> None:
    full.retry()
    with pytest.raises(ProjectError, match="the disk is full"):
        full.flush()
    allow_pages(full, 10**6)
    full.retry()
    full.flush()
    assert (full.waiting, full.failure) == (0, None)
    scribble(full, 3)
    labels = class_values(full)
    full.close()
    assert check_project(full.path) == []
    with Project.open(full.path) as again:
        np.testing.assert_array_equal(class_values(again), labels)
        assert [step.name for step in again.history.steps] == [f"Scribble {number}" for number in range(4)]


def test_closing_tries_once_more(full: Project) -> None:
    labels = class_values(full)
    allow_pages(full, 10**6)
    full.close()
    with Project.open(full.path) as again:
        np.testing.assert_array_equal(class_values(again), labels)


def test_closing_says_how_many_edits_are_lost_and_the_others_are_there(full: Project) -> None:
    with pytest.raises(ProjectError, match="the last 2 edits could not be stored"):
        full.close()
    assert [path.name for path in full.path.parent.glob("*landseg*")] == ["project.landseg"]
    assert check_project(full.path) == []
    with Project.open(full.path) as again:
        assert [step.name for step in again.history.steps] == ["Scribble 0"]
        assert (class_values(again)[:500, :600] != 255).all()
        again.undo()
        assert (class_values(again) == 255).all()


def test_a_bulk_edit_that_finds_no_room_changes_nothing(project: Project) -> None:
    scribble(project, 0)
    before = class_values(project)
    project.flush()
    allow_pages(project, 1)
    noise = np.random.default_rng(1)

    def change(_key: Any, window: PixelWindow, _values: Any) -> Any:
        return noise.choice(np.array([0, 1, 4], np.uint8), (window.height, window.width))

    with pytest.raises(ProjectError, match=r"cannot be changed \(Noise\): the disk is full"):
        project.edit_tiles(1, "Noise", change)
    assert (project.busy, project.failure) == (False, None)
    np.testing.assert_array_equal(class_values(project), before)
    assert [step.name for step in project.history.steps] == ["Scribble 0"]
    allow_pages(project, 10**6)


CHILD = """
    from __future__ import annotations
    import resource
    from pathlib import Path

    import numpy as np
    from landseg_core.geo.window import PixelWindow
    from landseg_core.errors import ProjectError
    from landseg_core.project.project import Project

    {scribble}

    failures = []
    path = Path({path!r})
    with Project.open(path, on_event=failures.append) as project:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 400_000, hard))
        try:
            for number in range(1, 100):
                scribble(project, number)
                project.flush()
        except ProjectError as error:
            print(f"{{number}} {{error}}")
        assert project.failure and type(failures[-1]).__name__ == "StoringFailed"
        assert project.waiting == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        project.retry()
        project.flush()
        print(len(project.history.steps))
"""


def test_a_disk_that_really_takes_no_more_bytes(project: Project) -> None:
    pytest.importorskip("resource", reason="needs limits on the size of files")
    scribble(project, 0)
    project.close()
    code = textwrap.dedent(CHILD).format(path=str(project.path), scribble=inspect.getsource(scribble))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    said, steps = result.stdout.splitlines()
    number, sentence = said.split(" ", 1)
    assert "the last edits cannot be stored" in sentence
    assert int(steps) == int(number) + 1
    assert check_project(project.path) == []
    with Project.open(project.path) as again:
        assert (class_values(again)[:500, :600] != 255).all()


def test_a_network_drive_gets_a_plain_journal(make_project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "is_network_path", lambda _: True)
    project = make_project()
    scribble(project, 0)
    project.flush()
    assert not project.path.with_name("project.landseg-wal").exists()
    labels = project.labels(1)
    labels.reload()
    assert (class_values(project)[:500, :600] != 255).all()
    project.undo()
    project.edit_tiles(1, "All", lambda _key, _window, values: np.zeros_like(values))
    project.close()
    assert check_project(project.path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_fails_stops_the_painting_not_the_program(make_project: Make) -> None:
    def fail(_: Event) -> None:
        raise ZeroDivisionError

    project = make_project(on_event=fail)
    scribble(project, 0)
    with pytest.raises(ProjectError, match=r"no longer stored in .*; close the project"):
        project.flush()
    with pytest.raises(ProjectError, match="no longer stored"):
        scribble(project, 1)
    project.close()
    assert check_project(project.path) == []
    with Project.open(project.path) as again:
        assert [step.name for step in again.history.steps] == ["Scribble 0"]


def test_a_writer_out_of_memory_continues_on_retry(make_project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    scribble(project, 0)
    project.flush()

    def no_memory(*_arguments: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(editing, "store_tiles", no_memory)
        scribble(project, 1)
        with pytest.raises(ProjectError, match="there is not enough memory"):
            project.flush()
    project.retry()
    project.flush()
    painted = class_values(project)
    project.close()
    with Project.open(project.path) as again:
        assert len(again.history.steps) == 2
        assert (class_values(again) == painted).all()
