"""Accepting a prediction, held against plain numpy on whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landseg_core.errors import JobStopped, ProjectError, RasterError
from landseg_core.events import Event, JobControl, Notice
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.labels.masks.classes import CLASSES_TAG
from landseg_core.labels.regions import PolygonRegion, Region
from landseg_core.project.acceptance import accept_prediction, values_by_name
from landseg_core.project.project import Project

WIDTH, HEIGHT = 700, 560  # two tiles by two
TRANSFORM = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
PROJECT_CLASSES = ClassSchema(
    classes=(
        LandClass(value=3, name="road", colour="#111111"),
        LandClass(value=7, name="water", colour="#222222"),
        LandClass(value=9, name="wood", colour="#333333"),
    )
)
MAP_CLASSES = ClassSchema(
    classes=(
        LandClass(value=0, name="wood", colour="#444444"),
        LandClass(value=1, name="road", colour="#555555"),
        LandClass(value=2, name="vineyard", colour="#666666"),
        LandClass(value=3, name="water", colour="#777777"),
    )
)
SAME_CLASS = {0: 9, 1: 3, 3: 7}
POLYGON = PolygonRegion([[(100.0, 80.0), (640.0, 200.0), (330.0, 540.0)]])
VIEW = PixelWindow(420, 400, 200, 150)
WriteMap = Callable[..., Path]


@pytest.fixture
def write_map(tmp_path: Path) -> WriteMap:
    """Return what writes (H, W) values as a map, with the classes above by default."""

    def write(name: str, values: np.ndarray, classes: ClassSchema | None = MAP_CLASSES, **options: object) -> Path:
        profile = {"driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1]}
        profile |= {"dtype": values.dtype, "crs": "EPSG:32632", "transform": TRANSFORM, "nodata": 255}
        with rasterio.open(tmp_path / name, "w", **(profile | options)) as dataset:
            dataset.write(values[np.newaxis])
            if classes:
                dataset.update_tags(**{CLASSES_TAG: classes.to_json()})
        return tmp_path / name

    return write


def write_image(path: Path, transform: Affine) -> Path:
    profile = {"driver": "GTiff", "count": 1, "height": HEIGHT, "width": WIDTH, "dtype": "uint8"}
    with rasterio.open(path, "w", crs="EPSG:32632", transform=transform, **profile) as dataset:
        dataset.write(np.full((1, HEIGHT, WIDTH), 90, np.uint8))
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "image.tif", TRANSFORM)


@pytest.fixture
def plain_image(tmp_path: Path) -> Path:
    """Return an image without a georeference."""
    path = tmp_path / "plain.png"
    rgb = np.full((3, HEIGHT, WIDTH), 90, np.uint8)
    with rasterio.open(path, "w", driver="PNG", count=3, height=HEIGHT, width=WIDTH, dtype="uint8") as dataset:
        dataset.write(rgb)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p.landseg", PROJECT_CLASSES) as project:
        yield project


def random_values(seed: int) -> np.ndarray:
    """Return (H, W) values in patches of 5 px: those of the map, one without a class (17), and 255."""
    choice = np.array([0, 1, 2, 3, 17, 255], np.uint8)
    patches = np.random.default_rng(seed).choice(choice, (HEIGHT // 5, WIDTH // 5))
    return patches.repeat(5, 0).repeat(5, 1)


def random_labels(seed: int) -> np.ndarray:
    patches = np.random.default_rng(seed).choice(np.array([3, 7, 255, 255], np.uint8), (HEIGHT // 7, WIDTH // 7))
    return patches.repeat(7, 0).repeat(7, 1)


def labels_of(project: Project, image_id: int) -> np.ndarray:
    return project.labels(image_id).read(PixelWindow(0, 0, WIDTH, HEIGHT))


def in_window(window: PixelWindow) -> np.ndarray:
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[window.slices()] = True
    return inside


def plainly(predicted: np.ndarray, labels: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return what the labels become where the prediction may be accepted."""
    result = labels.copy()
    for own, target in SAME_CLASS.items():
        result[where & (predicted == own)] = target
    return result


SCOPES: dict[str, tuple[Region | None, PixelWindow | None]] = {
    "everywhere": (None, None),
    "view": (None, VIEW),
    "polygon": (POLYGON, None),
    "both": (POLYGON, VIEW),
    "beyond the edge": (None, PixelWindow(-50, 500, 400, 400)),
}


def where_of(scope: str) -> np.ndarray:
    region, window = SCOPES[scope]
    where = np.ones((HEIGHT, WIDTH), bool)
    if region:
        where &= region.mask(PixelWindow(0, 0, WIDTH, HEIGHT))
    if window:
        where &= in_window(window.intersection(PixelWindow(0, 0, WIDTH, HEIGHT)) or window)
    return where


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**16),
    scope=st.sampled_from(sorted(SCOPES)),
    only_unlabelled=st.booleans(),
    locked=st.sets(st.sampled_from([3, 7, 9])),
    above=st.sampled_from([None, 0.0, 0.07, 0.5, 1.0]),
)
def test_what_is_accepted_is_what_numpy_says(
    project: Project,
    write_map: WriteMap,
    image: Path,
    seed: int,
    scope: str,
    only_unlabelled: bool,
    locked: set[int],
    above: float | None,
) -> None:
    image_id = project.images[0].id if project.images else project.add_image(image).id
    predicted, labels = random_values(seed), random_labels(seed + 1)
    project.edit_tiles(image_id, "draw", lambda _key, window, _present: labels[window.slices()])
    percent = np.random.default_rng(seed).integers(0, 101, (HEIGHT, WIDTH)).astype(np.uint8)
    percent[: HEIGHT // 3] = 255
    region, window = SCOPES[scope]
    count = accept_prediction(
        project,
        image_id,
        write_map("map.tif", predicted),
        region=region,
        window=window,
        only_unlabelled=only_unlabelled,
        locked=locked,
        confidence=None if above is None else write_map("confidence.tif", percent, None),
        above=above or 0.0,
    )
    where = where_of(scope) & ~np.isin(labels, list(locked))
    if only_unlabelled:
        where &= labels == 255
    if above is not None:
        where &= (percent != 255) & (percent >= 100 * above - 1e-9)
    expected = plainly(predicted, labels, where)
    assert (labels_of(project, image_id) == expected).all()
    assert count == (expected != labels).sum()
    if count:
        project.undo()
        assert (labels_of(project, image_id) == labels).all()


def test_it_is_one_step_with_a_name(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    accept_prediction(project, image_id, write_map("map.tif", random_values(1)), window=VIEW)
    project.flush()
    assert [step.name for step in project.history.steps if step.image_id == image_id][-1] == "Accept prediction in view"
    accept_prediction(project, image_id, write_map("map.tif", random_values(1)), region=POLYGON)
    accept_prediction(project, image_id, write_map("map.tif", random_values(1)))
    assert [step.name for step in project.history.steps][-2:] == [
        "Accept prediction in polygon",
        "Accept prediction everywhere",
    ]


def test_classes_that_the_project_lacks_are_reported(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    values = np.full((HEIGHT, WIDTH), 1, np.uint8)
    values[:10, :20], values[10, :5] = 2, 17
    news: list[Event] = []
    accept_prediction(project, image_id, write_map("map.tif", values), on_event=news.append)
    notices = [event.message for event in news if isinstance(event, Notice)]
    assert notices == ["205 px were left out, since the project has no class of these names: vineyard, value 17"]
    assert (labels_of(project, image_id) == np.where(values == 1, 3, 255)).all()


def test_the_classes_may_be_given(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    mask = write_map("map.tif", np.full((HEIGHT, WIDTH), 1, np.uint8), None)
    with pytest.raises(RasterError, match="does not name its classes"):
        accept_prediction(project, image_id, mask)
    assert accept_prediction(project, image_id, mask, schema=MAP_CLASSES) == WIDTH * HEIGHT


def part(values: np.ndarray, window: PixelWindow) -> np.ndarray:
    return np.ascontiguousarray(values[window.slices()])


def test_a_map_of_a_part_is_accepted_at_its_position(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    predicted = random_values(4)
    shifted = TRANSFORM @ Affine.translation(VIEW.x, VIEW.y)
    accept_prediction(project, image_id, write_map("part.tif", part(predicted, VIEW), transform=shifted))
    expected = plainly(predicted, np.full((HEIGHT, WIDTH), 255, np.uint8), in_window(VIEW))
    assert (labels_of(project, image_id) == expected).all()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_without_georeference_the_map_counts_pixels(project: Project, write_map: WriteMap, plain_image: Path) -> None:
    image_id = project.add_image(plain_image).id
    window, predicted = PixelWindow(64, 32, 200, 100), random_values(5)
    mask = write_map("part.tif", part(predicted, window), crs=None, transform=Affine.translation(64, 32))
    accept_prediction(project, image_id, mask)
    expected = plainly(predicted, np.full((HEIGHT, WIDTH), 255, np.uint8), in_window(window))
    assert (labels_of(project, image_id) == expected).all()


MISFITS = {
    "half a pixel off": {"transform": TRANSFORM @ Affine.translation(0.5, 0)},
    "coarser": {"transform": TRANSFORM @ Affine.scale(2)},
    "turned": {"transform": TRANSFORM @ Affine.rotation(3)},
    "elsewhere": {"transform": TRANSFORM @ Affine.translation(10_000, 0)},
    "another CRS": {"crs": "EPSG:32633"},
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_map_on_other_pixels_is_refused(project: Project, write_map: WriteMap, image: Path, misfit: str) -> None:
    image_id = project.add_image(image).id
    mask = write_map("map.tif", np.ones((100, 100), np.uint8), **MISFITS[misfit])
    with pytest.raises(RasterError, match="does not match the pixels"):
        accept_prediction(project, image_id, mask)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("corner", [(400_000, 5_000_000), (-20, 20)], ids=["far", "around the origin"])
def test_a_smaller_map_without_a_position_is_refused(
    project: Project, write_map: WriteMap, tmp_path: Path, corner: tuple[int, int]
) -> None:
    image = write_image(tmp_path / "placed.tif", Affine(0.5, 0, corner[0], 0, -0.5, corner[1]))
    image_id = project.add_image(image).id
    mask = write_map("map.tif", np.ones((100, 100), np.uint8), crs=None, transform=Affine.identity())
    with pytest.raises(RasterError, match="does not match the pixels"):
        accept_prediction(project, image_id, mask)


def test_a_confidence_of_another_type_or_grid_is_refused(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    mask = write_map("map.tif", random_values(1))
    floats = write_map("floats.tif", np.ones((HEIGHT, WIDTH), np.float32), None)
    with pytest.raises(RasterError, match="one band of type float32"):
        accept_prediction(project, image_id, mask, confidence=floats, above=0.5)
    elsewhere = write_map("elsewhere.tif", np.ones((HEIGHT, WIDTH), np.uint8), None, **MISFITS["half a pixel off"])
    with pytest.raises(RasterError, match="does not match the pixels"):
        accept_prediction(project, image_id, mask, confidence=elsewhere, above=0.5)
    assert (labels_of(project, image_id) == 255).all()


def test_where_the_map_has_no_data_nothing_is_accepted(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id, predicted = project.add_image(image).id, random_values(6)
    accept_prediction(project, image_id, write_map("map.tif", predicted, nodata=3))
    expected = plainly(predicted, np.full((HEIGHT, WIDTH), 255, np.uint8), predicted != 3)
    assert (labels_of(project, image_id) == expected).all()


def test_an_undeclared_nodata_is_no_confidence(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    percent = np.full((HEIGHT, WIDTH), 255, np.uint8)
    percent[:50] = 80
    mask = write_map("map.tif", np.ones((HEIGHT, WIDTH), np.uint8))
    confidence = write_map("confidence.tif", percent, None, nodata=None)
    assert accept_prediction(project, image_id, mask, confidence=confidence, above=0.5) == 50 * WIDTH


def test_an_image_that_is_not_there_is_refused(project: Project, write_map: WriteMap) -> None:
    with pytest.raises(ProjectError, match="no image number 4"):
        accept_prediction(project, 4, write_map("map.tif", random_values(1)))


def test_beside_the_image_there_is_nothing_to_accept(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    before = len(project.history.steps)
    mask = write_map("map.tif", random_values(1))
    assert accept_prediction(project, image_id, mask, window=PixelWindow(5000, 0, 10, 10)) == 0
    assert len(project.history.steps) == before


def test_a_stop_leaves_everything_as_it_was(project: Project, write_map: WriteMap, image: Path) -> None:
    image_id = project.add_image(image).id
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        accept_prediction(project, image_id, write_map("map.tif", random_values(1)), control=control)
    assert (labels_of(project, image_id) == 255).all()


def test_classes_are_matched_by_name() -> None:
    table = values_by_name(MAP_CLASSES, PROJECT_CLASSES)
    assert {value: int(table[value]) for value in np.flatnonzero(table != 255)} == SAME_CLASS
