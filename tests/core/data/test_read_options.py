"""Data sets whose images differ in ground resolution or in the order of their bands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.areas import LabelledArea
from landseg_core.data.loading.assembly import training_data
from landseg_core.data.loading.folders import folder_data
from landseg_core.data.read_options import ImageFacts, ReadOptions, plan_resolution
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError, RasterError
from landseg_core.events import ignore_event
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.resampling import GridScale
from landseg_core.raster.views import RasterView

WriteRaster = Callable[..., Path]
SIDE_M = 40


def facts(resolution: float | None) -> ImageFacts:
    transform = Affine(resolution or 1, 0, 5e5, 0, -(resolution or 1), 5e6)
    grid = RasterGrid(100, 100, transform, None)
    return ImageFacts((1,), (), "uint8", grid, resolution, "1")


@pytest.mark.parametrize(
    ("own", "wanted", "learnt", "resamples"),
    [
        ([0.25, 0.3], None, 0.275, False),
        ([0.25, 0.5], None, 0.5, True),
        ([0.25, 0.25, 0.5], None, 0.25, True),
        ([0.25, 0.5, None], None, 0.5, True),
        ([0.25, 0.25], 0.4, 0.4, True),
        ([None, None], None, None, False),
        ([None, None], 0.4, None, False),
    ],
)
def test_the_resolution_to_train_at(
    own: list[float | None], wanted: float | None, learnt: float | None, resamples: bool
) -> None:
    plan = plan_resolution([facts(one) for one in own], wanted)
    assert (plan.resolution_m, plan.resamples) == (learnt if learnt is None else pytest.approx(learnt), resamples)


@pytest.mark.parametrize(("own", "resamples"), [([0.25, 0.3], False), ([0.22, None], False), ([0.25, 0.4], True)])
def test_a_resolution_that_need_only_nearly_be_theirs(own: list[float | None], resamples: bool) -> None:
    plan = plan_resolution([facts(one) for one in own], 0.26, nearly=True)
    assert (plan.resolution_m, plan.resamples) == (0.26, resamples)


def test_notices_about_the_resolution() -> None:
    mixed = plan_resolution([facts(0.25), facts(0.5), facts(None)], None).notices
    assert ["one of 3 images is resampled to 0.5 m" in mixed[0], "one of 3 images is unknown" in mixed[1]] == [
        True,
        True,
    ]
    (chosen,) = plan_resolution([facts(0.25), facts(0.2501)], 1.0).notices
    assert "2 of 2 images are resampled to 1 m per pixel" in chosen
    assert "can be chosen" not in chosen
    assert "none is resampled" in plan_resolution([facts(None)], 1.0).notices[0]
    assert plan_resolution([facts(0.25), facts(0.26)], None).notices == ()
    assert plan_resolution([facts(0.25)], 0.26).notices == ()


def write_ground(root: Path, stem: str, metres: float, write: WriteRaster, schema: ClassSchema, **profile: Any) -> None:
    """Write an image of `SIDE_M` metres: land, with water in the south-east quarter, and a hole in one corner."""
    size = round(SIDE_M / metres)
    rows, columns = np.mgrid[:size, :size] * metres
    water = (rows >= SIDE_M / 2) & (columns >= SIDE_M / 2)
    pixels = np.where(water, 200, 90).astype(np.uint8)[None].repeat(3, axis=0)
    pixels[:, (rows < 4) & (columns < 4)] = 0
    georeference = {"crs": "EPSG:32632", "transform": Affine(metres, 0, 5e5, 0, -metres, 5e6)}
    write(root / "images" / f"{stem}.tif", pixels, nodata=0, **georeference, **profile)
    write(root / "masks" / f"{stem}.tif", schema.value_table()[water.astype(np.uint8)], **georeference)


@pytest.fixture
def mixed(tmp_path: Path, schema: ClassSchema) -> Callable[..., TrainingData]:
    """Return `mixed(read_options)`: three images of one area at 25, 50 and 25 cm, the last to validate on."""
    for stem, metres in (("a", 0.25), ("b", 0.5), ("c", 0.25)):
        write_ground(tmp_path, stem, metres, write_raster, schema)
    (tmp_path / "val.txt").write_text("c\n")

    def load(read_options: ReadOptions) -> TrainingData:
        folders = tmp_path / "images", tmp_path / "masks"
        return folder_data(*folders, schema, None, tmp_path / "val.txt", read_options=read_options)

    return load


@pytest.mark.parametrize(("metres", "side"), [(None, 160), (0.5, 80), (0.4, 100), (0.2, 200)])
def test_all_images_are_read_at_one_resolution(
    mixed: Callable[..., TrainingData], metres: float | None, side: int
) -> None:
    data = mixed(ReadOptions(resolution_m=metres))
    assert data.ground_resolution_m == pytest.approx(metres or 0.25, rel=0.001)
    reader = data.reader()
    read = [reader.read(area) for area in (*data.train, *data.val)]
    assert {pixels.shape for pixels, _ in read} == {(3, side, side)}
    for pixels, labels in read:
        expected = np.zeros((side, side), np.uint8)
        expected[side // 2 :, side // 2 :] = 1
        hole = round(side / 10)
        assert (labels[: hole - 1, : hole - 1] == UNLABELLED).all()
        expected[: hole + 1, : hole + 1] = labels[: hole + 1, : hole + 1]
        np.testing.assert_array_equal(labels, expected)
        assert set(np.unique(pixels[:, labels == 0])) <= set(range(90, 201))
        inner = np.s_[:, side // 2 + 1 :, side // 2 + 1 :]
        assert (pixels[inner] == 200).all()


def test_nodata_is_no_part_of_the_statistics(mixed: Callable[..., TrainingData]) -> None:
    normalisation = mixed(ReadOptions(resolution_m=1.0)).normalisation()
    share = 0.25 / 0.99
    assert normalisation.mean[0] == pytest.approx(share * 200 + (1 - share) * 90, rel=0.05)


@pytest.fixture
def area(tmp_path: Path, write_pair: Callable[..., tuple[Path, Path]]) -> LabelledArea:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 3, (3, 30, 40), np.uint8) * 100
    paths = write_pair("v", image=image, nodata=0)
    return LabelledArea("v", *paths, PixelWindow(3, 4, 21, 17), RasterView((2, 1), (31, 25), (40, 30)))


windows = st.builds(PixelWindow, st.integers(-9, 30), st.integers(-9, 30), st.integers(1, 40), st.integers(1, 40))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(window=windows)
def test_kept_or_not_a_window_is_the_same(area: LabelledArea, schema: ClassSchema, window: PixelWindow) -> None:
    kept, not_kept = AreaReader(schema), AreaReader(schema, cache_bytes=0)
    for one, other in zip(kept.read(area, window), not_kept.read(area, window), strict=True):
        np.testing.assert_array_equal(one, other)
    assert kept.read(area, window)[0].shape == (2, window.height, window.width)


def test_areas_side_by_side_stay_so() -> None:
    left, right = PixelWindow(0, 0, 17, 30), PixelWindow(17, 0, 23, 30)
    view = RasterView((), (31, 25), (40, 30))
    seen = [LabelledArea("a", Path("i"), Path("m"), one).with_view(view).window for one in (left, right)]
    assert seen[0].right == seen[1].x
    assert (seen[0].width + seen[1].width, seen[0].height) == (31, 25)


def write_named(path: Path, pixels: np.ndarray, names: tuple[str, ...], write: WriteRaster) -> None:
    write(path, pixels, photometric="minisblack")
    with open_dataset(path, mode="r+") as dataset:
        dataset.descriptions = names


@pytest.fixture
def turned(tmp_path: Path, schema: ClassSchema) -> Callable[..., TrainingData]:
    """Return `turned(read_options)`: two images that name the same bands in another order."""
    orders = {"a": ("Red", "Green", "Near infrared"), "b": ("near infrared", "red", "green")}
    values = {"red": 10, "green": 20, "near infrared": 30}
    for stem, names in orders.items():
        pixels = np.stack([np.full((40, 40), values[name.lower()], np.uint8) for name in names])
        write_named(tmp_path / "images" / f"{stem}.tif", pixels, names, write_raster)
        write_raster(tmp_path / "masks" / f"{stem}.tif", np.ones((40, 40), np.uint8))
    (tmp_path / "val.txt").write_text("b\n")

    def load(*bands: str) -> TrainingData:
        folders = tmp_path / "images", tmp_path / "masks"
        return folder_data(*folders, schema, None, tmp_path / "val.txt", read_options=ReadOptions(bands))

    return load


def test_bands_by_name_come_in_one_order(turned: Callable[..., TrainingData]) -> None:
    data = turned("NEAR INFRARED", "red")
    reader = data.reader()
    assert [reader.read(area)[0][:, 0, 0].tolist() for area in (*data.train, *data.val)] == [[30, 10], [30, 10]]
    assert (data.bands, data.band_names) == ((3, 1), ("Near infrared", "Red"))
    assert data.normalisation().mean == (30.0, 10.0)
    assert not any("by number" in notice for notice in data.notices)


def test_bands_by_number_are_taken_so(turned: Callable[..., TrainingData]) -> None:
    data = turned("1")
    reader = data.reader()
    assert [reader.read(area)[0][:, 0, 0].tolist() for area in (*data.train, *data.val)] == [[10], [30]]


def test_another_order_is_reported_where_nothing_is_chosen(turned: Callable[..., TrainingData]) -> None:
    assert any("bands are matched by number" in notice for notice in turned().notices)


def test_a_band_that_an_image_lacks(turned: Callable[..., TrainingData]) -> None:
    with pytest.raises(
        RasterError, match=r"a\.tif has no band 'Blue'; it has 1 \(Red\), 2 \(Green\), 3 \(Near infrared\)"
    ):
        turned("Blue")


def test_images_need_the_same_number_of_bands_only_where_none_are_chosen(
    tmp_path: Path, write_pair: Callable[..., tuple[Path, Path]], schema: ClassSchema
) -> None:
    write_pair("a")
    write_pair("b", image=np.ones((5, 30, 40), np.uint8))
    (tmp_path / "val.txt").write_text("b\n")
    folders = tmp_path / "images", tmp_path / "masks"
    with pytest.raises(DatasetError, match=r"has 5 bands of uint8, but .* has 3 bands of uint8"):
        folder_data(*folders, schema, None, tmp_path / "val.txt")
    data = folder_data(*folders, schema, None, tmp_path / "val.txt", read_options=ReadOptions(("1", "3")))
    assert data.bands == (1, 3)


@given(
    st.builds(PixelWindow, st.integers(0, 30), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10)),
    st.tuples(st.integers(10, 90), st.integers(10, 90)),
)
def test_an_area_knows_all_that_it_is_made_of(window: PixelWindow, size: tuple[int, int]) -> None:
    view = RasterView((), size, (40, 30))
    area = LabelledArea("a", Path("i"), Path("m"), window).with_view(view)
    scale = GridScale.between((40, 30), size)
    read: list[PixelWindow] = []

    def nothing(own: PixelWindow) -> np.ndarray:
        read.append(own)
        return np.zeros((own.height, own.width), np.uint8)

    scale.nearest(area.window, nothing)
    scale.mean(area.window, lambda own: (nothing(own)[None], np.ones((own.height, own.width), np.bool_)))
    assert all(area.native_window.contains(own) for own in read)
    assert area.native_window in read
    assert LabelledArea("a", Path("i"), Path("m"), window).native_window == window


def test_labels_alone_are_those_below_the_centres(mixed: Callable[..., TrainingData]) -> None:
    data, window = mixed(ReadOptions(resolution_m=0.4)), PixelWindow(20, 30, 50, 40)
    reader, area = data.reader(), data.train[0]
    alone = reader.read_labels(area, window)
    _, labels = reader.read(area, window)
    np.testing.assert_array_equal(alone, labels)
    np.testing.assert_array_equal(reader.read_labels(area, window), labels)
    assert len(np.unique(labels)) == 2


def test_overlaps_are_found_where_the_files_lie(tmp_path: Path, schema: ClassSchema) -> None:
    """The last metres of both images overlap; in px of the resampled images they would not."""
    areas = []
    for metres in (0.25, 0.5):
        size, stem = round(SIDE_M / metres), f"at_{metres}"
        georeference = {"crs": "EPSG:32632", "transform": Affine(metres, 0, 5e5, 0, -metres, 5e6)}
        image = write_raster(tmp_path / f"{stem}.tif", np.zeros((size, size), np.uint8), **georeference)
        mask = write_raster(tmp_path / f"{stem}_mask.tif", np.full((size, size), 4, np.uint8), **georeference)
        corner = PixelWindow(round(30 / metres), round(30 / metres), round(10 / metres), round(10 / metres))
        areas.append(LabelledArea(stem, image, mask, corner))
    data = training_data(areas[:1], areas[1:], schema, ignore_event, None)
    assert [area.window for area in (*data.train, *data.val)] == [PixelWindow(60, 60, 20, 20)] * 2
    assert any("at_0.5 and at_0.25 overlap" in notice for notice in data.notices)
    assert [sum(area.class_px) for area in (*data.train, *data.val)] == [40 * 40, 20 * 20]
