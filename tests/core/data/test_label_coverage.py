"""What labels cover of their images, and the windows that are spread over these."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.areas import LabelledArea
from landseg_core.data.label_coverage import are_few, label_coverage, spread_windows, whole_images
from landseg_core.data.reader import AreaReader
from landseg_core.errors import JobStopped
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema

SIZE = 90


def area(stem: str, width: int, height: int, class_px: tuple[int, ...] = ()) -> LabelledArea:
    return LabelledArea(
        stem, Path(f"{stem}.tif"), Path(f"{stem}.png"), PixelWindow(0, 0, width, height), class_px=class_px
    )


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), min_size=1, max_size=6),
    st.integers(20, 300),
    st.integers(1, 50),
)
def test_windows_are_inside_disjoint_and_spread(sizes: list[tuple[int, int]], side: int, count: int) -> None:
    images = [area(str(number), *size) for number, size in enumerate(sizes)]
    found = spread_windows(images, side, count)
    assert 1 <= len(found) <= count
    taken = {image.image: np.zeros((image.window.height, image.window.width), int) for image in images}
    for image, window in found:
        assert image.window.contains(window)
        taken[image.image][window.slices()] += 1
    assert max(part.max() for part in taken.values()) == 1
    cells = sum(max(1, width // side) * max(1, height // side) for width, height in sizes)
    assert len(found) == min(count, cells)


def test_no_images_have_no_windows() -> None:
    assert spread_windows([], 100, 5) == []


@pytest.mark.parametrize(("labelled", "few"), [((), False), ((0, 0), False), ((40, 59), True), ((50, 50), False)])
def test_few_labels_cover_less_than_a_tenth_of_their_areas(labelled: tuple[int, ...], few: bool) -> None:
    assert are_few([area("a", 25, 40, labelled)]) is few


@pytest.fixture
def labelled(tmp_path: Path, schema: ClassSchema) -> LabelledArea:
    """An image of 90 x 90 px with 200 px of labels in the lower right corner, and an area around them."""
    mask = np.full((SIZE, SIZE), 255, np.uint8)
    mask[70:80, 65:85] = 1
    write_raster(tmp_path / "town.tif", np.ones((3, SIZE, SIZE), np.uint8))
    write_raster(tmp_path / "town.png", np.where(mask == 255, 255, schema.value_table()[mask]).astype(np.uint8))
    return LabelledArea(
        "town", tmp_path / "town.tif", tmp_path / "town.png", PixelWindow(40, 40, 50, 50), class_px=(0, 200, 0)
    )


def test_coverage_names_the_thirds_without_labels(labelled: LabelledArea, schema: ClassSchema) -> None:
    images = whole_images([labelled, replace(labelled, window=PixelWindow(0, 0, 9, 9))])
    assert [image.window for image in images] == [PixelWindow(0, 0, SIZE, SIZE)]
    found = label_coverage([labelled], images, AreaReader(schema), lambda: None)
    assert (found.class_px, found.image_px) == ((0, 200, 0), 8100)
    assert found.text == ("labels cover 2.5% of the images, none in the upper third of town, the left third of town")


def test_many_gaps_are_counted(labelled: LabelledArea, schema: ClassSchema) -> None:
    found = label_coverage([labelled], whole_images([labelled]), AreaReader(schema), lambda: None)
    assert replace(found, gaps=()).text == "labels cover 2.5% of the images"
    assert replace(found, gaps=3 * found.gaps).text.endswith("and 3 more thirds of images")
    assert replace(found, gaps=2 * found.gaps).text.endswith("and one more third of an image")


def test_it_can_be_stopped(labelled: LabelledArea, schema: ClassSchema) -> None:
    def stop() -> None:
        raise JobStopped

    with pytest.raises(JobStopped):
        label_coverage([labelled], whole_images([labelled]), AreaReader(schema), stop)
