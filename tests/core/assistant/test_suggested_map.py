from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.assistant.image_assistant import SuggestedView
from landseg_core.assistant.suggested_map import acceptable_counts, as_prediction
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion

SCHEMA = load_classes("landcover-dubai")
HIGH, WIDE = 9, 12
CODES = hnp.arrays(np.uint8, (HIGH, WIDE), elements=st.sampled_from([0, 1, 3, 255]))
SHARES = hnp.arrays(np.uint8, (HIGH, WIDE))


def suggested(values: np.ndarray, confidence: np.ndarray, level: int = 0, corner: tuple[int, int] = (0, 0)):
    return SuggestedView(level, PixelWindow(*corner, WIDE, HIGH), values, confidence, None)


@given(values=CODES, confidence=SHARES, level=st.integers(0, 3), corner=st.tuples(*[st.integers(0, 9)] * 2))
def test_each_pixel_of_the_image_has_the_value_of_the_coarse_pixel_over_it(values, confidence, level, corner) -> None:
    scale = 1 << level
    # The last coarse column and row reach beyond the image, as they do at its edges.
    image = PixelWindow(0, 0, (corner[0] + WIDE) * scale - scale // 2, (corner[1] + HIGH) * scale - scale // 2)
    predicted = as_prediction(suggested(values, confidence, level, corner), image, SCHEMA)
    found, known = predicted.values.read(PixelWindow(-3, -3, image.width + 6, image.height + 6))
    percent, _ = predicted.confidence.read(image)
    expected = np.full((image.height, image.width), 255, np.uint8)
    for row in range(corner[1] * scale, image.height):
        for column in range(corner[0] * scale, image.width):
            expected[row, column] = values[row // scale - corner[1], column // scale - corner[0]]
    assert (found[3:-3, 3:-3] == expected).all()
    assert (known == (found != 255)).all()
    assert (found[:3] == 255).all()
    assert (found[:, -3:] == 255).all()
    assert abs(percent[-1, -1] - confidence[-1, -1] / 2.55) <= 0.5


@given(values=CODES, confidence=SHARES, threshold=st.integers(0, 100), only_unlabelled=st.booleans())
def test_what_would_be_labelled_is_counted(values, confidence, threshold, only_unlabelled) -> None:
    labels = LabelRaster(WIDE, HIGH)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (4, HIGH)), 1)
    edit.paint(RectangleRegion((4, 0), (7, HIGH)), 2)
    edit.finish()
    view = PixelWindow(2, 1, 8, 6)
    counts = acceptable_counts(suggested(values, confidence), labels, view, locked=[2])
    present = labels.read(view)
    inside = view.slices()
    may = (present == 255) | ((present != 2) & (not only_unlabelled))
    wanted = (values[inside] != 255) & (values[inside] != present) & may
    sure = np.rint(confidence[inside] / 2.55) >= threshold
    assert counts.above(threshold, only_unlabelled=only_unlabelled) == (wanted & sure).sum()
    assert counts.total == view.pixels


def test_coarse_pixels_count_as_many_as_they_cover() -> None:
    found = suggested(np.ones((HIGH, WIDE), np.uint8), np.full((HIGH, WIDE), 200, np.uint8), level=2)
    labels = LabelRaster(WIDE * 4, HIGH * 4)
    counts = acceptable_counts(found, labels, PixelWindow(0, 0, WIDE * 4, HIGH * 4))
    assert counts.above(78, only_unlabelled=True) == WIDE * HIGH * 16
    assert counts.above(79, only_unlabelled=True) == 0
    assert acceptable_counts(found, labels, PixelWindow(1000, 0, 10, 10)).above(0, only_unlabelled=True) == 0
