"""The simulated user: what is stroked and clicked, how much, and that a seed decides."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulated_user import (
    Click,
    Effort,
    Stroke,
    click_at_error,
    first_clicks,
    labels_of,
    strokes,
    strokes_at_errors,
    strokes_at_errors_on_images,
    strokes_on_images,
    wrong_regions,
)

SPOTS = ((60, 60, 40), (200, 90, 55), (90, 220, 60), (240, 240, 30))


def landscape(seed: int, side: int = 300) -> np.ndarray:
    """Return (S, S) values: spots of three classes on a fourth, a line too thin to stroke, and unlabelled px."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((side, side), np.uint8)
    for x, y, radius in SPOTS:
        cv2.circle(mask, (x, y), radius, int(rng.integers(1, 4)), -1)
    mask[150:153] = 9
    mask[:20, :20] = 255
    return mask


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def length_along(stroke: Stroke) -> float:
    return len(stroke.rows) / 5


@given(st.integers(0, 1000), st.integers(1, 25))
@settings(max_examples=20)
def test_as_many_strokes_as_asked_for_all_of_the_true_class(seed: int, count: int) -> None:
    mask = landscape(seed)
    drawn = strokes(mask, count, random(seed))
    assert len(drawn) == count
    for stroke in drawn:
        assert len(stroke.rows)
        assert (mask[stroke.rows, stroke.columns] == stroke.value).all()


def test_every_class_that_is_wide_enough_comes_first() -> None:
    mask = landscape(1)
    wide = set(np.unique(mask).tolist()) - {9, 255}
    assert {stroke.value for stroke in strokes(mask, len(wide), random(0))} == wide


def test_strokes_are_five_px_wide_and_30_to_120_long() -> None:
    drawn = strokes(np.zeros((800, 800), np.uint8), 60, random(0))
    lengths = [length_along(stroke) for stroke in drawn]
    assert 25 < min(lengths) < 50
    assert 100 < max(lengths) < 160  # a slanting stroke has more px along its length
    image = (labels_of(drawn[:1], (800, 800)) == 0).astype(np.uint8)
    opened = {side: cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) for side in (5, 7)}
    assert opened[5].sum() > 0.99 * image.sum()
    assert opened[7].sum() < 0.2 * image.sum()


def test_a_small_region_gets_the_longest_stroke_that_fits() -> None:
    mask = np.full((60, 60), 255, np.uint8)
    mask[20:40, 20:40] = 1
    (drawn,) = strokes(mask, 1, random(0))
    assert 10 <= length_along(drawn) < 30


def test_large_regions_get_more_strokes() -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[:, :80] = 1
    counts = np.bincount([stroke.value for stroke in strokes(mask, 50, random(3))])
    assert counts[0] > 2 * counts[1] > 0


def test_the_seed_decides() -> None:
    mask = landscape(2)
    first, again, other = (labels_of(strokes(mask, 8, random(seed)), mask.shape) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_strokes_where_no_class_is_wide_enough() -> None:
    narrow = np.full((50, 50), 255, np.uint8)
    narrow[20:26] = 1
    assert strokes(narrow, 3, random(0)) == []
    masks = [narrow, landscape(0)]
    assert [len(found) for found in strokes_on_images(masks, 7, random(0))] == [0, 7]
    assert strokes_on_images([narrow], 7, random(0)) == [[]]


def test_images_take_turns() -> None:
    masks = [landscape(seed) for seed in range(3)]
    assert sorted(len(found) for found in strokes_on_images(masks, 11, random(0))) == [3, 4, 4]


def test_strokes_at_errors_lie_in_the_largest_wrong_regions() -> None:
    mask = np.zeros((300, 300), np.uint8)
    predicted = mask.copy()
    for side, corner in ((60, 10), (90, 100), (30, 220), (5, 270)):
        predicted[corner : corner + side, corner : corner + side] = 1
    drawn = strokes_at_errors(mask, predicted, 2, random(0))
    assert [stroke.rows.min() >= 100 and stroke.rows.max() < 190 for stroke in drawn] == [True, False]
    assert all(predicted[stroke.rows, stroke.columns].all() for stroke in drawn)
    assert {stroke.value for stroke in drawn} == {0}
    assert len(strokes_at_errors(mask, predicted, 9, random(0))) == 3  # the fourth region is too narrow


def test_errors_are_compared_over_all_images() -> None:
    mask = np.zeros((100, 100), np.uint8)
    small, large = mask.copy(), mask.copy()
    small[:20, :20], large[:50, :50] = 1, 1
    found = strokes_at_errors_on_images([mask, mask], [small, large], 1, random(0))
    assert [len(strokes) for strokes in found] == [0, 1]


def test_unlabelled_ground_is_never_wrong() -> None:
    mask = np.full((40, 40), 255, np.uint8)
    assert wrong_regions(mask, np.zeros_like(mask)) == []
    assert click_at_error(mask, np.zeros_like(mask)) is None


def test_a_region_is_connected_by_sides() -> None:
    mask, predicted = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    predicted[:3, :3], predicted[3:5, 3:5] = 1, 1
    assert [region.area for region in wrong_regions(mask, predicted)] == [9, 4]


def test_a_click_goes_to_the_middle_of_the_largest_wrong_region() -> None:
    mask = landscape(0)
    predicted = mask.copy()
    cv2.circle(predicted, (200, 90), 41, 7, -1)
    predicted[280:290, 280:290] = 7
    click = click_at_error(mask, predicted)
    assert click is not None
    assert click.value == mask[90, 200]
    assert np.hypot(click.row - 90, click.column - 200) < 3


def test_the_first_clicks_are_one_in_each_class() -> None:
    mask = landscape(3)
    clicks = first_clicks(mask, random(0))
    assert sorted(click.value for click in clicks) == sorted(set(np.unique(mask).tolist()) - {255})
    assert all(mask[click.row, click.column] == click.value for click in clicks)
    assert clicks == first_clicks(mask, random(0))
    assert len({tuple(first_clicks(mask, random(seed))) for seed in range(5)}) > 1


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_clicks_until_all_is_right(seed: int) -> None:
    """Each click mends what it is on: the user comes to an end, and never clicks on what is right."""
    mask, predicted = landscape(seed), np.zeros((300, 300), np.uint8)
    clicks: list[Click] = []
    while (click := click_at_error(mask, predicted)) is not None:
        clicks.append(click)
        assert predicted[click.row, click.column] != mask[click.row, click.column] == click.value
        region = wrong_regions(mask, predicted)[0]
        box = predicted[region.row :, region.column :][: region.inside.shape[0], : region.inside.shape[1]]
        box[region.inside] = region.value
    assert 1 <= len(clicks) < 30
    assert (predicted == mask)[mask != 255].all()


def test_the_seconds_of_a_person() -> None:
    assert (Effort(strokes=2, looks=1) + Effort(clicks=2)).seconds == pytest.approx(2 * 4 + 2 + 2 * 1.5)
