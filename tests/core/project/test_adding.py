"""Adding images as a step: undone, redone, and gone for good with the first edit after the undo."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.project.check import check_project, notes_on
from landseg_core.project.project import Project
from landseg_core.project.snapshot import present_images

Make = Callable[..., Project]
Write = Callable[..., Path]


@pytest.fixture
def undone(project: Project, write_image: Write) -> Project:
    """Return a project where the adding and painting of a second image, number 2, has been undone."""
    project.add_image(write_image("second", (60, 50)), "none")
    paint_rectangle(project, 1, (0, 0, 10, 10), image_id=2)
    project.undo()
    project.undo()
    return project


def names(project: Project) -> list[str]:
    return [image.name for image in project.images]


def stored_ids(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM images ORDER BY id")]


def test_adding_is_undone_and_redone_also_after_opening_again(undone: Project) -> None:
    assert (names(undone), undone.history.next_redo.name) == (["image0"], "Add second")
    undone.close()
    with Project.open(undone.path) as again:
        assert (names(again), again.history.position, len(again.history.steps)) == (["image0"], 0, 2)
        again.redo()
        assert (names(again), again.images[1].alpha) == (["image0", "second"], "none")
        again.redo()
        assert (class_values(again, 2) == 1).sum() == 100
    assert check_project(undone.path) == []


def test_an_image_whose_adding_is_undone_is_no_part_of_the_project(undone: Project, tmp_path: Path) -> None:
    undone.redo()
    undone.add_prediction(2, tmp_path / "gone_mask.tif", None, None)
    undone.undo()
    (tmp_path / "second.tif").unlink()
    assert present_images(undone) == undone.images
    assert undone.changes() == ()
    for use in (
        lambda: undone.labels(2),
        lambda: undone.image("second"),
        lambda: undone.remove_image(2),
        lambda: undone.set_areas(2, [], "Working area"),
    ):
        with pytest.raises(ProjectError, match=r"has no image number 2|no image called second"):
            use()
    assert undone.relink_in_folder(tmp_path) == 0
    undone.close()
    assert (check_project(undone.path), notes_on(undone.path)) == ([], [])
    with Project.open(undone.path) as again:
        again.redo()
        assert again.images[1].missing
        assert len(again.predictions(2)) == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda project: project.set_areas(1, [[(0, 0), (9, 0), (0, 9)]], "Area"),
        lambda project: project.edit_tiles(1, "Fill", lambda _key, _window, values: values * 0),
        lambda project: project.add_image(project.path.with_name("second.tif")),
    ],
    ids=["gesture", "whole image", "adding"],
)
def test_an_edit_after_the_undo_lets_the_image_go_for_good(undone: Project, edit: Callable[[Project], Any]) -> None:
    edit(undone)
    assert (undone.history.next_redo, undone.history.position) == (None, 1)
    kept = [image.id for image in undone.images]
    assert kept in ([1], [1, 3])  # a number is never used again
    undone.flush()
    assert stored_ids(undone.path) == kept
    undone.close()
    assert check_project(undone.path) == []


def test_an_edit_that_changes_nothing_keeps_what_redo_brings_back(undone: Project) -> None:
    assert undone.edit_tiles(1, "Nothing", lambda *_: None) == 0
    undone.redo()
    assert names(undone) == ["image0", "second"]


def test_several_images_are_one_step(project: Project, write_image: Write, tmp_path: Path) -> None:
    found = [project.examine_image(write_image(name, (30, 20))) for name in ("a", "b", "c")]
    with pytest.raises(ProjectError, match=r"b\.tif is in the project already"):
        project.examine_image(tmp_path / "b.tif", besides=found)
    assert project.add_images([]) == ()
    assert not project.history.steps
    added = project.add_images(found)
    assert [step.name for step in project.history.steps] == ["Add 3 images"]
    project.remove_image(added[1].id)
    project.undo()
    assert names(project) == ["image0"]
    project.redo()
    assert names(project) == ["image0", "a", "c"]


def test_images_that_a_project_begins_with_are_no_step(make_project: Make) -> None:
    project = make_project(sizes=((30, 20), (40, 30)))
    assert (len(project.images), project.history.steps, project.undo()) == (2, (), None)
