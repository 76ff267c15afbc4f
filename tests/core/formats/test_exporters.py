from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from support.label_files import patchy_labels

from landseg_core.errors import InterchangeError, JobStopped, OutputError, ProjectError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.formats.exporters import EXPORTERS, export_labels
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.raster.files.gdal import open_dataset

UTM: dict[str, Any] = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": CRS.from_epsg(32632)}
MERCATOR: dict[str, Any] = {"transform": Affine(0.3, 0, 890_000, 0, -0.3, 5_830_000), "crs": CRS.from_epsg(3857)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def features(path: Path) -> dict[str, Any]:
    """Return the columns of the one layer, and its shapes."""
    meta, _, wkb, columns = pyogrio.raw.read(path)
    return dict(zip(meta["fields"], columns, strict=True)) | {"shapes": shapely.from_wkb(wkb), "crs": meta["crs"]}


def test_the_png_has_values_palette_and_georeference(new_image, schema, out: Path) -> None:
    labels = patchy_labels(90, 70)
    project, image = new_image(90, 70, labels, **UTM)
    export_labels(project, image.id, "png", out / "labels.png")
    with open_dataset(out / "labels.png") as dataset:
        np.testing.assert_array_equal(dataset.read(1), labels)
        assert dataset.colormap(1)[4] == (*schema.classes[1].rgb, 255)
        assert dataset.colormap(1)[255][3] == 0
        assert dataset.transform.almost_equals(UTM["transform"])
        assert dataset.crs == UTM["crs"]
    assert mask_schema(out / "labels.png") == schema
    assert {path.name for path in out.iterdir()} == {"labels.png", "labels.pgw", "labels.png.aux.xml"}
    assert cv2.imread(str(out / "labels.png")) is not None


def test_the_geotiff_has_values_nodata_colours_and_classes(new_image, schema, out: Path) -> None:
    labels = patchy_labels(90, 70)
    project, image = new_image(90, 70, labels, **UTM)
    export_labels(project, image.id, "tif", out / "labels.tif")
    with open_dataset(out / "labels.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), labels)
        assert (dataset.nodata, dataset.transform, dataset.crs) == (255, UTM["transform"], UTM["crs"])
        assert dataset.colormap(1)[4] == (*schema.classes[1].rgb, 255)
    assert mask_schema(out / "labels.tif") == schema


def test_the_geopackage_has_class_value_colour_and_true_area(new_image, schema, out: Path) -> None:
    labels = np.full((600, 700), 255, np.uint8)
    labels[100:200, 50:650] = 4
    project, image = new_image(700, 600, labels, **MERCATOR)
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    found = features(out / "labels.gpkg")
    assert pyogrio.list_layers(out / "labels.gpkg").tolist() == [["labels", "Polygon"]]
    assert [list(found[name]) for name in ("class", "value", "colour")] == [["water"], [4], ["#0072b2"]]
    assert found["area_m2"][0] == pytest.approx(600 * 100 * image.grid.ground_resolution() ** 2, rel=1e-3)
    assert found["area_m2"][0] < 0.6 * 600 * 100 * 0.3**2  # EPSG:3857 makes it look twice as large
    assert found["crs"] == "EPSG:3857"
    assert found["shapes"][0].equals(shapely.box(890_015, 5_829_940, 890_195, 5_829_970))


def test_holes_do_not_count_for_the_area(new_image, out: Path) -> None:
    labels = np.zeros((60, 60), np.uint8)
    labels[10:50, 10:50] = 255
    project, image = new_image(60, 60, labels, **UTM)
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    assert features(out / "labels.gpkg")["area_m2"][0] == pytest.approx((3600 - 1600) / 4, rel=2e-3)


def test_an_image_without_georeference_gives_pixel_coordinates_as_qgis_shows_them(new_image, out: Path) -> None:
    labels = np.full((30, 40), 255, np.uint8)
    labels[2:5, 10:20] = 1
    project, image = new_image(40, 30, labels)
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    found = features(out / "labels.gpkg")
    assert found["shapes"][0].bounds == (10, -5, 20, -2)
    assert np.isnan(found["area_m2"][0])
    assert "Undefined Cartesian SRS" in found["crs"]


def test_more_polygons_than_are_written_at_once(new_image, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from landseg_core.formats import geopackage

    monkeypatch.setattr(geopackage, "_BATCH", 150)
    labels = np.full((40, 40), 255, np.uint8)
    labels[::2, ::2] = 1
    project, image = new_image(40, 40, labels)
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    assert len(features(out / "labels.gpkg")["shapes"]) == 400


@pytest.mark.parametrize("form", EXPORTERS)
def test_nothing_is_replaced_unless_allowed(form: str, new_image, out: Path) -> None:
    project, image = new_image(40, 30, patchy_labels(40, 30))
    path = out / f"labels.{form}"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_labels(project, image.id, form, path)
    assert path.read_text() == "mine"
    export_labels(project, image.id, form, path, overwrite=True)
    assert path.stat().st_size > 100


@pytest.mark.parametrize("form", EXPORTERS)
def test_image_and_project_are_never_replaced(form: str, new_image, out: Path) -> None:
    project, image = new_image(40, 30)
    for path in (image.path, project.path):
        before = path.read_bytes()
        with pytest.raises(OutputError, match="is being read"):
            export_labels(project, image.id, form, path, overwrite=True)
        assert path.read_bytes() == before


@pytest.mark.parametrize("form", EXPORTERS)
def test_a_stop_leaves_nothing(form: str, new_image, out: Path) -> None:
    project, image = new_image(40, 1100, patchy_labels(40, 1100))
    control = JobControl()
    with pytest.raises(JobStopped):
        export_labels(project, image.id, form, out / "a", on_event=lambda _event: control.stop(), control=control)
    assert not list(out.iterdir())


@pytest.mark.parametrize("form", EXPORTERS)
def test_a_missing_folder_is_refused(form: str, new_image, out: Path) -> None:
    project, image = new_image(40, 30)
    with pytest.raises(OutputError, match="does not exist"):
        export_labels(project, image.id, form, out / "gone" / "a")


@pytest.mark.parametrize("form", EXPORTERS)
def test_progress_ends_with_the_whole_image(form: str, new_image, out: Path) -> None:
    events: list[Event] = []
    project, image = new_image(40, 1100, patchy_labels(40, 1100))
    export_labels(project, image.id, form, out / "a", on_event=events.append)
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


@pytest.mark.parametrize("form", EXPORTERS)
def test_painting_continues_while_a_consistent_state_is_written(form: str, new_image, out: Path) -> None:
    labels = np.full((1100, 40), 1, np.uint8)
    project, image = new_image(40, 1100, labels)

    def undo(_event: Event) -> None:
        if project.history.next_undo is not None:
            project.undo()

    export_labels(project, image.id, form, out / f"a.{form}", on_event=undo)
    assert not project.class_pixels(image.id)
    if form == "gpkg":
        assert features(out / "a.gpkg")["shapes"][0].area == 1100 * 40
    else:
        with open_dataset(out / f"a.{form}") as dataset:
            assert (dataset.read(1) == 1).all()


def test_leftovers_of_an_older_geopackage_go_with_it(new_image, out: Path) -> None:
    project, image = new_image(40, 30)
    (out / "a.gpkg").write_text("older")
    (out / "a.gpkg-wal").write_text("older")
    with pytest.raises(OutputError, match="exists already"):
        export_labels(project, image.id, "gpkg", out / "a.gpkg")
    export_labels(project, image.id, "gpkg", out / "a.gpkg", overwrite=True)
    assert [path.name for path in out.iterdir()] == ["a.gpkg"]


def test_an_unknown_form_or_image_is_refused(new_image, out: Path) -> None:
    project, image = new_image(40, 30)
    with pytest.raises(InterchangeError, match="choose one of png, tif, gpkg"):
        export_labels(project, image.id, "shp", out / "a")
    with pytest.raises(ProjectError, match="no image number 99"):
        export_labels(project, 99, "png", out / "a")


def test_labels_of_no_class_are_no_polygons(new_image, out: Path) -> None:
    project, image = new_image(40, 30, np.full((30, 40), 77, np.uint8))
    with pytest.raises(ProjectError, match="the value 77"):
        export_labels(project, image.id, "gpkg", out / "a.gpkg")
    assert not list(out.iterdir())


def test_areas_in_a_local_crs_are_those_of_the_plane(new_image, out: Path) -> None:
    crs = CRS.from_wkt('LOCAL_CS["site grid",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]')
    project, image = new_image(60, 40, np.zeros((40, 60), np.uint8), transform=Affine(0.5, 0, 0, 0, -0.5, 0), crs=crs)
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    assert features(out / "labels.gpkg")["area_m2"].tolist() == [60 * 40 / 4]


def test_polygons_of_an_image_with_a_crs_alone_lie_where_qgis_shows_it(new_image, out: Path) -> None:
    project, image = new_image(60, 40, np.zeros((40, 60), np.uint8), crs=CRS.from_epsg(32632))
    export_labels(project, image.id, "gpkg", out / "labels.gpkg")
    assert features(out / "labels.gpkg")["shapes"][0].bounds == (0, -40, 60, 0)


GCPS = [
    GroundControlPoint(row, column, 400_000 + column / 4, 5_100_000 - row / 4, 0)
    for row in (0, 40)
    for column in (0, 60)
]


def coordinates(points: Any) -> list[tuple[float, ...]]:
    return sorted((point.row, point.col, point.x, point.y) for point in points)


def placed_by_gcps(new_image) -> tuple[Any, Any]:
    """Return a project with an image that is georeferenced by ground control points only."""
    project, image = new_image(60, 40, np.zeros((40, 60), np.uint8))
    with open_dataset(image.path, mode="r+") as dataset:
        dataset.gcps = (GCPS, CRS.from_epsg(32632))
    return project, image


def test_control_points_go_into_the_geotiff_of_labels(new_image, out: Path) -> None:
    project, image = placed_by_gcps(new_image)
    export_labels(project, image.id, "tif", out / "labels.tif")
    with open_dataset(out / "labels.tif") as dataset:
        points, crs = dataset.gcps
    assert coordinates(points) == coordinates(GCPS)
    assert crs == CRS.from_epsg(32632)


@pytest.mark.parametrize("form", ["png", "gpkg"])
def test_a_form_that_cannot_carry_control_points_says_so(form: str, new_image, out: Path) -> None:
    project, image = placed_by_gcps(new_image)
    events: list[Event] = []
    export_labels(project, image.id, form, out / f"labels.{form}", on_event=events.append)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "pixel coordinates" in notice.message
    assert "4 ground control points" in notice.message


def test_labels_of_an_image_that_is_gone_say_that_its_control_points_are_missing(new_image, out: Path) -> None:
    project, image = placed_by_gcps(new_image)
    image.path.unlink()
    events: list[Event] = []
    export_labels(project, image.id, "tif", out / "labels.tif", on_event=events.append)
    messages = [event.message for event in events if isinstance(event, Notice)]
    assert any("written without them" in message for message in messages), messages
