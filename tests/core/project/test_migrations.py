"""Bringing older files up to date: backed up first, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from affine import Affine
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.project.check import check_project
from landseg_core.project.project import Project
from landseg_core.project.storage import schema

CURRENT = schema.VERSION

Write = Callable[..., Path]


@pytest.fixture
def old(project: Project) -> Path:
    """Return a closed project of today."""
    paint_rectangle(project)
    project.close()
    return project.path


def add_notes(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE notes (text TEXT)")


def add_stars(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN stars INTEGER")


def break_down(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE runs")
    connection.execute("SELECT nothing FROM nowhere")


def use_migrations(monkeypatch: pytest.MonkeyPatch, *migrations: Any) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", dict(enumerate(migrations, CURRENT)))
    monkeypatch.setattr(schema, "VERSION", CURRENT + len(migrations))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_older_file_is_backed_up_and_brought_up_to_date(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = old.with_name(f"project.landseg.v{CURRENT}.2.bak")
    old.with_name(f"project.landseg.v{CURRENT}.bak").write_text("mine")
    use_migrations(monkeypatch, add_notes, add_stars)
    with Project.open(old) as project:
        assert not project.read_only
        assert (class_values(project) == 4).sum() == 6000
        assert project.undo() is not None
    assert (version(old), version(backup)) == (CURRENT + 2, CURRENT)
    assert old.with_name(f"project.landseg.v{CURRENT}.bak").read_text() == "mine"
    with Project.open(old) as project:
        assert project.history.position == 0
    assert len(list(old.parent.glob("*.bak"))) == 2
    monkeypatch.undo()
    with Project.open(backup) as project:
        assert (class_values(project) == 4).sum() == 6000


def test_an_update_that_fails_leaves_the_file_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = old.read_bytes()
    use_migrations(monkeypatch, add_notes, break_down)
    with pytest.raises(ProjectError, match="cannot be brought up to date"):
        Project.open(old)
    assert old.read_bytes() == content
    assert [path.name for path in old.parent.iterdir() if "landseg" in path.name] == ["project.landseg"]


def test_an_older_file_is_not_updated_for_reading(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_migrations(monkeypatch, add_notes)
    monkeypatch.setattr(schema, "READABLE_SINCE", CURRENT + 1)
    with pytest.raises(ProjectError, match="has an older format; open it for writing once"):
        Project.open(old, read_only=True)


def test_a_newer_file_is_refused_kindly(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version = 77")
    content = old.read_bytes()
    with pytest.raises(
        ProjectError, match=rf"newer landseg \(format 77; this one reads up to {CURRENT}\); update landseg"
    ):
        Project.open(old)
    assert old.read_bytes() == content


@pytest.fixture
def first_version(old: Path) -> Path:
    """Return the project as the first version of the format had it."""
    with closing(sqlite3.connect(old)) as connection:
        for column in ("content", "file_grid", "alpha", "listed"):
            connection.execute(f"ALTER TABLE images DROP COLUMN {column}")
        connection.execute("DROP TABLE corrections")
        connection.execute("PRAGMA user_version = 1")
    return old


def test_the_first_version_is_read_as_it_is(first_version: Path, write_image: Write) -> None:
    content = first_version.read_bytes()
    assert check_project(first_version) == []
    write_image("image0", transform=Affine(0.5, 0, 399_100, 0, -0.5, 5_131_000))
    assert ["upper left corner at 399100" in problem for problem in check_project(first_version)] == [True]
    write_image("image0", compress="deflate")
    assert ["is not the file that was added" in problem for problem in check_project(first_version)] == [True]
    assert first_version.read_bytes() == content


def test_the_first_version_is_brought_up_to_date(first_version: Path) -> None:
    with Project.open(first_version) as project:
        assert not project.read_only
        assert project.images[0].content is None
        assert project.keep_grid(1).content is not None
    assert version(first_version) == CURRENT


def test_the_version_before_adding_could_be_undone_is_brought_up_to_date(old: Path, write_image: Write) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("ALTER TABLE images DROP COLUMN listed")
        connection.execute("DROP TABLE corrections")
        connection.execute("PRAGMA user_version = 3")
    content = old.read_bytes()
    assert check_project(old) == []
    with Project.open(old, read_only=True) as project:
        assert len(project.images) == 1
    assert old.read_bytes() == content
    with Project.open(old) as project:
        project.add_image(write_image("second"))
        project.undo()
        assert [image.name for image in project.images] == ["image0"]
    assert (version(old), version(old.with_name("project.landseg.v3.bak"))) == (CURRENT, 3)
    assert check_project(old) == []
