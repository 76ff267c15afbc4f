"""What counts as a label change, and how often chips show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.data.areas import LabelledArea
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler, WeightedSource
from landseg_core.data.class_locations import ClassLocations
from landseg_core.data.label_changes import LabelChanges, PreviousLabels
from landseg_core.data.training_data import TrainingData
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema

WritePair = Callable[..., tuple[Path, Path]]
BEFORE = np.array([[1, 1, 4, 4, 255, 255, 0, 9]], np.uint8).repeat(8, 0)
NOW = np.array([[1, 4, 4, 255, 1, 255, 0, 0]], np.uint8).repeat(8, 0)


@pytest.fixture
def earlier_schema(schema: ClassSchema) -> ClassSchema:
    """Return the same values in another order, under other names, and a class that is gone."""
    classes = [
        {"value": value, "name": f"old {value}", "colour": "#000000"}
        for value in (9, *(item.value for item in reversed(schema.classes)))
    ]
    return ClassSchema.model_validate({"classes": classes})


@pytest.fixture
def data(write_pair: WritePair, schema: ClassSchema) -> TrainingData:
    area = LabelledArea("m", *write_pair("m", (8, 8), mask=NOW), PixelWindow(0, 0, 8, 8))
    return TrainingData(schema, (area,), (area,), (1, 2, 3), "uint8", None, ())


def test_what_is_new_or_another_class_is_corrected(
    data: TrainingData, earlier_schema: ClassSchema, tmp_path: Path
) -> None:
    (area,) = data.train
    mask = write_raster(tmp_path / "before.tif", BEFORE)
    labels = LabelChanges(data, data.reader(), PreviousLabels(earlier_schema, {area.image: mask}))
    found = labels.read_labels(area, area.window)
    assert found[0].tolist() == [255, 1, 255, 255, 0, 255, 255, 2]
    assert labels.read_labels(area, PixelWindow(4, 3, 2, 1)).tolist() == [[0, 255]]


def test_an_image_that_had_no_labels_is_corrected_as_a_whole(data: TrainingData, schema: ClassSchema) -> None:
    (area,) = data.train
    labels = LabelChanges(data, data.reader(), PreviousLabels(schema, {}))
    np.testing.assert_array_equal(labels.read_labels(area, area.window), data.reader().read_labels(area, area.window))


def test_chips_are_drawn_around_locations_by_their_shares(data: TrainingData) -> None:
    area = replace(data.train[0], window=PixelWindow(0, 0, 2000, 2000))
    corners = {"left": (100, 100), "right": (1800, 1800)}
    around = [
        WeightedSource(share, ClassLocations(np.array([[0, *corner]]), (np.array([1]),), (area.window,)))
        for share, corner in zip((0.5, 0.3), corners.values(), strict=True)
    ]
    sampler = ChipSampler([area], 64, 0, Geometry(), around)
    windows = [sampler.first_window(1, chip)[1] for chip in range(2000)]
    near = {
        name: np.mean([abs(w.x - x) < 128 and abs(w.y - y) < 128 for w in windows]) for name, (x, y) in corners.items()
    }
    assert near["left"] == pytest.approx(0.5, abs=0.04)
    assert near["right"] == pytest.approx(0.3, abs=0.04)
