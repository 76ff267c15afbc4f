"""Project files with damage of all kinds: opened for reading, or refused, but never a crash.

`LANDSEG_FUZZ_CASES` sets how many damaged files of each kind are tried.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

CASES = int(os.environ.get("LANDSEG_FUZZ_CASES", "12"))
Damage = Callable[[Path, random.Random], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for one project that all cases are copies of."""
    return tmp_path_factory.mktemp("whole") / "whole.landseg"


@pytest.fixture
def original(whole: Path, make_project: Callable[..., Project], tmp_path: Path) -> Path:
    """Return a project with two images and a bit of everything."""
    if whole.exists():
        return whole
    with make_project(sizes=((1100, 600), (500, 400))) as project:
        for number in range(12):
            paint_rectangle(project, (1, 4, 0)[number % 3], (30 * number, 10, 600 + 30 * number, 40 * number + 100))
        paint_rectangle(project, 4, (5, 5, 300, 300), image_id=2)
        project.edit_tiles(1, "All", lambda _key, _window, values: values // 2)
        project.set_areas(1, [[(0, 0), (100, 0), (50, 90)]], "Area")
        project.change_schema(project.schema, "Remap", {4: 1, 2: 1, 127: 255})
        project.undo()
        project.add_run(tmp_path / "run", "unet16", ["a"], project.history.state, {"miou": 0.5})
        project.add_prediction(1, tmp_path / "mask.tif", tmp_path / "confidence.tif", None)
        project.set_view_state("window", {"x": 1})
        project.corrections.add("0" * 64, "run", bytes(5000))
    shutil.copy(project.path, whole)
    return whole


def overwrite_bytes(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 3, 10, 100, 1000])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content)


def overwrite_header(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 2, 5])):
        content[dice.randrange(16, 200)] = dice.randrange(256)
    path.write_bytes(content)


def overwrite_blocks(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 2, 5])):
        start = dice.randrange(len(content))
        length = min(dice.choice([16, 512, 4096]), len(content) - start)
        content[start : start + length] = dice.choice([bytes(length), dice.randbytes(length)])
    path.write_bytes(content)


def cut(path: Path, dice: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: dice.randrange(len(content))])


def swap_pages(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    one, other = (4096 * dice.randrange(1, len(content) // 4096) for _ in range(2))
    content[one : one + 4096], content[other : other + 4096] = content[other : other + 4096], content[one : one + 4096]
    path.write_bytes(content)


TABLES = ["settings", "images", "tiles", "class_pixels", "steps", "patches", "runs", "predictions", "view_state"]
BOMB = zlib.compress(bytes(50_000_000))
VALUES: list[Any] = [
    None,
    -1,
    0,
    2**62,
    -(2**63),
    0.5,
    float("inf"),
    "",
    "text",
    "\0",
    "[",
    "[1]",
    "{}",
    '{"classes": 3}',
]
VALUES += [
    b"",
    b"\xff" * 40,
    "[[[1e999, 0], [0, 0], [1, 1]]]",
    "[" * 5000,
    "[[0,0,0,0,0,0]]",
    "[0,0,0,0,0,0]",
    "x" * 100_000,
]


def change_rows(path: Path, dice: random.Random) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for _ in range(dice.choice([1, 1, 2, 5])):
            table = dice.choice(TABLES)
            column = dice.choice([row[1] for row in connection.execute(f"PRAGMA table_info({table})")])
            loosen(connection, table)
            rows = "" if dice.random() < 0.3 else f" WHERE {column} IN (SELECT {column} FROM {table} LIMIT 1)"
            with suppress(sqlite3.Error):
                connection.execute(f'UPDATE {table} SET "{column}" = ?{rows}', (dice.choice(VALUES),))
        connection.commit()


def loosen(connection: sqlite3.Connection, table: str) -> None:
    """Make the table again without types and constraints, so that it takes any rows."""
    columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({table})").fetchall())
    connection.execute(f"CREATE TABLE loose ({columns})")
    connection.execute(f"INSERT INTO loose SELECT * FROM {table}")
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"ALTER TABLE loose RENAME TO {table}")


def spoil_blobs(path: Path, dice: random.Random) -> None:
    """Put other bytes into tiles and patches, and a stream that would unpack to far more than a tile."""
    with closing(sqlite3.connect(path)) as connection:
        for table in ("tiles", "patches"):
            for number, data in connection.execute(f"SELECT id, data FROM {table}").fetchall():
                spoilt = bytearray(data)
                spoilt[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
                new = dice.choice([data, data, bytes(spoilt), data[: len(data) // 2], BOMB, b""])
                connection.execute(f"UPDATE {table} SET data = ? WHERE id = ?", (new, number))
        connection.commit()


def drop_table(path: Path, dice: random.Random) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DROP TABLE {dice.choice(TABLES)}")


@pytest.mark.parametrize(
    "damage",
    [
        overwrite_bytes,
        overwrite_header,
        overwrite_blocks,
        cut,
        swap_pages,
        change_rows,
        spoil_blobs,
        drop_table,
    ],
)
def test_a_damaged_file_opens_for_reading_or_is_refused(original: Path, tmp_path: Path, damage: Damage) -> None:
    for seed in range(CASES):
        path = tmp_path / f"{damage.__name__} {seed}.landseg"
        shutil.copy(original, path)
        damage(path, random.Random(seed))
        use(path)
        assert all(isinstance(problem, str) for problem in check_project(path))
        path.unlink(missing_ok=True)


def use(path: Path) -> None:
    """Read all there is, then edit; only sentences may come."""
    try:
        project = Project.open(path)
    except ProjectError:
        return
    try:
        read(project)
        assert project.read_only == (project.read_only_reason is not None)
        with suppress(ProjectError):
            edit(project)
    finally:
        with suppress(ProjectError):
            project.close()


def read(project: Project) -> None:
    assert len(project.schema) > 0
    assert 0 <= project.history.position <= len(project.history.steps)
    assert project.history.state
    assert (project.history.next_undo is None) == (project.history.position == 0)
    assert (project.history.next_redo is None) == (project.history.position == len(project.history.steps))
    assert isinstance(project.view_state("window"), object)
    assert all(isinstance(notice, str) for notice in project.notices)
    assert all(isinstance(run.metrics, dict) for run in project.runs)
    for entry in project.images:
        assert all(len(ring) >= 3 for ring in project.areas(entry.id))
        assert all(isinstance(prediction.missing, bool) for prediction in project.predictions(entry.id))
        assert all(pixels > 0 for pixels in project.class_pixels(entry.id).values())
        with suppress(ProjectError):
            labels = project.labels(entry.id)
            labels.read(PixelWindow(0, 0, 2000, 2000))
            for level in range(labels.pyramid.levels):
                labels.read(PixelWindow(0, 0, 600, 600), level)
            for key in project.tile_keys(entry.id):
                labels.tile(key)
    with suppress(ProjectError), project.read_transaction() as view:
        for entry in project.images:
            for _ in view.tiles(entry.id):
                pass


def edit(project: Project) -> None:
    for _ in range(3):
        project.undo()
    project.redo()
    for entry in project.images:
        gesture = project.labels(entry.id).begin()
        gesture.paint(RectangleRegion((5, 5), (50, 700)), 4)
        if finished := gesture.finish():
            project.record(entry.id, finished, "Paint")
    project.flush()


def test_damaged_tiles_count_as_unlabelled_and_are_reported(project: Project) -> None:
    paint_rectangle(project, 4, (0, 0, 700, 100))
    project.close()
    with closing(sqlite3.connect(project.path)) as connection:
        connection.execute("UPDATE tiles SET data = x'00' WHERE level = 0 AND \"column\" = 1")
        connection.commit()
    with Project.open(project.path) as again:
        labels = class_values(again)
        assert (labels[:100, :512] == 4).all()
        assert (labels[:, 512:] == 255).all()
        assert again.notices == ("a tile of image0 (level 0, row 0, column 1) is damaged and counts as unlabelled",)
    assert "column 1: a tile is damaged: its size is wrong" in " ".join(check_project(project.path))


def test_what_is_damaged_beside_the_labels_leaves_the_project_readable(project: Project) -> None:
    paint_rectangle(project)
    project.close()
    with closing(sqlite3.connect(project.path)) as connection:
        connection.execute("UPDATE settings SET value = 'nonsense' WHERE key = 'classes'")
        connection.commit()
    with Project.open(project.path) as again:
        assert again.read_only_reason == "it is damaged: the classes cannot be read"
        assert again.schema.names == ("class 4",)
        assert (class_values(again) == 4).sum() == 6000
        with pytest.raises(ProjectError, match=r"can only be read: it is damaged"):
            again.undo()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "there is no project"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_text("hello, this is a text and no database"), "is not a landseg project"),
        (
            lambda path: closing(sqlite3.connect(path)).thing.executescript("CREATE TABLE a (b)"),
            "is not a landseg project",
        ),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(200)), "is not a landseg project"),
    ],
)
def test_what_is_no_project_is_refused(tmp_path: Path, make: Callable[[Path], object], sentence: str) -> None:
    path = tmp_path / "x.landseg"
    make(path)
    with pytest.raises(ProjectError, match=sentence):
        Project.open(path)
    assert check_project(path)[0].startswith(str(path)) or "there is no project" in check_project(path)[0]
    assert [item.name for item in tmp_path.iterdir()] in ([], ["x.landseg"])
