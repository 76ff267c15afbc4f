from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.label_spread import ENOUGH, LabelSpread, label_spreads, lacks
from landseg_core.labels.regions import RectangleRegion

ROAD, WATER = 4, 7
SCHEMA = ClassSchema(
    classes=(
        LandClass(value=WATER, name="water", colour="#0000ff"),
        LandClass(value=ROAD, name="road", colour="#ff0000"),
    )
)
SIDE = 1600  # three levels: a pixel of the coarsest is four of the image


def labelled(*squares: tuple[float, float, int], side: int = SIDE) -> LabelRaster:
    """Return labels with squares of 40 px, each (column, row, value) in a 10 x 10 raster of the image."""
    labels = LabelRaster(side, side)
    edit = labels.begin()
    for column, row, value in squares:
        x, y = column * side / 10, row * side / 10
        edit.paint(RectangleRegion((x, y), (x + 40, y + 40)), value)
    edit.finish()
    return labels


def texts(*squares: tuple[float, float, int], north_up: bool = True) -> list[str]:
    return [str(text) for text in lacks(labelled(*squares), SCHEMA, north_up=north_up)]


def test_areas_are_counted_by_class() -> None:
    labels = labelled((1, 1, ROAD), (5, 8, ROAD), (8, 2, WATER))
    assert label_spreads(labels) == {ROAD: LabelSpread(2), WATER: LabelSpread(1, (-1, 1))}


def test_labels_that_touch_are_one_area() -> None:
    labels = labelled((1, 1, ROAD), (1.2, 1.2, ROAD), (1.45, 1.2, ROAD), (8, 8, ROAD))
    assert label_spreads(labels)[ROAD].areas == 2


def test_an_unlabelled_image_lacks_nothing_yet() -> None:
    assert texts() == []


def test_what_labels_lack_is_said_with_the_fewest_areas_first() -> None:
    assert texts((1, 1, WATER), (2, 3, WATER), (7, 2, WATER)) == [
        "road: no labels",
        "water: 3 areas, all in the north",
    ]
    assert texts((1, 1, ROAD), (1, 8, WATER), (8, 1, WATER)) == [
        "road: only 1 area, in the north-west",
        "water: only 2 areas",
    ]


def test_many_areas_everywhere_are_enough() -> None:
    spread = [(column, row, ROAD) for column, row in ((1, 1), (8, 1), (1, 8), (8, 8), (4, 4))]
    assert len(spread) == ENOUGH
    assert texts(*spread) == ["water: no labels"]
    assert texts(*spread[:-1]) == ["water: no labels", "road: only 4 areas"]


@pytest.mark.parametrize(
    ("column", "row", "north", "screen"),
    [
        (4.9, 1, "in the north", "at the top"),
        (4.9, 8, "in the south", "at the bottom"),
        (1, 4.9, "in the west", "on the left"),
        (8, 4.9, "in the east", "on the right"),
        (1, 8, "in the south-west", "at the lower left"),
        (8, 1, "in the north-east", "at the upper right"),
    ],
)
def test_the_part_is_named_as_north_lies(column: float, row: float, north: str, screen: str) -> None:
    assert texts((column, row, ROAD))[-1] == f"road: only 1 area, {north}"
    assert texts((column, row, ROAD), north_up=False)[-1] == f"road: only 1 area, {screen}"


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=1, max_size=6), st.integers(41, 512))
def test_all_labels_lie_on_the_side_that_is_said(points: list[tuple[int, int]], side: int) -> None:
    labels = LabelRaster(side, side)
    edit = labels.begin()
    for column, row in points:
        edit.paint(RectangleRegion((column, row), (column + 1, row + 1)), ROAD)
    edit.finish()
    found = label_spreads(labels)[ROAD]
    assert 1 <= found.areas <= len(set(points))
    for axis, half in zip((1, 0), found.side, strict=True):
        before, behind = (
            all(2 * (point[axis] + 1) <= side for point in points),
            all(2 * point[axis] >= side for point in points),
        )
        assert half == behind - before
