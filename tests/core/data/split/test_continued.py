"""How a fine-tuned run splits labels: areas keep the use that an earlier run gave them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.data.split.assignment import SPLIT_FILE, load_split, of_images, save_split
from landseg_core.data.split.continued import continued_split
from landseg_core.data.split.label_grid import LabelTile
from landseg_core.data.split.spatial import label_split
from landseg_core.data.split.splits import Split, SplitAssignment, SplitBy
from landseg_core.errors import DatasetError, TrainingError
from landseg_core.geo.rectangles import padded
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema

CHIP = 128
SMALL = PixelWindow(1, 2, 2, 2)
SCHEMA = ClassSchema.model_validate(
    {"classes": [{"value": value, "name": f"class {value}", "colour": "#000000"} for value in (1, 4, 0)]}
)
SIZES = ((1400, 1100), (700, 600))
Spots = Sequence[tuple[int, int, int, int]]

spots = st.lists(
    st.tuples(st.integers(0, 1300), st.integers(0, 1000), st.integers(1, 300), st.sampled_from(SCHEMA.values)),
    max_size=10,
)
two_images = st.tuples(spots, spots)


def painted(images: Sequence[np.ndarray], spots: Sequence[Spots]) -> list[np.ndarray]:
    """Return (H, W) values with further squares: (column, row, side, value)."""
    found = [values.copy() for values in images]
    for values, own in zip(found, spots, strict=True):
        for x, y, side, value in own:
            values[y : y + side, x : x + side] = value
    return found


BLANK = [np.full(size[::-1], 255, np.uint8) for size in SIZES]


def tiles_of(images: Sequence[np.ndarray]) -> Iterator[LabelTile]:
    for number, values in enumerate(images):
        for y in range(0, values.shape[0], 512):
            for x in range(0, values.shape[1], 512):
                tile = np.full((512, 512), 255, np.uint8)
                cut = values[y : y + 512, x : x + 512]
                tile[: cut.shape[0], : cut.shape[1]] = cut
                if (tile != 255).any():
                    yield number, TileKey(0, y // 512, x // 512), tile


def first_split(images: Sequence[np.ndarray], seed: int = 0, buffer: int = 0, by: SplitBy = "blocks") -> Split:
    tiles = list(tiles_of(images))
    return label_split(lambda: tiles, SIZES, SCHEMA, seed, CHIP, buffer=buffer, by=by)


def next_split(images: Sequence[np.ndarray], known: SplitAssignment, seed: int = 0, buffer: int = 0) -> Split:
    tiles = list(tiles_of(images))
    return continued_split(lambda: tiles, SIZES, SCHEMA, seed, CHIP, known, buffer=buffer)


def overlap(first: Sequence[tuple[int, PixelWindow]], second: Sequence[tuple[int, PixelWindow]]) -> bool:
    return any(a == b and one.intersection(other) is not None for a, one in first for b, other in second)


def check_cover(split: Split, images: Sequence[np.ndarray]) -> None:
    """Check that windows lie in their images and apart, and that every labelled pixel is in one."""
    covered = [np.zeros(values.shape, np.uint8) for values in images]
    for number, window in (*split.train, *split.val):
        height, width = images[number].shape
        assert 0 <= window.x < window.right <= width
        assert 0 <= window.y < window.bottom <= height
        covered[number][window.slices()] += 1
    for values, count in zip(images, covered, strict=True):
        assert count.max() <= 1
        assert (count[values != 255] == 1).all()


@given(two_images, two_images, two_images, st.integers(0, 9))
@settings(max_examples=40)
def test_no_run_validates_on_what_one_before_was_trained_on(
    first: Sequence[Spots], second: Sequence[Spots], third: Sequence[Spots], seed: int
) -> None:
    images = painted(BLANK, first)
    try:
        split = first_split(images)
    except DatasetError:
        return
    trained, validated = list(split.train), list(split.val)
    for spots, start in ((second, images), (third, BLANK), (first, BLANK)):  # from the third run on, labels are erased
        images = painted(start, spots)
        try:
            split = next_split(images, split.assignment, seed)
        except DatasetError:
            return
        check_cover(split, images)
        assert not overlap(trained, split.val)
        assert not overlap(validated, split.train)
        assert split == next_split(images, split.assignment, seed + 1)  # nothing is left to be chosen
        trained += split.train
        validated += split.val


@given(two_images, two_images, two_images, st.sampled_from([0, 20, 64, 200]))
@settings(max_examples=40)
def test_the_buffer_is_kept_from_what_any_run_before_was_trained_on(
    first: Sequence[Spots], second: Sequence[Spots], third: Sequence[Spots], buffer: int
) -> None:
    images = painted(BLANK, first)
    try:
        split = first_split(images, buffer=buffer)
        trained = list(split.train)
        for spots in (second, third):
            images = painted(images, spots)
            split = next_split(images, split.assignment, buffer=buffer)
            trained += split.train
            near = [(image, padded(window, split.buffer)) for image, window in trained]
            assert not overlap(near, split.val)
            assert split == next_split(images, split.assignment, seed=1, buffer=buffer)
    except DatasetError:
        return


def squares(*corners: tuple[int, int], side: int = 60) -> list[tuple[int, int, int, int]]:
    return [(x, y, side, SCHEMA.values[number % 3]) for number, (x, y) in enumerate(corners)]


FIRST = squares(*((x, y) for y in (20, 300) for x in range(20, 1200, 150)))


def test_the_same_labels_are_split_the_same() -> None:
    images = painted(BLANK, (FIRST, []))
    split = first_split(images)
    again = next_split(images, split.assignment, seed=5)
    assert (set(again.train), set(again.val)) == (set(split.train), set(split.val))
    assert again.assignment == split.assignment


def test_images_that_are_new_stay_whole_where_images_were_held_back() -> None:
    few, many = squares((20, 20), (1300, 1000), (1300, 60)), squares((0, 0), (300, 0), (0, 300), side=200)
    ground = first_split(painted(BLANK, (few, many)), by="images").assignment
    whole = [PixelWindow(0, 0, *size) for size in SIZES]
    assert [window for _, window, _ in ground.parts] == whole
    known = replace(ground, parts=((1, whole[1], False),), trained=())
    split = next_split(painted(BLANK, (few, many)), known)
    assert split.assignment.parts == ((1, whole[1], False), (0, whole[0], True))


def test_about_a_fifth_of_new_areas_validates() -> None:
    images = painted(BLANK, (FIRST, []))
    before = first_split(images)
    further = squares(*((x, y) for y in (600, 800, 1000) for x in range(20, 1200, 90)))
    split = next_split(painted(images, (further, squares((10, 10), (500, 10), (10, 500)))), before.assignment)
    labelled = [sum(window.pixels for _, window in side) for side in (split.train, split.val)]
    assert 0.08 < labelled[1] / sum(labelled) < 0.45
    assert len(split.assignment.parts) > len(before.assignment.parts)


def test_labels_in_training_areas_only_cannot_validate() -> None:
    known = SplitAssignment(512, ((0, PixelWindow(0, 0, 1400, 1100), False),))
    with pytest.raises(DatasetError, match="no labels are left to validate on"):
        next_split(painted(BLANK, (FIRST, [])), known)


def test_labels_in_validation_areas_only_cannot_train() -> None:
    known = SplitAssignment(512, ((0, PixelWindow(0, 0, 1400, 1100), True),))
    with pytest.raises(DatasetError, match="no labels are left to train on"):
        next_split(painted(BLANK, (FIRST, [])), known)


def test_the_assignment_is_saved_by_the_ids_of_images(tmp_path: Path) -> None:
    parts = (0, PixelWindow(0, 0, 9, 8), True), (1, PixelWindow(4, 0, 5, 6), False)
    ground = SplitAssignment(256, parts, ((1, PixelWindow(5, 0, 3, 6)),))
    earlier = SplitAssignment(
        256, ((3, PixelWindow(1, 2, 3, 4), False), (7, PixelWindow(0, 0, 9, 8), True)), ((3, SMALL),)
    )
    (tmp_path / "ground.json").write_text("of a run that is overwritten")
    save_split(tmp_path, ground, [7, 5], earlier)
    assert [path.name for path in tmp_path.iterdir()] == [SPLIT_FILE]
    kept = load_split(tmp_path)
    assert kept.block == 256
    assert kept.parts == (
        (7, PixelWindow(0, 0, 9, 8), True),
        (5, PixelWindow(4, 0, 5, 6), False),
        (3, PixelWindow(1, 2, 3, 4), False),
    )
    assert kept.trained == ((5, PixelWindow(5, 0, 3, 6)), (3, SMALL))
    assert of_images(kept, [7, 5]) == ground


def test_the_file_of_an_older_version_is_read(tmp_path: Path) -> None:
    ground = SplitAssignment(256, ((7, PixelWindow(0, 0, 9, 8), True),), ((7, SMALL),))
    save_split(tmp_path, ground, [0, 1, 2, 3, 4, 5, 6, 7])
    (tmp_path / SPLIT_FILE).rename(tmp_path / "ground.json")
    assert load_split(tmp_path) == ground


SENSELESS = [
    f'{{"block": 9, "parts": [], "trained": [{{"image_id": 1, "window": [0, 0, {width}, 1]}}]}}' for width in (0, 2**70)
]


@pytest.mark.parametrize("text", [None, "{", '{"block": 0, "parts": []}', *SENSELESS])
def test_a_damaged_record(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / SPLIT_FILE).write_text(text)
    with pytest.raises(TrainingError, match="training areas of the earlier run are not known"):
        load_split(tmp_path)
