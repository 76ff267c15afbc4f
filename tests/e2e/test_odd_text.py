"""Text in another encoding, names that are not UTF-8, and characters that act in a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from support.runs import LAND_AND_WATER, write_model

from landseg_core.cli.main import run
from landseg_core.events import JobControl
from landseg_core.formats.vector.polygon_file import PolygonFile
from landseg_core.labels.classes import load_classes
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.project.project import Project
from landseg_core.raster.files.gdal import open_dataset
from landseg_gui.session.files.opening import open_files

PLACE = {"crs": "EPSG:32632", "transform": Affine(1, 0, 400_000, 0, -1, 5_100_000)}
PALETTE = {0: (217, 212, 199, 255), 1: (213, 94, 0, 255)}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def landseg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return `landseg(*arguments)`, which runs a command and returns exit code, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        code = run()
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def mask(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of a mask with a palette, the names of its categories and an artist, as bytes."""

    def write(name: str, *, categories: bytes = b"", artist: bytes = b"", description: bytes = b"") -> Path:
        path = tmp_path / name
        size = {"width": 40, "height": 30, "count": 1, "dtype": "uint8"}
        with (
            rasterio.Env(GDAL_PAM_ENABLED="NO"),
            open_dataset(path, mode="w", driver="GTiff", **size, **PLACE) as dataset,
        ):
            dataset.write(np.eye(30, 40, dtype=np.uint8)[None])
            dataset.write_colormap(1, PALETTE)
            if artist:
                dataset.update_tags(TIFFTAG_ARTIST="X" * len(artist))
        if artist:
            path.write_bytes(path.read_bytes().replace(b"X" * len(artist), artist))
        if categories or description:
            names = b"<CategoryNames><Category>land</Category><Category>%s</Category></CategoryNames>" % categories
            told = b"<Description>%s</Description>%s" % (description, names if categories else b"")
            xml = b'<PAMDataset><PAMRasterBand band="1">' + told + b"</PAMRasterBand></PAMDataset>"
            path.with_name(f"{name}.aux.xml").write_bytes(xml)
        return path

    return write


@pytest.mark.parametrize(
    ("categories", "name"),
    [
        ("Wäld".encode(), "Wäld"),
        ("Wäld".encode("latin-1"), "Wäld"),
        ("€uro".encode("cp1252"), "€uro"),
        (b"W\x81ld", "W\ufffdld"),
        (b"a&#27;[31mb", "a[31mb"),
        (b"a\x01b", "ab"),
        (b"a &amp; b &lt;c&gt;", "a & b <c>"),
    ],
)
def test_names_of_categories(categories: bytes, name: str, mask) -> None:
    schema = mask_schema(mask("a.tif", categories=categories))
    assert schema is not None
    assert schema.names == ("land", name)


@pytest.mark.parametrize("artist", ["Müller Vermessung".encode("latin-1"), b"M\x01ller", b"\xff\xfe<&>"])
def test_a_tag_that_is_not_needed(artist: bytes, mask, landseg: Command, tmp_path: Path) -> None:
    path = mask("a.tif", artist=artist)
    with Project.create(tmp_path / "p.landseg", LAND_AND_WATER) as project:
        project.add_image(path)
    assert mask_schema(path) is None
    assert landseg("info", path)[0] == 0
    imported = "project", "import", tmp_path / "p.landseg", "--image", "a", path, "--map", "0=land", "--map", "1=water"
    assert landseg(*imported)[0] == 0
    assert not open_files([path], None, JobControl()).problems


def test_the_description_of_a_band(mask, landseg: Command) -> None:
    code, out, err = landseg("info", mask("a.tif", description="Wäld".encode("latin-1")))
    assert (code, err) == (0, "")
    assert "W" in out


def shapefile(folder: Path, value: bytes, cpg: str | None, field: bytes = b"class") -> Path:
    path = folder / "a.shp"
    columns = [np.array(["X" * len(value)], object)]
    square = shapely.to_wkb(np.array([shapely.box(400_000, 5_099_980, 400_030, 5_100_000)]))
    pyogrio.raw.write(path, square, columns, ["class"], geometry_type="Polygon", crs="EPSG:32632", encoding="UTF-8")
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes().replace(b"X" * len(value), value).replace(b"class", field))
    data[29] = 0  # the table's own word for its encoding
    table.write_bytes(data)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize(
    ("value", "cpg", "text"),
    [
        ("Wäld".encode(), "UTF-8", "Wäld"),
        ("Wäld".encode("cp1252"), "UTF-8", "Wäld"),
        ("Wäld".encode("cp1252"), "1252", "Wäld"),
        ("Włd".encode("cp1250"), "1250", "Włd"),
        ("Wäld".encode("cp1252"), None, "Wäld"),
        ("€uro".encode("cp1252"), None, "€uro"),
        ("Wäld".encode(), None, "Wäld"),
        ("Wäld".encode("cp1252"), "nonsense", "Wäld"),
    ],
)
def test_a_table_of_a_shapefile(value: bytes, cpg: str | None, text: str, tmp_path: Path) -> None:
    polygons = PolygonFile(shapefile(tmp_path, value, cpg)).read()
    assert polygons.texts("class") == [text]


def test_the_name_of_a_field(tmp_path: Path) -> None:
    assert "cläss" in PolygonFile(shapefile(tmp_path, b"land", "UTF-8", "cläss".encode("cp1252"))).read().fields


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_geojson(encoding: str, tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    feature = {"type": "Feature", "properties": {"class": "Wäld"}, "geometry": square}
    record = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "a.geojson").write_text(json.dumps(record, ensure_ascii=False), encoding=encoding)
    assert PolygonFile(tmp_path / "a.geojson").read().texts("class") == ["Wäld"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_class_file(encoding: str, tmp_path: Path) -> None:
    text = '{"classes": [{"value": 0, "name": "Wäld", "colour": "#d9d4c7"}]}'
    (tmp_path / "a.json").write_text(text, encoding=encoding)
    assert load_classes(tmp_path / "a.json").names == ("Wäld",)


@pytest.fixture
def strange(tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of names that are not UTF-8."""

    def name(suffix: str) -> Path:
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/W\xe4ld" + suffix.encode()))
        try:
            path.touch()
        except OSError:
            pytest.skip("this file system knows no such names")
        return path

    return name


@pytest.mark.parametrize(
    "command",
    [
        "info X.tif",
        "info X.safetensors",
        "predict {}/run X.tif --out {}/maps",
        "predict X.safetensors {}/a.tif --out {}/maps",
        "project add-image {}/p.landseg X.tif",
        "project import {}/p.landseg --image a X.tif",
        "project import {}/p.landseg --image a X.geojson",
        "project new {}/q.landseg --classes X.json",
        "project info X.landseg",
        "project export {}/p.landseg --image a --format tif --out X.tif",
        "project export {}/p.landseg --image a --format gpkg --out X.gpkg",
        "project export {}/p.landseg --image a --format png --out X.png",
        "train --images X --masks {} --classes landcover-ai --out {}/r",
        "runs X",
    ],
)
def test_a_name_that_is_not_utf8(command: str, strange, mask, landseg: Command, tmp_path: Path) -> None:
    suffix = next(word for word in command.split() if word.startswith("X"))[1:]
    path = strange(suffix)
    (tmp_path / "run").mkdir()
    write_model(tmp_path / "run")
    with Project.create(tmp_path / "p.landseg", LAND_AND_WATER) as project:
        project.add_image(mask("a.tif"))
    words = [str(path) if word.startswith("X") else word.format(tmp_path) for word in command.split()]
    code, out, err = landseg(*words)
    assert code == 1, out
    assert err.startswith("landseg: ")
    assert err.count("\n") == 1
    assert "W\ufffdld" in err or "X" not in command
    out.encode()


def test_it_is_refused_by_the_window_as_well(strange) -> None:
    (problem,) = open_files([strange(".tif")], None, JobControl()).problems
    assert "W\ufffdld.tif has a name that is not UTF-8" in problem


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "back\x08space", "\u202egnitrever", "\x9b31m"])
def test_nothing_acts_in_the_terminal(name: str, landseg: Command, mask, tmp_path: Path) -> None:
    path = mask(f"{name}.tif", categories=b"a&#27;[2J")
    missing = tmp_path / f"{name}.none"
    with Project.create(tmp_path / "p.landseg", LAND_AND_WATER) as project:
        project.add_image(path)
    for command in (
        ["info", path],
        ["info", missing],
        ["project", "info", tmp_path / "p.landseg"],
        ["project", "import", tmp_path / "p.landseg", "--image", path.stem, path],
        ["project", "import", tmp_path / "p.landseg", "--image", path.stem, path, "--map", "0=land", "--map", "1=land"],
        ["runs", missing],
    ):
        _, out, err = landseg(*command)
        assert not set("\x1b\x08\x9b\u202e") & set(out + err)
        assert err.count("\n") <= 1
