"""`landseg project` with an image that was exported anew, elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from support.rasters import write_raster

from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.files.gdal import open_dataset

HERE, THERE = (Affine(0.25, 0, x, 0, -0.25, 5_131_000) for x in (399_000, 399_200))
CRS_32632 = CRS.from_epsg(32632)
SIZE = (60, 50)

Landseg = Callable[..., tuple[str, str]]
Export = Callable[..., Path]


@pytest.fixture
def picture(tmp_path: Path) -> Export:
    """Return a writer of the orthophoto, in one place or another."""

    def write(transform: Affine, size: tuple[int, int] = SIZE, name: str = "field.tif") -> Path:
        pixels = np.full(size[::-1], 7, np.uint8)
        return write_raster(tmp_path / name, pixels, transform=transform, crs=CRS_32632)

    return write


@pytest.fixture
def project(landseg: Landseg, picture: Export, schema: ClassSchema, tmp_path: Path) -> Path:
    """Return a project with a labelled image that lies 200 m further east by now."""
    file = tmp_path / "land.landseg"
    (tmp_path / "classes.json").write_text(schema.to_json())
    labels = np.full(SIZE[::-1], 4, np.uint8)
    labels[:10] = 255
    mask = write_raster(tmp_path / "mask.tif", labels, transform=HERE, crs=CRS_32632, nodata=255)
    landseg("project", "new", file, "--classes", tmp_path / "classes.json")
    landseg("project", "add-image", file, picture(HERE))
    landseg("project", "import", file, "--image", "field", mask)
    picture(THERE)
    return file


def place_of(path: Path) -> Affine:
    with open_dataset(path) as dataset:
        return dataset.transform


def test_check_says_it_and_export_refuses(landseg: Landseg, project: Path, tmp_path: Path) -> None:
    _, told = landseg("project", "check", project, expect=1)
    assert "field.tif has its upper left corner at 399200, 5131000 now, but had it at 399000, 5131000" in told
    out = tmp_path / "labels.tif"
    how = ("project", "export", project, "--image", "field", "--format", "tif", "--out", out)
    _, refused = landseg(*how, expect=1)
    assert len(refused.splitlines()) == 1
    assert all(word in refused for word in ("--keep-grid", "--move-labels", "relink"))
    assert not out.exists()
    landseg(*how, "--keep-grid")
    assert place_of(out) == HERE
    landseg(*how, "--move-labels", "--overwrite")
    assert place_of(out) == THERE
    landseg(*how, "--move-labels", "--keep-grid", expect=2)


@pytest.mark.parametrize(("way", "place"), [("--keep-grid", HERE), ("--move-labels", THERE)])
def test_a_decision_settles_it(landseg: Landseg, project: Path, tmp_path: Path, way: str, place: Affine) -> None:
    landseg("project", "regrid", project, "--image", "field", way)
    assert landseg("project", "check", project)[0] == f"{project}: fine\n"
    landseg("project", "export", project, "--image", "field", "--format", "tif", "--out", tmp_path / "labels.tif")
    assert place_of(tmp_path / "labels.tif") == place


def test_regrid_wants_one_way(landseg: Landseg, project: Path) -> None:
    for ways in ((), ("--keep-grid", "--move-labels"), ("--keep-grid", "--by", "ground")):
        landseg("project", "regrid", project, "--image", "field", *ways, expect=2)


def test_labels_of_a_smaller_image_are_dropped_only_when_asked(
    landseg: Landseg, project: Path, picture: Export, tmp_path: Path
) -> None:
    picture(HERE @ Affine.translation(10, 20), (30, 20))
    move = ("project", "regrid", project, "--image", "field", "--move-labels")
    before = landseg("project", "info", project)
    _, refused = landseg(*move, expect=1)
    assert "1800 labelled px would lie outside" in refused
    assert landseg("project", "info", project) == before
    told, _ = landseg(*move, "--drop-outside")
    assert "10 px left and 20 px up; 1800 labelled px lay outside and are gone" in told
    assert (tmp_path / "land.landseg.before-move.bak").read_bytes()[:6] == b"SQLite"
    assert landseg("project", "check", project)[0] == f"{project}: fine\n"


def test_an_image_is_relinked(landseg: Landseg, project: Path, picture: Export) -> None:
    there = picture(THERE, name="there.tif")
    link = ("project", "relink", project, "--image", "field")
    _, refused = landseg(*link, there, expect=1)
    assert "choose --keep-grid or --move-labels, or another file" in refused
    landseg(*link, picture(HERE, name="here.tif"))
    assert landseg("project", "check", project)[0] == f"{project}: fine\n"
    landseg("project", "relink", project, there, "--image", "here", "--move-labels")
    assert landseg("project", "check", project)[0] == f"{project}: fine\n"
