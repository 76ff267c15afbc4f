"""How folders are split: by what is labelled in their masks, as the labels of a project are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.split import folders as folder_split
from landseg_core.data.split.continued import SPLIT_IGNORED
from landseg_core.data.split.folders import mask_tiles
from landseg_core.errors import DatasetError, JobStopped
from landseg_core.events import Event, JobControl, Progress
from landseg_core.geo.rectangles import padded
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.reader import MaskSource

WritePair = Callable[..., tuple[Path, Path]]


def _blobs(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Return (H, W) class values in squares of 32 px."""
    values = np.random.default_rng(seed).choice(np.array([1, 4, 0], np.uint8), (size[1] // 32 + 1, size[0] // 32 + 1))
    return values.repeat(32, 0).repeat(32, 1)[: size[1], : size[0]]


def _labelled(areas: tuple) -> np.ndarray:
    return np.sum([area.class_px for area in areas], axis=0)


@pytest.mark.parametrize("seed", range(4))
def test_images_that_are_labelled_in_a_corner_only_can_be_trained_on(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema, seed: int
) -> None:
    for number, stem in enumerate("ab"):
        mask = np.full((1536, 2048), 255, np.uint8)
        mask[:500, :500] = _blobs((500, 500), number)
        write_pair(stem, (2048, 1536), mask=mask)
    data = folder_data(tmp_path / "images", tmp_path / "masks", schema, seed=seed)
    trained, validated = _labelled(data.train), _labelled(data.val)
    assert (trained > 0).all()
    assert (validated > 0).all()
    assert 0.1 < validated.sum() / (trained + validated).sum() < 0.4
    assert all(any(area.class_px) for area in (*data.train, *data.val))


@pytest.mark.parametrize("seed", range(3))
def test_of_fully_labelled_images_about_a_fifth_validates(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema, seed: int
) -> None:
    for number, stem in enumerate("ab"):
        write_pair(stem, (2300, 1900), mask=_blobs((2300, 1900), number))
    data = folder_data(tmp_path / "images", tmp_path / "masks", schema, seed=seed)
    trained, validated = (sum(area.window.pixels for area in side) for side in (data.train, data.val))
    assert 0.85 < (trained + validated) / (2 * 2300 * 1900) < 1
    assert 0.15 < validated / (trained + validated) < 0.3
    near = [(area.stem, padded(area.window, 64)) for area in data.val]
    assert not any(one.stem == stem and window.intersection(one.window) for one in data.train for stem, window in near)


def test_the_same_seed_gives_the_same_split(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("a", (2300, 1900), mask=_blobs((2300, 1900)))
    folders = tmp_path / "images", tmp_path / "masks"
    splits = [folder_data(*folders, schema, seed=seed) for seed in (5, 5, 6, 7)]
    assert splits[0] == splits[1]
    assert len({(data.train, data.val) for data in splits}) > 1


@pytest.mark.parametrize(("size", "few"), [((300, 260), 1 << 24), ((1500, 1200), 1 << 24), ((1500, 1200), 0)])
def test_what_an_earlier_model_was_trained_on_keeps_its_side(
    tmp_path: Path,
    write_pair: WritePair,
    schema: ClassSchema,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    few: int,
) -> None:
    """Also where masks have changed since, and another seed would choose other blocks."""
    monkeypatch.setattr(folder_split, "_FEW_PIXELS", few)
    folders = tmp_path / "images", tmp_path / "masks"
    write_pair("a", size, mask=_blobs(size))
    first = folder_data(*folders, schema)
    trained = [area.window for area in first.train]
    write_pair("a", size, mask=_blobs(size, 1))
    data = folder_data(*folders, schema, seed=5, find_trained=lambda areas: {areas[0].image: trained})
    buffer = 64 if size[0] > 1000 else 0
    near = [padded(window, buffer) for window in trained]
    assert not any(area.window.intersection(window) for area in data.val for window in near)
    validated = [sum(area.window.pixels for area in side) for side in (data.val, first.val)]
    assert validated[0] > 0.5 * validated[1]
    assert (_labelled(data.train) > 0).all()


def test_a_split_by_images_gives_way_to_what_was_trained_on(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema
) -> None:
    folders = tmp_path / "images", tmp_path / "masks"
    for stem in "abcdef":
        write_pair(stem, (300, 300), mask=_blobs((300, 300), ord(stem)))
    first = folder_data(*folders, schema, split="images")
    trained = {area.image: [area.window] for area in first.train}
    data = folder_data(*folders, schema, seed=3, split="images", find_trained=lambda _areas: trained)
    assert {area.stem for area in data.val} <= {area.stem for area in first.val}
    assert SPLIT_IGNORED in data.notices


def test_images_without_labels_are_reported(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("a", (2300, 1900), mask=_blobs((2300, 1900)))
    write_pair("u", mask=np.full((30, 40), 255, np.uint8))
    data = folder_data(tmp_path / "images", tmp_path / "masks", schema)
    assert "one of 2 images has no labelled pixels and is left out" in data.notices
    assert {area.stem for area in (*data.train, *data.val)} == {"a"}


def test_masks_with_a_speck_of_labels(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    mask = np.full((30, 40), 255, np.uint8)
    mask[:9], mask[0, :20] = 0, 1
    write_pair("u", mask=mask)
    with pytest.raises(
        DatasetError, match=r"too few or too small.*name images to train and to validate on in two list"
    ):
        folder_data(tmp_path / "images", tmp_path / "masks", schema)


def test_an_unknown_value_is_named_before_anything_is_split(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema
) -> None:
    write_pair("a", mask=np.full((30, 40), 9, np.uint8))
    with pytest.raises(DatasetError, match=r"a.png holds the value 9 in 1200 px, which no class has"):
        folder_data(tmp_path / "images", tmp_path / "masks", schema)


def test_a_split_can_be_stopped(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("a", (2300, 1900), mask=_blobs((2300, 1900)))
    control = JobControl()

    def stop_while_splitting(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "finding labels":
            control.stop()

    with pytest.raises(JobStopped):
        folder_data(tmp_path / "images", tmp_path / "masks", schema, on_event=stop_while_splitting, control=control)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(width=st.integers(1, 1300), height=st.integers(1, 1300), seed=st.integers(0, 9))
def test_the_tiles_of_a_mask_hold_all_its_labels(
    tmp_path: Path, schema: ClassSchema, width: int, height: int, seed: int
) -> None:
    values = np.where(_blobs((width, height), seed) == 1, np.uint8(255), _blobs((width, height), seed + 1))
    mask = MaskSource(write_raster(tmp_path / "m.tif", values), schema)
    read: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder_split, "_WIDTH", 1024)
        tiles = dict(mask_tiles(mask, read.append))
    whole = np.full((3 * 512, 3 * 512), 255, np.uint8)
    for key, tile in tiles.items():
        assert tile.shape == (512, 512)
        assert (tile != 255).any()
        whole[key.row * 512 :, key.column * 512 :][:512, :512] = tile
    np.testing.assert_array_equal(whole[:height, :width], values)
    assert (whole[height:] == 255).all()
    assert sum(read) == width * height


def test_a_buffer_too_wide_for_small_images_is_narrower_for_a_fine_tuned_run_as_well(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema
) -> None:
    for number, stem in enumerate("ab"):
        write_pair(stem, (128, 128), mask=_blobs((128, 128), number))
    first = folder_data(tmp_path / "images", tmp_path / "masks", schema)
    trained = {pair.image: [area.window for area in first.train if area.image == pair.image] for pair in first.train}

    again = folder_data(tmp_path / "images", tmp_path / "masks", schema, find_trained=lambda _areas: trained)
    assert again.val
    for area in again.val:
        assert all(area.window.intersection(window) is None for window in trained[area.image])
