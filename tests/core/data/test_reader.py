from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.errors import DatasetError, RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import RasterView

WritePair = Callable[..., tuple[Path, Path]]
AREA = PixelWindow(5, 4, 20, 15)


@pytest.fixture
def area(write_pair: WritePair) -> LabelledArea:
    return LabelledArea("a", *write_pair("a"), AREA)


def test_pixels_and_labels_of_an_area(area: LabelledArea, schema: ClassSchema) -> None:
    pixels, labels = AreaReader(schema).read(area)
    with RasterSource(area.image) as image:
        np.testing.assert_array_equal(pixels, image.read(AREA))
    assert labels[0].tolist() == [2, 0, 1] * 6 + [2, 0]  # column 5 holds the value 0
    assert labels.dtype == np.uint8


windows = st.builds(PixelWindow, st.integers(-30, 50), st.integers(-30, 40), st.integers(1, 60), st.integers(1, 60))


@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(window=windows)
def test_beyond_the_area_is_nothing(
    area: LabelledArea, schema: ClassSchema, cache_bytes: int, window: PixelWindow
) -> None:
    reader = AreaReader(schema, cache_bytes=cache_bytes)
    pixels, labels = reader.read(area, window)
    whole, whole_labels = reader.read(LabelledArea("a", area.image, area.mask, PixelWindow(0, 0, 40, 30)))
    assert pixels.shape == (3, window.height, window.width)
    inside = np.zeros((window.height, window.width), bool)
    common = window.intersection(AREA)
    if common is not None:
        here = common.shifted(-window.x, -window.y).slices()
        inside[here] = True
        np.testing.assert_array_equal(pixels[:, *here], whole[:, *common.slices()])
        np.testing.assert_array_equal(labels[here], whole_labels[common.slices()])
    assert (pixels[:, ~inside] == 0).all()
    assert (labels[~inside] == UNLABELLED).all()


def test_what_is_read_belongs_to_the_caller(area: LabelledArea, schema: ClassSchema) -> None:
    reader = AreaReader(schema)
    first = reader.read(area)
    kept = first[0].copy(), first[1].copy()
    first[0][:] = 0
    first[1][:] = 7
    for before, now in zip(kept, reader.read(area), strict=True):
        np.testing.assert_array_equal(before, now)


def test_a_kept_area_is_decoded_once(area: LabelledArea, schema: ClassSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = AreaReader(schema)
    before = reader.read(area)

    def no_more(*_args: object) -> None:
        raise AssertionError

    monkeypatch.setattr(RasterSource, "read", no_more)
    np.testing.assert_array_equal(reader.read(area)[0], before[0])


def test_memory_is_bounded(write_pair: WritePair, schema: ClassSchema) -> None:
    areas = [LabelledArea(stem, *write_pair(stem), PixelWindow(0, 0, 40, 30)) for stem in "abcdefghij"]
    reader = AreaReader(schema, cache_bytes=4 * 40 * 30 * 5, open_files=2)
    for area in areas * 2:
        reader.read(area)
        assert (
            sum(decoded.nbytes for decoded in reader._cache._cached.values()) == reader._cache._used <= 4 * 40 * 30 * 5
        )
    assert len(reader._images._open) == 2


def test_pixels_without_data_are_not_labelled(write_pair: WritePair, schema: ClassSchema) -> None:
    image = np.full((1, 30, 40), 5, np.float32)
    image[0, 3, 4], image[0, 5, 6] = -9999, np.nan
    area = LabelledArea("n", *write_pair("n", image=image, nodata=-9999), PixelWindow(0, 0, 40, 30))
    image_without_nan = np.where(np.isnan(image), -9999, image)
    area = LabelledArea("n", *write_pair("n", image=image_without_nan, nodata=-9999), PixelWindow(0, 0, 40, 30))
    pixels, labels = AreaReader(schema).read(area)
    _, valid = AreaReader(schema).read_image(area)
    assert pixels[0, 3, 4] == pixels[0, 5, 6] == 0
    assert np.argwhere(labels == UNLABELLED).tolist() == [[3, 4], [5, 6]]
    np.testing.assert_array_equal(valid, labels != UNLABELLED)


def test_declared_nan_is_no_data(write_pair: WritePair, schema: ClassSchema) -> None:
    image = np.full((1, 30, 40), 5, np.float32)
    image[0, 3, 4] = np.nan
    area = LabelledArea("n", *write_pair("n", image=image, nodata=np.nan), PixelWindow(0, 0, 40, 30))
    pixels, labels = AreaReader(schema).read(area)
    assert pixels[0, 3, 4] == 0
    assert labels[3, 4] == UNLABELLED


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(write_pair: WritePair, schema: ClassSchema, strange: float) -> None:
    image = np.full((1, 30, 40), 5, np.float32)
    image[0, 3, 4] = strange
    area = LabelledArea("n", *write_pair("n", image=image), PixelWindow(2, 2, 20, 20))
    with pytest.raises(RasterError, match=r"n.tif .* pixel 4, 3"):
        AreaReader(schema).read(area)


def test_a_value_without_class_is_refused(write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((30, 40), 3, np.uint8)
    area = LabelledArea("v", *write_pair("v", mask=mask), AREA)
    with pytest.raises(DatasetError, match="the value 3 in 300 px"):
        AreaReader(schema).read(area)


def test_bands_can_be_chosen(area: LabelledArea, schema: ClassSchema) -> None:
    pixels, _ = AreaReader(schema).read(area)
    chosen, _ = AreaReader(schema, bands=(3, 1)).read(area)
    np.testing.assert_array_equal(chosen, pixels[[2, 0]])


@pytest.mark.parametrize("cache_bytes", [0, 60_000])
def test_threads_share_a_reader(write_pair: WritePair, schema: ClassSchema, cache_bytes: int) -> None:
    areas = [LabelledArea(stem, *write_pair(stem), PixelWindow(0, 0, 40, 30)) for stem in ("a", "bb", "ccc", "dddd")]
    expected = {area.stem: AreaReader(schema).read(area)[0] for area in areas}
    reader = AreaReader(schema, cache_bytes=cache_bytes, open_files=1)
    with ThreadPoolExecutor(4) as threads:
        for area, (pixels, _) in zip(areas * 25, threads.map(reader.read, areas * 25), strict=True):
            np.testing.assert_array_equal(pixels, expected[area.stem])


@pytest.mark.parametrize("nodata", [-9999, np.nan])
@pytest.mark.parametrize("size", [None, (20, 15), (60, 45)])
def test_labels_alone_are_those_that_come_with_pixels(
    write_pair: WritePair, schema: ClassSchema, nodata: float, size: tuple[int, int] | None
) -> None:
    """Cached or not: class locations must be the same in a run and when it is resumed."""
    image = np.full((1, 30, 40), 5, np.float32)
    image[0, :6], image[0, :, 33:] = nodata, nodata
    own = LabelledArea("n", *write_pair("n", image=image, nodata=nodata), PixelWindow(0, 0, 40, 30))
    area = own.with_view(RasterView((), size, (40, 30))) if size else own
    kept, alone = AreaReader(schema), AreaReader(schema, cache_bytes=0)
    _, labels = kept.read(area)
    assert 0 < (labels == UNLABELLED).sum() < labels.size
    for reader in (kept, alone):
        np.testing.assert_array_equal(reader.read_labels(area, area.window), labels)
