"""Corrections of models in a project: stored, listed, found by model, deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.projects import paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.project import correction_table
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

ONE, OTHER = "1" * 64, "2" * 64


def test_the_newest_correction_of_a_model_is_used_until_it_is_removed(project: Project) -> None:
    paint_rectangle(project)
    first = project.corrections.add(ONE, "run-1", b"first")
    project.corrections.add(OTHER, "run-2", b"other")
    second = project.corrections.add(ONE, "run-1", b"second")
    assert project.corrections.of_model(ONE) == second
    project.corrections.remove(second.id)
    assert project.corrections.of_model(ONE) == first
    assert project.corrections.of_model("3" * 64) is None
    project.close()
    with Project.open(project.path, read_only=True) as again:
        assert [(entry.model, entry.size) for entry in again.corrections.entries] == [("run-1", 5), ("run-2", 5)]
        assert again.corrections.of_model(ONE) == first
        assert again.corrections.data(first.id) == b"first"
        assert first.label_state == again.history.state
    assert check_project(project.path) == []


def test_a_correction_is_in_a_copy_of_the_project(project: Project, tmp_path: Path) -> None:
    entry = project.corrections.add(ONE, "run-1", b"first")
    project.save_copy(tmp_path / "copy.landseg")
    with Project.open(tmp_path / "copy.landseg") as copy:
        assert copy.corrections.data(entry.id) == b"first"


def test_what_is_too_large_or_too_much_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correction_table, "MOST_BYTES", 8)
    monkeypatch.setattr(correction_table, "MOST_CORRECTIONS", 1)
    with pytest.raises(ProjectError, match="a correction of 9 bytes is too large"):
        project.corrections.add(ONE, "run-1", bytes(9))
    project.corrections.add(ONE, "run-1", bytes(8))
    with pytest.raises(ProjectError, match="holds 1 corrections already; delete some"):
        project.corrections.add(ONE, "run-1", bytes(8))
    assert len(project.corrections.entries) == 1


def test_a_project_that_is_only_read_gets_no_corrections(project: Project) -> None:
    project.corrections.add(ONE, "run-1", b"first")
    project.close()
    with Project.open(project.path, read_only=True) as reader:
        with pytest.raises(ProjectError, match="read-only"):
            reader.corrections.add(ONE, "run-1", b"second")
        with pytest.raises(ProjectError, match="read-only"):
            reader.corrections.remove(1)
        assert [entry.id for entry in reader.corrections.entries] == [1]


def test_one_that_is_not_there_cannot_be_removed_or_read(project: Project) -> None:
    with pytest.raises(ProjectError, match="has no correction number 7"):
        project.corrections.remove(7)
    with pytest.raises(ProjectError, match=r"number 7 in .* cannot be read; delete it"):
        project.corrections.data(7)


Damage = Callable[[sqlite3.Connection], object]


@pytest.mark.parametrize(
    "damage",
    [
        lambda connection: connection.execute("UPDATE corrections SET model_hash = 'of no model' WHERE id = 1"),
        lambda connection: connection.execute("UPDATE corrections SET model = x'00' WHERE id = 1"),
        lambda connection: connection.execute("UPDATE corrections SET data = zeroblob(5000000) WHERE id = 1"),
        lambda connection: connection.execute("UPDATE corrections SET data = x'' WHERE id = 1"),
    ],
)
def test_a_damaged_row_is_reported_and_the_others_are_read(project: Project, damage: Damage) -> None:
    project.corrections.add(ONE, "run-1", b"first")
    project.corrections.add(ONE, "run-1", b"second")
    project.close()
    with closing(sqlite3.connect(project.path)) as connection:
        damage(connection)
        connection.commit()
    with Project.open(project.path) as damaged:
        assert damaged.read_only
        assert damaged.notices == ("one of the corrections cannot be read",)
        assert [entry.id for entry in damaged.corrections.entries] == [2]
        assert damaged.corrections.data(2) == b"second"


def test_data_that_became_too_large_is_not_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = project.corrections.add(ONE, "run-1", b"first")
    monkeypatch.setattr(correction_table, "MOST_BYTES", 4)
    with pytest.raises(ProjectError, match="cannot be read; delete it"):
        project.corrections.data(entry.id)


def test_a_project_of_the_version_before_has_no_corrections(project: Project) -> None:
    project.close()
    with closing(sqlite3.connect(project.path)) as connection:
        connection.execute("DROP TABLE corrections")
        connection.execute("PRAGMA user_version = 4")
        connection.commit()
    assert check_project(project.path) == []
    with Project.open(project.path, read_only=True) as older:
        assert older.corrections.entries == ()
    with Project.open(project.path) as updated:
        assert updated.corrections.add(ONE, "run-1", b"first").id == 1
    assert project.path.with_name("project.landseg.v4.bak").exists()
