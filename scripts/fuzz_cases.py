"""Whole files for `fuzz_files.py`, and what damages copies of them."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion, Region, StrokeRegion
from landseg_core.project.project import Project

PAGE = 4096

NAMES = ("meadow", "water", "road", "building")
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
SCHEMA = ClassSchema.model_validate(
    {
        "classes": [
            {"value": value, "name": name, "colour": colour}
            for value, (name, colour) in enumerate(zip(NAMES, COLOURS, strict=True))
        ]
    }
)
UTM = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32632"}
IMAGES = {"north": (1100, 600), "south": (500, 400), "east": (700, 520)}
SMALL = (40, 30)

# The whole files that are damaged


def make_originals(folder: Path) -> None:
    """Write all files that the cases are copies of: the same ones every time, but for the time of day in them."""
    for number, (name, size) in enumerate({**IMAGES, "small": SMALL}.items()):
        write_raster(folder / f"{name}.tif", noise((3, *reversed(size)), number, 256), **UTM)
    make_project(folder)
    with Project.create(folder / "small.landseg", SCHEMA) as project:
        project.add_image(folder / "small.tif")
    make_masks(folder)
    make_polygons(folder)


def noise(shape: tuple[int, ...], seed: int, values: int) -> Any:
    return np.random.default_rng(seed).integers(0, values, shape, np.uint8)


def write_raster(path: Path, pixels: Any, driver: str = "GTiff", colours: Any = None, **profile: Any) -> None:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    count, height, width = bands.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver=driver, count=count, height=height, width=width, dtype="uint8", **profile
        ) as dataset:
            dataset.write(bands)
            if colours:
                dataset.write_colormap(1, colours)


def make_project(folder: Path) -> None:
    """Make a project with a bit of everything, and a copy taken while it was open, with its write-ahead log."""
    states: list[dict[str, str]] = []
    path = folder / "project.landseg"
    with Project.create(path, SCHEMA) as project:
        for name in IMAGES:
            project.add_image(folder / f"{name}.tif")
        paint_some(project, 0, states)
    with Project.open(path) as project:
        project.edit_tiles(1, "Swap", lambda _key, _window, values: np.where(values < 2, 1 - values, values))
        note_state(project, states)
        paint_some(project, 1, states)
        project.change_schema(project.schema, "Merge", {3: 2})
        note_state(project, states)
        for _ in range(3):
            project.undo()
            note_state(project, states)
        add_records(project, folder)
        project.flush()
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", folder / f"open.landseg{suffix}")
        paint_some(project, 2, states)
    (folder / "states.json").write_text(json.dumps(states))


def paint_some(project: Project, seed: int, states: list[dict[str, str]]) -> None:
    """Make strokes and rectangles in several classes on all images, and a noisy patch that compresses badly."""
    dice = random.Random(seed)
    for number in range(16):
        image_id = dice.choice([1, 1, 2, 3])
        width, height = list(IMAGES.values())[image_id - 1]
        points = [(dice.uniform(0, width), dice.uniform(0, height)) for _ in range(3)]
        stroke: Region = StrokeRegion(points, dice.uniform(5, 60))
        region = stroke if number % 3 else RectangleRegion(*points[:2])
        paint(project, image_id, region, dice.choice([0, 1, 2, 3, 255]))
        note_state(project, states)
    edit = project.labels(1).begin()
    edit.put(PixelWindow(300, 100, 400, 300), noise((300, 400), seed, 4), np.ones((300, 400), bool))
    project.record(1, edit.finish(), "Noise")  # type: ignore[arg-type] # noise always changes something
    project.set_areas(1, [[(0, 0), (100 + seed, 0), (50, 90)]], "Area")
    note_state(project, states)


def paint(project: Project, image_id: int, region: Region, value: int) -> None:
    edit = project.labels(image_id).begin()
    edit.paint(region, value)
    finished = edit.finish()
    if finished is not None:
        project.record(image_id, finished, f"Paint {value}")


def note_state(project: Project, states: list[dict[str, str]]) -> None:
    states.append(labels_of(project))


def labels_of(project: Project) -> dict[str, str]:
    """Return hashes of the labels of every image on every level, where the whole file has them."""
    hashes = {}
    for number, (width, height) in enumerate(IMAGES.values(), start=1):
        if number not in [entry.id for entry in project.images]:
            continue
        labels = project.labels(number)
        for level in range(min(3, labels.pyramid.levels)):
            values = labels.read(PixelWindow(0, 0, -(-width // 2**level), -(-height // 2**level)), level)
            hashes[f"{number}/{level}"] = hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest()
    return hashes


def add_records(project: Project, folder: Path) -> None:
    project.add_run(folder / "run", "unet16", NAMES, project.label_state(), {"miou": 0.5, "classes": [0.1, 0.9]})
    project.add_prediction(1, folder / "map.tif", folder / "confidence.tif", folder / "model.onnx")
    project.add_prediction(2, folder / "map2.tif", None, None)
    project.set_view_state("window", {"centre": [10.5, 20.5], "scale": 2, "hidden": ["Labels"]})
    project.set_view_state("image", 2)


def make_masks(folder: Path) -> None:
    mask = np.kron(noise((6, 8), 5, 4), np.ones((5, 5), np.uint8))
    colours = {value: (*bytes.fromhex(colour[1:]), 255) for value, colour in enumerate(COLOURS)}
    write_raster(folder / "index.png", mask, "PNG")
    write_raster(folder / "palette.png", mask, "PNG", colours)
    write_raster(folder / "mask.tif", mask, compress="deflate", nodata=255, **UTM)


def make_polygons(folder: Path) -> None:
    places = [(399_000 + 2 * (number % 9), 5_130_998 - 3 * (number // 9)) for number in range(36)]
    shapes = np.array([shapely.box(x, y - 2, x + 1.8, y) for x, y in places], object)
    fields = [np.array([NAMES[number % 4] for number in range(36)], object), np.arange(36)]
    for name, driver in (("a.gpkg", "GPKG"), ("a.geojson", "GeoJSON"), ("a.shp", "ESRI Shapefile")):
        pyogrio.raw.write(
            folder / name,
            shapely.to_wkb(shapes),
            fields,
            ["class", "number"],
            driver=driver,
            geometry_type="Polygon",
            crs="EPSG:32632",
        )


# Damage

Damage = Callable[[Path, random.Random], None]
SQLITE_FIELDS = {16: 2, 18: 1, 19: 1, 20: 1, 21: 1, 22: 1, 23: 1} | dict.fromkeys((*range(24, 72, 4), 92, 96), 4)
"""The fields of the header of an SQLite file: their places and lengths in bytes."""


def leave(_path: Path, _dice: random.Random) -> None:
    """Leave the file as it is: what lies beside it is damage enough."""


def overwrite(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 2, 5, 20, 200])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content)


def overwrite_start(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 2, 5])):
        content[dice.randrange(min(len(content), 300))] = dice.randrange(256)
    path.write_bytes(content)


def change_header(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 3])):
        place, length = dice.choice(list(SQLITE_FIELDS.items()))
        number = dice.choice([0, 1, 2, 2**31 - 1, 2**32 - 1, dice.randrange(2**32)])
        content[place : place + length] = (number % 256**length).to_bytes(length, "big")
    path.write_bytes(content)


def truncate(path: Path, dice: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: dice.randrange(len(content))])


def blocks(content: bytes) -> int:
    """Return how long a block to be zeroed or swapped is: a page, or less in a small file."""
    return PAGE if len(content) >= 4 * PAGE else 16


def zero_block(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    size = blocks(content)
    for _ in range(dice.choice([1, 1, 3])):
        start = size * dice.randrange(-(-len(content) // size))
        content[start : start + size] = bytes(len(content[start : start + size]))
    path.write_bytes(content)


def swap_blocks(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    size = blocks(content)
    one, other = (size * dice.randrange(max(1, len(content) // size)) for _ in range(2))
    first, second = content[one : one + size], content[other : other + size]
    content[one : one + len(second)], content[other : other + len(first)] = second, first
    path.write_bytes(content)


WRONG: tuple[Any, ...] = (
    None,
    -1,
    -(2**63),
    2**31,
    2**62,
    0.5,
    float("inf"),
    "",
    "text",
    "\0",
    "[",
    "[1]",
    "{}",
    '{"classes": 3}',
    "[[[1e999, 0], [0, 0], [1, 1]]]",
    "[" * 5000,
    "x" * 100_000,
    b"",
    b"\xff" * 40,
)
"""Values of a wrong type, missing, huge or negative."""


def change_rows(path: Path, dice: random.Random) -> None:
    """Put a wrong value into one row or all rows of some columns, whatever the table's constraints say."""
    with closing(sqlite3.connect(path)) as connection:
        loosen(connection)
    with closing(sqlite3.connect(path)) as connection:
        tables = tables_of(connection)
        for _ in range(dice.choice([1, 1, 2, 5])):
            table = dice.choice(tables)
            column = dice.choice(columns_of(connection, table))
            rows = dice.choice(["", f' WHERE "{column}" IN (SELECT "{column}" FROM "{table}" LIMIT 1)'])
            with suppress(sqlite3.Error):  # a key may not take this one
                connection.execute(f'UPDATE "{table}" SET "{column}" = ?{rows}', (dice.choice(WRONG),))
        connection.commit()


def loosen(connection: sqlite3.Connection) -> None:
    """Take `NOT NULL` and triggers out of all tables; their indexes stay."""
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table'")
    connection.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    connection.commit()


def tables_of(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    return [name for (name,) in connection.execute(query).fetchall()]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]


def drop(path: Path, dice: random.Random) -> None:
    """Drop a column, or a table."""
    with closing(sqlite3.connect(path)) as connection:
        table = dice.choice([name for name in tables_of(connection) if not name.startswith("sqlite_")])
        column = dice.choice(columns_of(connection, table))
        try:
            connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
        except sqlite3.Error:  # a key cannot be dropped alone
            with suppress(sqlite3.Error):
                connection.execute(f'DROP TABLE "{table}"')
        connection.commit()


def change_json(path: Path, dice: random.Random) -> None:
    """Replace some values anywhere in a JSON file, whole lists and objects included."""
    document = json.loads(path.read_text())
    for _ in range(dice.choice([1, 1, 5, 20])):
        holder, key = dice.choice(list(json_places(document)))
        holder[key] = dice.choice([None, -1, 1e300, "text", [], {}, "", float("nan"), True, [[0, 0]], "\ud800"])
    path.write_text(json.dumps(document))


def json_places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every list or object below `node` with each of its indices or keys."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], dict | list):
            yield from json_places(node[key])


BYTES: tuple[Damage, ...] = (overwrite, overwrite_start, truncate, zero_block, swap_blocks)
DATABASE: tuple[Damage, ...] = (*BYTES, overwrite, change_header, change_rows, change_rows, change_rows, drop)


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, its whole files (the first is the one to open), damages and share of the cases."""

    name: str
    originals: tuple[str, ...]
    damages: tuple[Damage, ...]
    share: int
    is_project: bool = False


KINDS = (
    Kind("project", ("project.landseg",), DATABASE, 43, is_project=True),
    Kind("project left open, with its `-wal`", ("open.landseg", "open.landseg-wal"), DATABASE, 12, is_project=True),
    Kind(
        "project with a stale `-wal`",
        ("project.landseg", "open.landseg-wal"),
        (leave, leave, *DATABASE),
        5,
        is_project=True,
    ),
    Kind("index PNG", ("index.png",), BYTES, 5),
    Kind("palette PNG", ("palette.png",), BYTES, 5),
    Kind("GeoTIFF", ("mask.tif",), BYTES, 8),
    Kind("GeoPackage", ("a.gpkg",), DATABASE, 8),
    Kind("GeoJSON", ("a.geojson",), (*BYTES, change_json, change_json), 6),
    Kind("Shapefile", ("a.shp", "a.dbf", "a.shx", "a.prj"), BYTES, 8),
)


@dataclass(frozen=True)
class Case:
    """One damaged file; everything about it follows from the seed and its number."""

    number: int
    kind: Kind
    damage: Damage
    dice: random.Random


def case(seed: int, number: int) -> Case:
    dice = random.Random(f"{seed}/{number}")
    kind = dice.choices(KINDS, [kind.share for kind in KINDS])[0]
    return Case(number, kind, dice.choice(kind.damages), dice)
