from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize
from support.label_files import labels_of, write_vector

from landseg_core.errors import InterchangeError, JobStopped
from landseg_core.events import JobControl
from landseg_core.formats.import_vector import import_polygons, known_texts
from landseg_core.labels.classes import ClassSchema

WIDTH, HEIGHT = 80, 60
LEFT, TOP = 399_000, 5_131_000
UTM: dict[str, Any] = {"transform": Affine(0.5, 0, LEFT, 0, -0.5, TOP), "crs": CRS.from_epsg(32632)}
SUFFIXES = [".gpkg", ".geojson", ".shp", ".fgb"]


def box(left: float, top: float, right: float, bottom: float) -> Any:
    """Return a rectangle given in px of the image, in UTM."""
    return shapely.box(LEFT + left / 2, TOP - bottom / 2, LEFT + right / 2, TOP - top / 2)


def reprojected(shape: Any, crs: str) -> Any:
    transformer = pyproj.Transformer.from_crs("EPSG:32632", crs, always_xy=True)
    return shapely.transform(shape, lambda points: np.stack(transformer.transform(*points.T), axis=1))


def boxes(*placed: tuple[int, tuple[int, int, int, int]]) -> np.ndarray:
    """Return labels with a value in each rectangle (left, top, right, bottom)."""
    labels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for value, (left, top, right, bottom) in placed:
        labels[top:bottom, left:right] = value
    return labels


@pytest.fixture
def utm(new_image):
    return new_image(WIDTH, HEIGHT, **UTM)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_polygons_of_each_kind_of_file(suffix: str, utm, tmp_path: Path) -> None:
    project, image = utm
    shapes = [box(5, 5, 30, 20), box(40, 10, 70, 50)]
    crs = "EPSG:4326" if suffix == ".geojson" else "EPSG:32632"
    path = write_vector(
        tmp_path / f"fields{suffix}", [reprojected(shape, crs) for shape in shapes], crs, kind_of=["water", "road"]
    )
    changed = import_polygons(project, image.id, path, "kind_of")
    wanted = boxes((4, (5, 5, 30, 20)), (0, (40, 10, 70, 50)))
    np.testing.assert_array_equal(labels_of(project, image), wanted)
    assert changed == (wanted != 255).sum()
    assert [step.name for step in project.history.steps] == [f"Import fields{suffix}"]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2056", "EPSG:3857"])
def test_polygons_are_reprojected(crs: str, utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(tmp_path / "a.gpkg", [reprojected(box(5, 5, 30, 20), crs)], crs, name=["land"])
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((1, (5, 5, 30, 20))))


def test_pixel_centres_decide(utm, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    shapes = []
    for _ in range(30):
        centre, radius = rng.uniform((0, 0), (WIDTH, HEIGHT)), rng.uniform(2, 15)
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        shapes.append(shapely.Polygon(points * (0.5, -0.5) + (LEFT, TOP)))
    values = rng.choice([1, 4, 0], len(shapes))
    project, image = utm
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", shapes, value=values), "value")
    centres = shapely.points(*np.meshgrid(LEFT + 0.25 + 0.5 * np.arange(WIDTH), TOP - 0.25 - 0.5 * np.arange(HEIGHT)))
    wanted = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for shape, value in zip(shapes, values, strict=True):
        wanted[shapely.contains(shape, centres)] = value
    np.testing.assert_array_equal(labels_of(project, image), wanted)


def test_later_polygons_win_and_the_rest_stays(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT, np.full((HEIGHT, WIDTH), 0, np.uint8), **UTM)
    shapes = [box(5, 5, 40, 40), box(20, 20, 60, 50)]
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", shapes, name=["land", "water"]))
    wanted = boxes((1, (5, 5, 40, 40)), (4, (20, 20, 60, 50)))
    np.testing.assert_array_equal(labels_of(project, image), np.where(wanted == 255, 0, wanted))


def test_a_polygon_over_many_tiles_with_many_points(new_image, tmp_path: Path) -> None:
    """It is split inside, and nothing of that shows."""
    angles = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    radius = 600 + 40 * np.sin(60 * angles)
    ring = np.stack([650 + radius * np.cos(angles), 640 + radius * np.sin(angles)], axis=1)
    star = shapely.Polygon(ring, [ring * 0.5 + (300, 310)])
    project, image = new_image(1300, 1280, **UTM)
    on_ground = shapely.transform(star, lambda points: points * (0.5, -0.5) + (LEFT, TOP))
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [on_ground], name=["water"]))
    wanted = rasterize([(star, 4)], out_shape=(1280, 1300), fill=255, dtype=np.uint8)
    np.testing.assert_array_equal(labels_of(project, image), wanted)


def test_a_polygon_of_200000_corners_is_imported(new_image, tmp_path: Path) -> None:
    """Its spikes are so close together that a check of its validity would take longer than a test may run."""
    angles = np.linspace(0, 2 * np.pi, 200_000, endpoint=False)
    radius = 500 + 50 * (np.arange(len(angles)) % 2)
    ring = np.stack([LEFT + 300 + radius / 2 * np.cos(angles), TOP - 300 + radius / 2 * np.sin(angles)], axis=1)
    path = write_vector(
        tmp_path / "a.gpkg", [reprojected(shapely.Polygon(ring), "EPSG:4326")], "EPSG:4326", name=["water"]
    )
    project, image = new_image(1200, 1200, **UTM)
    import_polygons(project, image.id, path)
    labels = labels_of(project, image)
    assert (labels[600, 600], labels[600, 1090], labels[600, 1160]) == (4, 4, 255)


def test_parts_of_a_feature_may_overlap(utm, tmp_path: Path) -> None:
    project, image = utm
    shape = shapely.MultiPolygon([box(5, 5, 30, 30), box(20, 20, 40, 40)])
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [shape], name=["water"]))
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 30)), (4, (20, 20, 40, 40))))


@pytest.mark.parametrize("number", [np.inf, -1e308])
def test_coordinates_that_are_no_numbers_are_refused(number: float, utm, tmp_path: Path) -> None:
    project, image = utm
    odd = shapely.transform(box(5, 5, 30, 20), lambda points: np.where(points == points[0], number, points))
    with pytest.raises(InterchangeError, match="not finite numbers"):
        import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [odd], name=["water"]))
    assert not project.history.steps


def test_a_rotated_image(new_image, tmp_path: Path) -> None:
    transform = Affine.translation(LEFT, TOP) @ Affine.rotation(40) @ Affine.scale(0.5, -0.5)
    project, image = new_image(WIDTH, HEIGHT, transform=transform, crs=UTM["crs"])
    corners = [transform @ corner for corner in ((10, 5), (50, 5), (50, 30), (10, 30))]
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [shapely.Polygon(corners)], name=["road"]))
    np.testing.assert_array_equal(labels_of(project, image), boxes((0, (10, 5, 50, 30))))


@pytest.mark.parametrize("sign", [1, -1], ids=["downwards", "as QGIS shows it"])
def test_pixel_coordinates_on_an_image_without_georeference(sign: int, new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    ring = [(10, 5 * sign), (50, 5 * sign), (50, 30 * sign), (10, 30 * sign)]
    path = write_vector(tmp_path / "a.gpkg", [shapely.Polygon(ring)], None, name=["road"])
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((0, (10, 5, 50, 30))))


def test_a_file_without_a_crs_has_that_of_the_image(utm, tmp_path: Path) -> None:
    project, image = utm
    import_polygons(project, image.id, write_vector(tmp_path / "a.shp", [box(5, 5, 30, 20)], None, name=["land"]))
    np.testing.assert_array_equal(labels_of(project, image), boxes((1, (5, 5, 30, 20))))


def test_an_image_with_a_transform_but_no_crs(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT, transform=UTM["transform"])
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [box(5, 5, 30, 20)], name=["land"]))
    np.testing.assert_array_equal(labels_of(project, image), boxes((1, (5, 5, 30, 20))))


def test_a_polygon_around_the_world_covers_the_image(utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(tmp_path / "a.gpkg", [shapely.box(-180, -90, 180, 90)], "EPSG:4326", name=["land"])
    import_polygons(project, image.id, path)
    assert (labels_of(project, image) == 1).all()


def test_multipolygons_holes_and_height(utm, tmp_path: Path) -> None:
    project, image = utm
    ring = shapely.difference(box(5, 5, 30, 30), box(10, 10, 20, 20))
    shape = shapely.force_3d(shapely.MultiPolygon([ring, box(40, 40, 50, 50)]), 12.5)
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [shape], name=["water"]))
    wanted = boxes((4, (5, 5, 30, 30)), (255, (10, 10, 20, 20)), (4, (40, 40, 50, 50)))
    np.testing.assert_array_equal(labels_of(project, image), wanted)


def test_an_invalid_polygon_is_mended(utm, tmp_path: Path) -> None:
    """A bow tie: both of its halves count."""
    project, image = utm
    bow = shapely.Polygon([(LEFT + x / 2, TOP - y / 2) for x, y in ((10, 10), (50, 50), (50, 10), (10, 50))])
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [bow], name=["water"]))
    labels = labels_of(project, image)
    assert (labels[30, 12], labels[30, 48], labels[12, 30]) == (4, 4, 255)


def test_a_geojson_with_heights(utm, tmp_path: Path) -> None:
    """GDAL reads it in a CRS of three dimensions."""
    project, image = utm
    shape = shapely.force_3d(reprojected(box(5, 5, 30, 20), "EPSG:4326"), 600.0)
    feature = {"type": "Feature", "properties": {"name": "water"}, "geometry": json.loads(shapely.to_geojson(shape))}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 20))))


def test_features_without_a_shape_are_left_out(utm, tmp_path: Path) -> None:
    project, image = utm
    feature = {"type": "Feature", "properties": {"name": "water"}}
    shape = json.loads(shapely.to_geojson(reprojected(box(5, 5, 30, 20), "EPSG:4326")))
    features = [feature | {"geometry": None}, feature | {"geometry": shape}]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 20))))


# --- which class


def test_values_of_classes_and_of_a_mapping(utm, tmp_path: Path) -> None:
    project, image = utm
    shapes = [box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 30, 10), box(30, 0, 40, 10)]
    path = write_vector(tmp_path / "a.gpkg", shapes, code=[4, 0, 311, 312])
    import_polygons(project, image.id, path, "code", {"311": "land", "312": ""})
    wanted = boxes((4, (0, 0, 10, 10)), (0, (10, 0, 20, 10)), (1, (20, 0, 30, 10)))
    np.testing.assert_array_equal(labels_of(project, image), wanted)


def test_a_fraction_that_is_whole_is_a_value(utm, tmp_path: Path) -> None:
    project, image = utm
    import_polygons(project, image.id, write_vector(tmp_path / "a.gpkg", [box(5, 5, 30, 20)], code=[4.0]), "code")
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 20))))


def test_the_field_with_class_names_is_found(utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(
        tmp_path / "a.gpkg", [box(5, 5, 30, 20)], number=[1], owner=["somebody"], cover=["water"], note=["see map"]
    )
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 20))))


def test_all_polygons_into_one_class(utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(tmp_path / "a.gpkg", [box(5, 5, 30, 20)], owner=["somebody"])
    import_polygons(project, image.id, path, mapping={"": "road"})
    np.testing.assert_array_equal(labels_of(project, image), boxes((0, (5, 5, 30, 20))))


def test_all_polygons_left_out_change_nothing(utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(tmp_path / "a.gpkg", [box(5, 5, 30, 20)], cover=["lawn"])
    assert import_polygons(project, image.id, path, "cover", {"lawn": ""}) == 0
    assert not project.history.steps


def test_a_mapping_goes_before_a_name_and_a_name_before_a_value() -> None:
    classes = [{"value": 4, "name": "7", "colour": "#000000"}, {"value": 7, "name": "4", "colour": "#000001"}]
    schema = ClassSchema.model_validate({"classes": classes})
    assert known_texts(schema, {}) == {"7": 0, "4": 1}
    assert known_texts(schema, {"7": "4", "8": ""}) == {"7": 1, "4": 1, "8": 255}


REFUSED = {
    "no field with classes": (
        {"owner": ["a", "b"], "code": [1, 2]},
        None,
        r"its fields are owner, code; choose the field.*--attribute FIELD",
    ),
    "no such field": ({"owner": ["a", "b"]}, "cover", r"has no field cover; its fields are owner"),
    "no fields": ({}, None, "has no fields"),
    "unknown value": (
        {"cover": ["water", "wetland"]},
        None,
        r"holds 'wetland' in one polygon, which no class has; .*--map 'wetland=CLASSNAME'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_polygons_without_a_class_are_refused(name: str, utm, tmp_path: Path) -> None:
    fields, attribute, message = REFUSED[name]
    project, image = utm
    path = write_vector(tmp_path / "a.fgb", [box(5, 5, 30, 20), box(40, 5, 50, 20)], **fields)
    with pytest.raises(InterchangeError, match=message):
        import_polygons(project, image.id, path, attribute)
    assert not project.history.steps
    assert (labels_of(project, image) == 255).all()


# --- what is no file of polygons for this image


@pytest.mark.parametrize("shape", [shapely.Point(LEFT, TOP), shapely.LineString([(LEFT, TOP), (LEFT + 9, TOP - 9)])])
@pytest.mark.parametrize("kind", ["exact", "Unknown"])
def test_points_and_lines_are_refused(kind: str, shape: Any, utm, tmp_path: Path) -> None:
    project, image = utm
    kind = shape.geom_type if kind == "exact" else kind
    path = write_vector(tmp_path / "a.gpkg", [shape], kind=kind, name=["water"])
    with pytest.raises(InterchangeError, match=f"holds {shape.geom_type} instead of polygons"):
        import_polygons(project, image.id, path)


def test_several_layers_of_polygons_are_refused(utm, tmp_path: Path) -> None:
    project, image = utm
    for layer in ("fields", "woods"):
        write_vector(tmp_path / "a.gpkg", [box(5, 5, 30, 20)], layer=layer, append=layer == "woods", name=["water"])
    with pytest.raises(InterchangeError, match="in the layers fields, woods"):
        import_polygons(project, image.id, tmp_path / "a.gpkg")


def test_the_one_layer_with_polygons_is_read(utm, tmp_path: Path) -> None:
    project, image = utm
    path = tmp_path / "a.gpkg"
    write_vector(path, [shapely.Point(LEFT, TOP)], layer="trees", kind="Point", name=["oak"])
    write_vector(path, [box(5, 5, 30, 20)], layer="lakes", kind="Polygon", append=True, name=["water"])
    import_polygons(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), boxes((4, (5, 5, 30, 20))))


def test_polygons_beside_the_image_are_refused(utm, tmp_path: Path) -> None:
    project, image = utm
    path = write_vector(tmp_path / "a.gpkg", [box(5000, 5, 5030, 20)], name=["water"])
    with pytest.raises(InterchangeError, match="no polygon of"):
        import_polygons(project, image.id, path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_polygons_that_pass_the_image_by_are_refused(suffix: str, utm, tmp_path: Path) -> None:
    """The image lies in the box around the polygon, but not in the polygon."""
    project, image = utm
    corners = [(LEFT + x / 2, TOP - y / 2) for x, y in ((-500, -500), (400, -500), (-500, 400))]
    triangle = reprojected(shapely.Polygon(corners), "EPSG:4326")
    path = write_vector(tmp_path / f"a{suffix}", [triangle], "EPSG:4326", name=["water"])
    with pytest.raises(InterchangeError, match="no polygon of"):
        import_polygons(project, image.id, path)


@pytest.mark.parametrize("name", ["missing.gpkg", "folder.gpkg"])
def test_what_is_no_file(name: str, utm, tmp_path: Path) -> None:
    (tmp_path / "folder.gpkg").mkdir()
    project, image = utm
    with pytest.raises(InterchangeError, match=name):
        import_polygons(project, image.id, tmp_path / name)


def test_a_stop_changes_nothing(new_image, tmp_path: Path) -> None:
    project, image = new_image(1100, 700, **UTM)
    path = write_vector(tmp_path / "a.gpkg", [box(5, 5, 1000, 600)], name=["water"])
    control = JobControl()
    with pytest.raises(JobStopped):
        import_polygons(project, image.id, path, on_event=lambda _event: control.stop(), control=control)
    assert not project.history.steps
