"""A project from the command line, in real processes: made, labelled, looked at, checked and exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support.command_line import run_landseg


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def facts_of(file: Path) -> dict:
    return json.loads(run_landseg("project", "info", file, "--json").stdout)


def test_a_mask_goes_in_and_comes_out_as_polygons(landscape: Path, tmp_path: Path) -> None:
    file, mask = tmp_path / "land.landseg", landscape / "masks" / "landscape_1.tif"
    image = ("--image", "landscape_1")
    run_landseg("project", "new", file, "--classes", landscape / "classes.json")
    run_landseg("project", "add-image", file, landscape / "images" / "landscape_1.tif")
    run_landseg("project", "import", file, *image, mask)
    labels = read(mask)
    facts = facts_of(file)
    counts = {item["name"]: int((labels == item["value"]).sum()) for item in facts["classes"]}
    assert facts["images"][0]["classes"] == counts
    run_landseg("project", "export", file, *image, "--format", "gpkg", "--out", tmp_path / "labels.gpkg")
    done = run_landseg("project", "import", file, *image, tmp_path / "labels.gpkg")
    assert " 0 px of landscape_1 changed" in done.stdout  # they are the labels that are there
    run_landseg("project", "export", file, *image, "--format", "tif", "--out", tmp_path / "again.tif")
    np.testing.assert_array_equal(read(tmp_path / "again.tif"), labels)
    assert run_landseg("project", "check", file).stdout == f"{file}: fine\n"
    assert [path.name for path in tmp_path.glob("land*")] == ["land.landseg"]


@pytest.mark.imagery
def test_polygons_in_degrees_on_the_orthophoto(imagery: Path, tmp_path: Path) -> None:
    file, name = tmp_path / "brig.landseg", "swissimage_brig_8704x6656"
    corners = [[7.97, 46.315], [7.971, 46.315], [7.971, 46.316], [7.97, 46.316], [7.97, 46.315]]
    shape = {"type": "Polygon", "coordinates": [corners]}
    feature = {"type": "Feature", "properties": {"cover": "building"}, "geometry": shape}
    source = tmp_path / "fields.geojson"
    source.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    run_landseg("project", "new", file, "--classes", "landcover-dubai")
    run_landseg("project", "add-image", file, imagery / "ortho" / f"{name}.tif")
    run_landseg("project", "import", file, "--image", name, source)
    (image,) = facts_of(file)["images"]
    square_metres = image["classes"]["building"] * image["ground_resolution_m"] ** 2
    assert square_metres == pytest.approx(76.97 * 111.17, rel=0.01)  # a thousandth of a degree each, at 46.3 north
