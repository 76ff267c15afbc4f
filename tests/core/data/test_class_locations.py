from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.data.areas import LabelledArea
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler, WeightedSource
from landseg_core.data.class_locations import CELL, ClassLocations
from landseg_core.data.reader import AreaReader
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema

WritePair = Callable[..., tuple[Path, Path]]


class LabelsOnly(AreaReader):
    """Gives the labels of an array as those of any area."""

    def __init__(self, labels: np.ndarray) -> None:
        self._labels = labels

    def read_labels(self, area: LabelledArea, window: PixelWindow) -> np.ndarray:
        return self._labels[window.slices()]


def an_area(x: int, y: int, width: int, height: int) -> LabelledArea:
    return LabelledArea("a", Path("a.tif"), Path("a.png"), PixelWindow(x, y, width, height))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 100), st.integers(0, 100), st.integers(1, 1500), st.integers(1, 300))
def test_every_labelled_pixel_is_counted_in_its_cell(seed: int, x: int, y: int, width: int, height: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, 2, 255], np.uint8), (y + height, x + width))
    locations = ClassLocations.found([an_area(x, y, width, height)], LabelsOnly(labels), 3)
    inside = labels[y:, x:]
    assert sorted(int(ends[-1]) for ends in locations.ends) == sorted(
        int((inside == index).sum()) for index in range(3) if (inside == index).any()
    )


def test_each_class_is_drawn_as_often_and_where_it_lies() -> None:
    labels = np.zeros((512, 512), np.uint8)
    labels[100:110, 300:310] = 2  # 100 px of a rare class, beside a quarter of a million of another
    locations = ClassLocations.found([an_area(0, 0, 512, 512)], LabelsOnly(labels), 3)
    rng = np.random.default_rng(0)
    drawn = [locations.draw(rng)[1] for _ in range(4000)]
    near = [abs(x - 305) <= CELL and abs(y - 105) <= CELL for x, y in drawn]
    assert np.mean(near) == pytest.approx(0.5 + 0.5 * 0.0625, abs=0.05)


@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(1, 300), st.integers(2, 200))
@settings(max_examples=40, deadline=None)
def test_a_chip_around_a_class_lies_in_its_area_or_around_it(seed: int, width: int, height: int, size: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, (20 + height, 10 + width)).astype(np.uint8)
    area = an_area(10, 20, width, height)
    locations = ClassLocations.found([area], LabelsOnly(labels), 3)
    sampler = ChipSampler([area], size, seed, Geometry(scale=(0.5, 2.0)), [WeightedSource(1.0, locations)])
    for chip in range(20):
        _, window = sampler.first_window(1, chip)
        for start, length, low, room in ((window.x, window.width, 10, width), (window.y, window.height, 20, height)):
            if room >= length:
                assert low <= start <= low + room - length
            else:
                assert low + room - length <= start <= low


def test_balance_brings_rare_classes_into_chips(write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((600, 600), schema.values[0], np.uint8)
    mask[500:520, 40:60] = schema.values[2]  # 0.1 % of the pixels
    area = LabelledArea("m", *write_pair("m", (600, 600), mask=mask), PixelWindow(0, 0, 600, 600))
    reader = AreaReader(schema)
    locations = ClassLocations.found([area], reader, len(schema))

    def share(balance: float) -> float:
        sampler = ChipSampler([area], 64, 0, Geometry(), [WeightedSource(balance, locations)])
        return float(np.mean([(sampler.chip(reader, 0, number)[1] == 2).any() for number in range(200)]))

    assert share(0.0) < 0.1
    assert share(0.8) == pytest.approx(0.4, abs=0.15)


def test_areas_of_one_class_need_no_other(write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((40, 50), schema.values[1], np.uint8)
    area = LabelledArea("m", *write_pair("m", (40, 50), mask=mask), PixelWindow(0, 0, 50, 40))
    locations = ClassLocations.found([area], AreaReader(schema), len(schema))
    assert len(locations.ends) == 1
    assert Counter(locations.draw(np.random.default_rng(0))[0] for _ in range(9)) == {0: 9}
