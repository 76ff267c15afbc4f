"""What `check_project` finds."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from support.projects import paint_rectangle

from landseg_core.project.check import check_project
from landseg_core.project.project import Project

WHITE = zlib.compress(bytes([255]) * 512 * 512)
WATER = zlib.compress(bytes([4]) * 512 * 512)


@pytest.fixture
def painted(project: Project, tmp_path: Path) -> Path:
    """Return a closed project with labels in one tile, a coarser level, an area and a step of each kind."""
    paint_rectangle(project)
    project.set_areas(1, [[(0, 0), (9, 0), (9, 9)]], "Area")
    for name in ("run", "mask.tif"):
        (tmp_path / name).mkdir()
    project.add_run(tmp_path / "run", "unet16", [], "", {})
    project.add_prediction(1, tmp_path / "mask.tif", None, None)
    project.close()
    return project.path


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.commit()


def test_a_project_without_faults_has_none(painted: Path) -> None:
    content = painted.read_bytes()
    assert check_project(painted) == []
    assert painted.read_bytes() == content
    with Project.open(painted):
        assert check_project(painted) == []


@pytest.mark.parametrize(
    ("statement", "value", "sentence"),
    [
        ("UPDATE tiles SET data = ? WHERE level = 0", WHITE, "the class areas of image0 do not match its labels"),
        ("UPDATE tiles SET data = ? WHERE level = 1", WHITE, "level 1, row 0, column 0 does not agree with the level"),
        ("DELETE FROM tiles WHERE level = 1 OR ? = 0", 1, "level 1, row 0, column 0 does not agree with the level"),
        ("UPDATE tiles SET data = ? WHERE level = 0", b"x", "level 0, row 0, column 0: a tile is damaged"),
        (
            'UPDATE tiles SET "column" = 1, data = ? WHERE level = 0',
            WATER,
            "column 1 has labels beyond the edge of the image",
        ),
        ('UPDATE tiles SET "column" = ? WHERE level = 0', 5, "image0 has one tile outside the image"),
        ("UPDATE class_pixels SET pixels = ?", 7, "the class areas of image0 do not match its labels"),
        ("UPDATE patches SET data = ?", b"x", "step 1 (Paint 4): a step of the history is damaged"),
        ("UPDATE steps SET after = ? WHERE id = 2", '{"areas": 3}', "step 2 (Area): a working area is damaged"),
        ("UPDATE patches SET image = ?", 9, "row 1 of the table patches refers to a row that does not exist"),
        ("UPDATE images SET path = ?", "gone.tif", "gone.tif is missing"),
        ("UPDATE runs SET folder = ?", "gone", "gone of a training run is missing"),
        ("UPDATE predictions SET mask = ?", "gone.png", "gone.png of a prediction is missing"),
        ("UPDATE images SET width = ?", -3, "one of the images cannot be read"),
        ("UPDATE view_state SET value = ?; ", "[", ""),
    ],
)
def test_every_fault_is_named(painted: Path, statement: str, value: object, sentence: str) -> None:
    change(painted, statement, value)
    problems = check_project(painted)
    assert sentence in "\n".join(problems)
    assert bool(problems) == bool(sentence)


def test_labels_without_a_class_are_named(project: Project) -> None:
    paint_rectangle(project, 77)
    project.close()
    assert check_project(project.path) == ["image0 has 6000 px of value 77, which no class has"]


def test_what_is_no_project_is_one_sentence(tmp_path: Path) -> None:
    assert check_project(tmp_path / "nothing.landseg") == [
        f"there is no project {tmp_path / 'nothing.landseg'}; check the path, or create a new project"
    ]
