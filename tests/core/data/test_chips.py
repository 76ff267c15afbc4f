from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landseg_core.data.areas import LabelledArea
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler, UnlabelledSource, chip_rng
from landseg_core.data.label_coverage import whole_images
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema

WritePair = Callable[..., tuple[Path, Path]]


def _area(stem: str, *window: int) -> LabelledArea:
    return LabelledArea(stem, Path(f"{stem}.tif"), Path(f"{stem}.png"), PixelWindow(*window))


area_windows = st.builds(_area, st.sampled_from("abc"), *[st.integers(0, 900)] * 2, *[st.integers(1, 700)] * 2)
numbers = st.integers(0, 2**31)


@given(st.lists(area_windows, min_size=1, max_size=5), st.integers(1, 300), numbers, numbers, numbers)
def test_a_chip_lies_in_its_area_or_around_it(
    areas: list[LabelledArea], size: int, seed: int, epoch: int, chip: int
) -> None:
    area, window = ChipSampler(areas, size, seed).first_window(epoch, chip)
    assert (window.width, window.height) == (size, size)
    for start, length, low, high in (
        (window.x, area.window.width, area.window.x, area.window.right),
        (window.y, area.window.height, area.window.y, area.window.bottom),
    ):
        if length >= size:
            assert low <= start <= high - size
        else:
            assert high - size <= start <= low


@given(st.integers(1, 300), numbers, numbers, numbers)
def test_a_chip_depends_on_its_numbers_only(size: int, seed: int, epoch: int, chip: int) -> None:
    areas = [_area("a", 0, 0, 700, 600), _area("b", 5, 5, 300, 900)]
    sampler = ChipSampler(areas, size, seed)
    sampler.first_window(epoch, chip + 1)
    assert sampler.first_window(epoch, chip) == ChipSampler(areas, size, seed).first_window(epoch, chip)


def test_seed_epoch_and_chip_all_count() -> None:
    areas = [_area("a", 0, 0, 5000, 5000)]
    windows = {
        ChipSampler(areas, 64, seed).first_window(epoch, chip)
        for seed in range(4)
        for epoch in range(4)
        for chip in range(4)
    }
    assert len(windows) == 64
    assert chip_rng(1, 2, 3, 0).integers(2**60) != chip_rng(1, 2, 3, 1).integers(2**60)


def test_areas_are_drawn_in_proportion_to_their_pixels() -> None:
    sampler = ChipSampler([_area("a", 0, 0, 1, 1), _area("b", 0, 0, 1, 3)], 10)
    drawn = Counter(sampler.first_window(0, chip)[0].stem for chip in range(2000))
    assert drawn["b"] / drawn.total() == pytest.approx(0.75, abs=0.03)


def test_chips_reach_every_pixel() -> None:
    sampler = ChipSampler([_area("a", 3, 5, 12, 9)], 4)
    starts = {(window.x, window.y) for _, window in (sampler.first_window(0, chip) for chip in range(2000))}
    assert starts == {(x, y) for x in range(3, 12) for y in range(5, 11)}


def test_an_epoch_holds_as_many_pixels_as_the_areas() -> None:
    assert ChipSampler([_area("a", 0, 0, 1000, 500)], 100).chips_per_epoch == 50
    assert ChipSampler([_area("a", 0, 0, 10, 10)], 100).chips_per_epoch == 1


def test_chips_without_labels_are_drawn_again(write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((300, 300), UNLABELLED, np.uint8)
    mask[:, :100] = 1
    area = LabelledArea("m", *write_pair("m", (300, 300), mask=mask), PixelWindow(0, 0, 300, 300))
    sampler = ChipSampler([area], 20)
    assert any(sampler.first_window(0, chip)[1].x >= 100 for chip in range(50))
    _, labels = sampler.batch(AreaReader(schema), 0, range(50))
    assert (labels != UNLABELLED).any(axis=(1, 2)).all()


def test_an_area_without_labels_does_not_hang(write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((30, 40), UNLABELLED, np.uint8)
    area = LabelledArea("m", *write_pair("m", mask=mask), PixelWindow(0, 0, 40, 30))
    _, labels = ChipSampler([area], 20).chip(AreaReader(schema), 0, 0)
    assert (labels == UNLABELLED).all()


def test_a_batch_holds_the_chips_that_it_names(write_pair: WritePair, schema: ClassSchema) -> None:
    area = LabelledArea("a", *write_pair("a"), PixelWindow(0, 0, 40, 30))
    sampler, reader = ChipSampler([area], 16, seed=5), AreaReader(schema)
    pixels, labels = sampler.batch(reader, 2, [7, 3])
    assert pixels.shape == (2, 3, 16, 16)
    for row, chip in enumerate((7, 3)):
        one, one_labels = sampler.chip(reader, 2, chip)
        np.testing.assert_array_equal(pixels[row], one)
        np.testing.assert_array_equal(labels[row], one_labels)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=numbers, flips=st.booleans(), rotations=st.booleans(), low=st.floats(0.4, 1), high=st.floats(1, 2.5))
def test_pixels_and_labels_of_a_chip_match(
    striped: tuple[LabelledArea, AreaReader], seed: int, flips: bool, rotations: bool, low: float, high: float
) -> None:
    area, reader = striped
    sampler = ChipSampler([area], 48, seed, Geometry(flips, rotations, (low, high)))
    pixels, labels = sampler.chip(reader, 0, 0)
    assert (pixels.shape, labels.shape) == ((1, 48, 48), (48, 48))
    agree = np.rint(pixels[0] / 100) == labels
    inside = _same_around(_same_around(labels)[1:-1, 1:-1])
    assert agree[2:-2, 2:-2][inside[1:-1, 1:-1] > 0].all(), "away from the edges of a class"
    assert agree.mean() > 0.7


@pytest.fixture
def striped(write_pair: WritePair, schema: ClassSchema) -> tuple[LabelledArea, AreaReader]:
    """An image whose values are a hundred times its class indices, in blocks of 24 x 31 px."""
    rows, columns = np.mgrid[:300, :280]
    classes = ((rows // 24 + 2 * (columns // 31)) % 3).astype(np.uint8)
    files = write_pair("s", (280, 300), image=100 * classes[None], mask=schema.value_table()[classes])
    return LabelledArea("s", *files, PixelWindow(0, 0, 280, 300)), AreaReader(schema)


def _same_around(labels: np.ndarray) -> np.ndarray:
    """Return (H, W) 1 where the eight neighbours have the same label."""
    around = np.ones((3, 3), np.uint8)
    return (cv2.erode(labels, around) == cv2.dilate(labels, around)).astype(np.uint8)


def _data(schema: ClassSchema, area: LabelledArea) -> TrainingData:
    return TrainingData(schema, (area,), (area,), (1,), "float32", None, ())


def test_normalisation_leaves_out_nodata(write_pair: WritePair, schema: ClassSchema) -> None:
    image = np.random.default_rng(0).normal(300, 5, (1, 400, 400)).astype(np.float32)
    image[0, :, 200:] = -9999
    area = LabelledArea("t", *write_pair("t", (400, 400), image=image, nodata=-9999), PixelWindow(0, 0, 400, 400))
    data = _data(schema, area)
    assert data.normalisation().mean[0] == pytest.approx(300, abs=0.5)
    assert data.normalisation().std[0] == pytest.approx(5, rel=0.05)
    assert data.normalisation() == data.normalisation()


def test_images_of_nodata_only_cannot_be_normalised(write_pair: WritePair, schema: ClassSchema) -> None:
    image = np.full((1, 30, 40), -1, np.float32)
    area = LabelledArea("t", *write_pair("t", image=image, nodata=-1), PixelWindow(0, 0, 40, 30))
    with pytest.raises(DatasetError, match="no pixel with data"):
        _data(schema, area).normalisation()


def test_a_share_of_chips_comes_without_labels_from_anywhere(striped: tuple[LabelledArea, AreaReader]) -> None:
    area, reader = striped
    part = replace(area, window=PixelWindow(0, 0, 60, 60))
    sampler = ChipSampler([part], 16, seed=3, unlabelled=UnlabelledSource(0.5, tuple(whole_images([part]))))
    pixels, labels = sampler.batch(reader, 1, range(200))
    bare = (labels == UNLABELLED).all(axis=(1, 2))
    assert bare.mean() == pytest.approx(0.5, abs=0.1)
    assert whole_images([part, part])[0].window == area.window
    assert (pixels[bare] > 0).any()


def test_labelled_chips_are_as_without_a_source_of_others(striped: tuple[LabelledArea, AreaReader]) -> None:
    area, reader = striped
    never = UnlabelledSource(0.0, (area,))
    assert ChipSampler([area], 16).first_window(1, 2) == ChipSampler([area], 16, unlabelled=never).first_window(1, 2)
    assert (ChipSampler([area], 16, unlabelled=never).batch(reader, 1, range(50))[1] != UNLABELLED).all()
