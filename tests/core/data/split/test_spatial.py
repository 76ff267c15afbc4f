"""How labels are split: every labelled pixel on one side, whole blocks apart, each class on both where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.data.split.label_grid import LabelTile, count_cells
from landseg_core.data.split.spatial import label_split
from landseg_core.data.split.splits import Split
from landseg_core.errors import DatasetError
from landseg_core.geo.rectangles import padded
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema

CHIP = 256


def schema_of(*values: int) -> ClassSchema:
    classes = [{"value": value, "name": f"class {value}", "colour": "#000000"} for value in values]
    return ClassSchema.model_validate({"classes": classes})


SCHEMA = schema_of(1, 4, 0)
Spots = Sequence[tuple[int, int, int, int]]


def labels_of(size: tuple[int, int], spots: Spots) -> np.ndarray:
    """Return (H, W) values with squares: (column, row, side, value)."""
    values = np.full(size[::-1], 255, np.uint8)
    for x, y, side, value in spots:
        values[y : y + side, x : x + side] = value
    return values


def tiles_of(images: Sequence[np.ndarray]) -> Iterator[LabelTile]:
    for number, values in enumerate(images):
        for row in range(-(-values.shape[0] // 512)):
            for column in range(-(-values.shape[1] // 512)):
                cut = values[row * 512 : row * 512 + 512, column * 512 : column * 512 + 512]
                tile = np.full((512, 512), 255, np.uint8)
                tile[: cut.shape[0], : cut.shape[1]] = cut
                if (tile != 255).any():
                    yield number, TileKey(0, row, column), tile


def split_of(
    *images: np.ndarray, seed: int = 0, chip: int = CHIP, schema: ClassSchema = SCHEMA, buffer: int = 0, **how: Any
) -> Split:
    sizes, tiles = [(values.shape[1], values.shape[0]) for values in images], list(tiles_of(images))
    return label_split(lambda: tiles, sizes, schema, seed, chip, buffer=buffer, **how)


def pixels_by_class(side: Sequence, images: Sequence[np.ndarray]) -> np.ndarray:
    """Return (3,) labelled px by class index in the windows of a side."""
    total = np.zeros(256, np.int64)
    for number, window in side:
        total += np.bincount(images[number][window.slices()].ravel(), minlength=256)
    return total[list(SCHEMA.values)]


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


spots = st.tuples(st.integers(0, 1100), st.integers(0, 900), st.integers(1, 300), st.sampled_from(SCHEMA.values))


@given(st.lists(st.lists(spots, max_size=12), min_size=1, max_size=3), st.integers(0, 9))
@settings(max_examples=30)
def test_every_labelled_pixel_is_on_one_side(spots_of_images: list[list], seed: int) -> None:
    images = [labels_of((1100, 900), spots) for spots in spots_of_images]
    try:
        split = split_of(*images, seed=seed)
    except DatasetError:
        widest = [_extent(values) for values in images]
        assert max(widest) < 64
        return
    assert split.train
    assert split.val
    check_cover(split, images)
    if max(map(_places, images)) > 4:  # then it is split by blocks
        trained, validated = (pixels_by_class(side, images) for side in (split.train, split.val))
        assert (trained[trained + validated > 0] > 0).all()


def check_apart(split: Split, images: Sequence[np.ndarray]) -> None:
    """Check that no window to train on comes within the buffer of one to validate on, and that all hold labels."""
    for image, window in split.val:
        near = padded(window, split.buffer)
        assert not [one for one in split.train if one[0] == image and one[1].intersection(near)]
    for image, window in (*split.train, *split.val):
        assert (images[image][window.slices()] != 255).any()


@given(
    st.lists(st.lists(spots, max_size=12), min_size=1, max_size=3),
    st.integers(0, 9),
    st.integers(0, 150),
    st.sampled_from(["blocks", "images"]),
)
@settings(max_examples=40)
def test_a_buffer_lies_between_both_sides(
    spots_of_images: list[list], seed: int, buffer: int, by: Literal["blocks", "images"]
) -> None:
    images = [labels_of((1100, 900), spots) for spots in spots_of_images]
    try:
        split, whole = (split_of(*images, seed=seed, buffer=distance, by=by) for distance in (buffer, 0))
    except DatasetError:
        return
    assert split == split_of(*images, seed=seed, buffer=buffer, by=by)
    assert split.val == whole.val
    assert split.buffer <= buffer
    check_apart(split, images)
    kept, every = (pixels_by_class(side, images) for side in (split.train, whole.train))
    assert kept.sum() >= every.sum() / 2
    assert ((kept > 0) == (every > 0)).all()


def test_labels_all_over_keep_the_whole_buffer_and_about_a_fifth_validates() -> None:
    image = labels_of((5200, 4100), [(0, 0, 6000, 1)])
    for seed in range(3):
        split = split_of(image, seed=seed, buffer=64)
        assert split.buffer == 64
        check_apart(split, [image])
        trained, validated = (pixels_by_class(side, [image]).sum() for side in (split.train, split.val))
        assert trained + validated > 0.85 * image.size
        assert 0.15 < validated / (trained + validated) < 0.3


def test_whole_images_are_held_back_so_that_every_class_is_on_both_sides() -> None:
    images = [labels_of((900, 700), [(50, 50, 80, 1), (400, 300, 90 + 9 * k, (4, 0)[k % 2])]) for k in range(6)]
    for seed in range(3):
        split = split_of(*images, seed=seed, by="images")
        assert {image for image, _ in split.train}.isdisjoint(image for image, _ in split.val)
        check_cover(split, images)
        assert all((pixels_by_class(side, images) > 0).all() for side in (split.train, split.val))


def test_of_images_with_a_class_each_the_least_labelled_is_held_back() -> None:
    images = [labels_of((900, 700), [(50, 50, side, value)]) for side, value in ((300, 1), (90, 4), (200, 0))]
    assert {image for image, _ in split_of(*images, by="images").val} == {1}


def test_one_labelled_image_cannot_be_held_back() -> None:
    images = [labels_of((900, 700), [(50, 50, 300, 1)]), np.full((700, 900), 255, np.uint8)]
    with pytest.raises(DatasetError, match=r"only one image is labelled.*label a second one, or split by blocks"):
        split_of(*images, by="images")


def _extent(values: np.ndarray) -> int:
    rows, columns = np.nonzero(values != 255)
    return max(np.ptp(rows), np.ptp(columns)) + 1 if len(rows) else 0


def _places(values: np.ndarray) -> int:
    """Return how many squares of 256 px hold labels, a narrow rest at the edges counted to its neighbour."""
    rows, columns = (np.minimum(index // 256, 3) for index in np.nonzero(values != 255))
    return len(np.unique(4 * rows + columns)) if len(rows) else 0


def scattered(count: int, seed: int = 3, size: tuple[int, int] = (5000, 5000)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return labels_of(
        size,
        [
            (*rng.integers(0, 4800, 2).tolist(), int(rng.integers(20, 150)), SCHEMA.values[number % 3])
            for number in range(count)
        ],
    )


@pytest.mark.parametrize("seed", range(6))
def test_about_a_fifth_of_the_labels_validates_and_every_class_is_on_both_sides(seed: int) -> None:
    image = scattered(70)
    split = split_of(image, seed=seed)
    trained, validated = (pixels_by_class(side, [image]) for side in (split.train, split.val))
    assert 0.12 < validated.sum() / (trained + validated).sum() < 0.32
    assert (trained > 0).all()
    assert (validated > 0).all()
    check_cover(split, [image])


def test_the_split_depends_on_labels_and_seed_only() -> None:
    image = scattered(40)
    assert split_of(image, seed=5) == split_of(image.copy(), seed=5)
    assert len({split_of(image, seed=seed) for seed in range(6)}) > 2


def diagonal(step: int) -> np.ndarray:
    """Return ten spots down the diagonal, `step` px apart, as far as the image reaches."""
    return labels_of((4096, 4096), [(40 + step * k, 40 + step * k, 60, 1) for k in range(10) if step * k < 3900])


@pytest.mark.parametrize(("step", "side"), [(600, 1024), (260, 512), (130, 256)])
def test_blocks_are_as_large_as_the_labels_allow(step: int, side: int) -> None:
    split = split_of(diagonal(step), chip=side)  # chips so large that a window is the whole block
    assert {(window.width, window.height) for _, window in (*split.train, *split.val)} == {(side, side)}


def test_blocks_are_no_smaller_than_they_need_be_and_no_slivers() -> None:
    split = split_of(labels_of((5 * 1024 + 100, 1500), [(0, 0, 6000, 1)]), chip=64)
    windows = [window for _, window in (*split.train, *split.val)]
    assert {(window.width, window.height) for window in windows} == {(1024, 1500), (1124, 1500)}


def test_chips_are_never_larger_than_blocks_where_a_cut_helps() -> None:
    split = split_of(diagonal(130), chip=512)
    assert max(window.width for _, window in split.train) > 256
    check_cover(split, [diagonal(130)])


def test_a_rare_class_in_two_blocks_is_on_both_sides_at_any_seed() -> None:
    image = scattered(60)
    image[image == 4] = 1
    image[100:160, 100:160] = image[4500:4560, 4500:4560] = 4
    for seed in range(4):
        split = split_of(image, seed=seed)
        assert pixels_by_class(split.train, [image])[1] > 0
        assert pixels_by_class(split.val, [image])[1] > 0


def test_a_class_in_one_block_is_trained_on() -> None:
    image = scattered(60)
    image[image == 0] = 1
    image[100:105, 100:105] = 0
    for seed in range(4):
        assert pixels_by_class(split_of(image, seed=seed).train, [image])[2] == 25


def test_labels_close_together_are_cut_across_all_classes() -> None:
    image = labels_of((900, 700), [(300, 300, 80, 1), (380, 300, 80, 4), (460, 300, 80, 0)])
    split = split_of(image)
    check_cover(split, [image])
    trained, validated = (pixels_by_class(side, [image]) for side in (split.train, split.val))
    assert (trained > validated).all()
    assert (validated > 500).all()


def test_classes_of_one_spot_each_are_cut_where_no_block_can_be_spared() -> None:
    image = labels_of((3000, 3000), [(20 + 512 * k, 20, 60, k) for k in range(5)])
    split = split_of(image, schema=schema_of(*range(5)))
    check_cover(split, [image])
    assert split.train
    assert split.val


def test_a_cut_leaves_every_class_something_to_train_on() -> None:
    values = (4, 1, 1, 1, 0)  # down a diagonal: a fifth just so would be all of the 4, or all of the 0
    image = labels_of((900, 700), [(300 + 60 * k, 300 + 60 * k, 60, value) for k, value in enumerate(values)])
    assert (pixels_by_class(split_of(image).train, [image]) > 0).all()


def test_a_cut_image_is_on_both_sides_and_a_speck_is_trained_on() -> None:
    images = [labels_of((300, 200), [(20, 20, 120, 1)]), labels_of((300, 200), [(100, 100, 9, 4)])]
    split = split_of(*images)
    check_cover(split, images)
    assert {number for number, _ in split.train} == {0, 1}
    assert {number for number, _ in split.val} == {0}


def test_windows_show_as_much_around_the_labels_as_chips_do_and_no_more() -> None:
    image = labels_of((6000, 1024), [(500 + 1024 * k, 500, 20, 1) for k in range(5)])
    split = split_of(image)
    windows = sorted(window for _, window in (*split.train, *split.val))
    assert len(windows) == 5
    for number, window in enumerate(windows):
        x = 500 + 1024 * number
        assert x - CHIP < window.x <= x - CHIP // 2
        assert x + 20 + CHIP // 2 <= window.right < x + 20 + 128 + CHIP
        assert (window.y, window.bottom) == (384 - CHIP // 2, 640 + CHIP // 2)


def test_far_apart_labels_of_a_block_get_windows_of_their_own() -> None:
    far_apart = [(1024 * k + x, y, 20, 1) for k in range(5) for x, y in ((20, 20), (900, 920))]
    split = split_of(labels_of((5120, 1024), far_apart))
    windows = [window for _, window in (*split.train, *split.val)]
    assert len(windows) == 10
    assert {(window.width, window.height) for window in windows} == {(CHIP, CHIP)}
    check_cover(split, [labels_of((5120, 1024), far_apart)])


def test_nothing_labelled() -> None:
    with pytest.raises(DatasetError, match="nothing is labelled yet; label some areas of each class"):
        split_of(np.full((600, 600), 255, np.uint8))


def test_one_speck_cannot_be_split() -> None:
    with pytest.raises(
        DatasetError, match=r"too small to hold back a part.*label larger areas, or at least five areas"
    ):
        split_of(labels_of((600, 600), [(300, 300, 20, 1)]))


def test_values_without_a_class_do_not_count() -> None:
    tile = np.full((512, 512), 7, np.uint8)
    assert count_cells([(0, TileKey(0, 0, 0), tile)], SCHEMA, 128).counts.size == 0


@given(st.integers(0, 2**31), st.sampled_from([8, 64, 128]))
@settings(max_examples=20)
def test_cells_count_every_labelled_pixel(seed: int, side: int) -> None:
    rng = np.random.default_rng(seed)
    tile = rng.choice(np.array([1, 4, 0, 255, 255], np.uint8), (8, 8)).repeat(64, 0).repeat(64, 1)
    tile[rng.random(tile.shape) < 0.01] = 4
    cells = count_cells([(2, TileKey(0, 3, 1), tile)], SCHEMA, side)
    for row, column, counts in zip(cells.row, cells.column, cells.counts, strict=True):
        y, x = row * side - 3 * 512, column * side - 512
        expected = np.bincount(tile[y : y + side, x : x + side].ravel(), minlength=256)[list(SCHEMA.values)]
        np.testing.assert_array_equal(counts, expected)
    assert cells.counts.sum() == (tile != 255).sum()
    assert (cells.image == 2).all()
