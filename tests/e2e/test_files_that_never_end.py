"""Pipes, devices and SQL that never ends are refused at once, wherever a file is expected."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from support.runs import LAND_AND_WATER, write_model, write_run

from landseg_core.cli.main import run
from landseg_core.project.project import Project
from landseg_core.raster.files import sql_views
from landseg_core.raster.files.gdal import open_dataset

ENDLESS = (
    'CREATE VIEW "{}" AS WITH c(fid, geom) AS (SELECT 1, NULL UNION ALL SELECT fid + 1, NULL FROM c) SELECT {} FROM c'
)

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Return `refused(*arguments)`, which runs a command that ends with one sentence and exit code 1, the sentence."""

    def check(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        code = run()
        sentence = capsys.readouterr().err
        assert code == 1
        assert sentence.startswith("landseg: ")
        assert sentence.count("\n") == 1
        return sentence

    return check


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    size = {"width": 40, "height": 30, "count": 1, "dtype": "uint8", "transform": Affine(1, 0, 0, 0, -1, 0)}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        open_dataset(tmp_path / "picture.tif", mode="w", driver="GTiff", crs="EPSG:32632", **size).close()
    return tmp_path / "picture.tif"


@pytest.fixture
def project(tmp_path: Path, picture: Path) -> Path:
    with Project.create(tmp_path / "p.landseg", LAND_AND_WATER) as project:
        project.add_image(picture)
        return project.path


@pytest.fixture(params=["pipe", "device"])
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of a pipe, or of a link to a device, of a name."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has neither")

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if request.param == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        return path

    return make


@pytest.mark.parametrize(
    "command",
    [
        "info {}/a.tif",
        "info {}/a.safetensors",
        "predict {}/a.safetensors {}/picture.tif --out {}/maps",
        "predict {}/run {}/a.tif --out {}/maps",
        "project new {}/q.landseg --classes {}/a.json",
        "project info {}/a.landseg",
        "project check {}/a.landseg",
        "project add-image {}/p.landseg {}/a.tif",
        "project import {}/p.landseg --image picture {}/a.tif",
        "project import {}/p.landseg --image picture {}/a.geojson",
        "project import {}/p.landseg --image picture {}/a.shp",
        "export onnx {}/a.safetensors --out {}/a.onnx",
        "evaluate {}/a.safetensors --images {} --masks {}",
        "train --images {} --masks {} --classes {}/a.json --out {}/r",
        "train --images {} --masks {} --classes landcover-ai --train-list {}/a.txt --val-list {}/a.txt --out {}/r",
    ],
)
def test_a_special_file_is_refused(command: str, special, refused: Refused, project: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_model(tmp_path / "run")
    name = next(word for word in command.replace("{}/", "").split() if word.startswith("a."))
    special(name)
    assert "and not a file" in refused(*command.format(*[tmp_path] * 9).split())


@pytest.mark.parametrize(
    "name", ["picture.tif.ovr", "picture.tif.msk", "picture.tif.aux.xml", "picture.tfw", "part.tif"]
)
def test_beside_a_raster_too(name: str, special, refused: Refused, picture: Path, tmp_path: Path) -> None:
    special(name)
    if name == "part.tif":
        picture = tmp_path / "a.vrt"
        source = "<SimpleSource><SourceFilename relativeToVRT='1'>part.tif</SourceFilename></SimpleSource>"
        picture.write_text(
            f"<VRTDataset rasterXSize='9' rasterYSize='9'><VRTRasterBand band='1'>{source}</VRTRasterBand></VRTDataset>"
        )
    assert "and not a file" in refused("info", picture)


def test_beside_a_shapefile_too(special, refused: Refused, project: Path, tmp_path: Path) -> None:
    columns = [np.array(["land"], object)]
    pyogrio.raw.write(tmp_path / "a.shp", polygons(), columns, ["class"], geometry_type="Polygon", crs="EPSG:32632")
    (tmp_path / "a.dbf").unlink()
    special("a.dbf")
    assert "a.dbf is a" in refused("project", "import", project, "--image", "picture", tmp_path / "a.shp")


@pytest.mark.parametrize(
    "name", ["config.json", "environment.json", "evaluation.json", "metrics.jsonl", "model.safetensors"]
)
def test_in_a_run_too(name: str, special, refused: Refused, tmp_path: Path, monkeypatch, capsys) -> None:
    write_run(tmp_path / "runs" / "a")
    (tmp_path / "runs" / "a" / name).unlink(missing_ok=True)
    special(f"runs/a/{name}")
    monkeypatch.setattr(sys, "argv", ["landseg", "runs", str(tmp_path / "runs")])
    assert run() in (0, 1)  # what is no plain file does not belong to a run, or damages it
    assert "Traceback" not in capsys.readouterr().err


def polygons() -> np.ndarray:
    return shapely.to_wkb(np.array([shapely.box(0, -9, 9, 0)]))


@pytest.fixture
def geopackage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sql_views, "MOST_SECONDS", 0.2)
    path = tmp_path / "a.gpkg"
    columns = [np.array(["land"], object)]
    pyogrio.raw.write(path, polygons(), columns, ["class"], driver="GPKG", geometry_type="Polygon", crs="EPSG:32632")
    return path


@pytest.mark.parametrize(
    "view",
    [ENDLESS.format("v", "*"), "CREATE VIEW v AS SELECT x.* FROM a x" + ", n" * 12],
    ids=["recursive", "product"],
)
def test_an_endless_view_of_polygons(view: str, refused: Refused, project: Path, geopackage: Path) -> None:
    with sqlite3.connect(geopackage) as connection:
        connection.execute("CREATE TABLE n AS SELECT 1 FROM sqlite_master a, sqlite_master b")
        connection.execute(view)
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'features', 'v')"
        )
    connection.close()
    assert "view v" in refused("project", "import", project, "--image", "picture", geopackage)
    assert "view v" in refused("info", geopackage) if "WITH" in view else True


def test_a_view_that_ends_is_read(project: Path, geopackage: Path, monkeypatch, capsys) -> None:
    with sqlite3.connect(geopackage) as connection:
        connection.execute("CREATE VIEW v AS SELECT class FROM a")
    connection.close()
    arguments = ["project", "import", project, "--image", "picture", geopackage, "--map", "land=land"]
    monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
    assert run() == 0, capsys.readouterr().err


@pytest.mark.parametrize("table", ["images", "steps", "settings"])
def test_a_project_of_views_is_refused(table: str, refused: Refused, project: Path) -> None:
    with sqlite3.connect(project) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        names = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
        connection.execute(f"DROP TABLE {table}")
        columns = ", ".join(f"1 AS {name}" for name in names.split(", "))
        connection.execute(ENDLESS.format(table, columns))
    connection.close()
    for command in ("info", "check"):
        assert "views or triggers" in refused("project", command, project)


def test_a_trigger_is_refused(refused: Refused, project: Path, picture: Path) -> None:
    with sqlite3.connect(project) as connection:
        connection.execute("CREATE TRIGGER t AFTER UPDATE ON images BEGIN DELETE FROM tiles; END")
    connection.close()
    assert "views or triggers" in refused("project", "add-image", project, picture)
