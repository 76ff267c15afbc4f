"""The recipe that turns full masks into scribbles."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scribbles import SCRIBBLE, rooms, scribbles, write_scribbles


def regions(seed: int, side: int = 300) -> np.ndarray:
    """Return (S, S) values: round spots of four classes over a fifth, a thin line of another, and unlabelled px."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((side, side), np.uint8)
    for _ in range(25):
        x, y = rng.integers(0, side, 2).tolist()
        cv2.circle(mask, (x, y), int(rng.integers(6, 50)), int(rng.integers(1, 5)), -1)
    mask[side // 2 : side // 2 + 2] = 9
    mask[:20, :20] = 255
    return mask


def drawn(mask: np.ndarray, share: float = 0.01, seed: int = 0) -> np.ndarray:
    return scribbles(mask, share, np.random.default_rng(seed))


@given(st.integers(0, 1000), st.floats(0.005, 0.05))
@settings(max_examples=30)
def test_the_share_that_is_asked_for(seed: int, share: float) -> None:
    mask = regions(seed, side=400)
    labelled = (drawn(mask, share, seed) != 255).mean()
    assert 0.9 * share <= labelled <= 1.1 * share


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_strokes_tell_the_truth_and_each_wide_class_gets_one(seed: int) -> None:
    mask = regions(seed)
    found = drawn(mask, seed=seed)
    assert ((found == mask) | (found == 255)).all()
    assert set(np.unique(found)) == {room.value for room in rooms(mask)} | {255}
    assert 9 not in found  # two px are no room for a stroke of three


def test_strokes_are_three_px_wide() -> None:
    found = drawn(np.zeros((1000, 1000), np.uint8)) == 0
    image = found.astype(np.uint8)
    kept = {side: cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) for side in (3, 5)}
    assert kept[3].sum() > 0.99 * image.sum()
    assert kept[5].sum() < 0.1 * image.sum()  # where strokes turn sharply, or cross


def test_strokes_are_long_lines() -> None:
    count, _, boxes, _ = cv2.connectedComponentsWithStats(
        (drawn(np.zeros((1000, 1000), np.uint8)) == 0).astype(np.uint8)
    )
    assert 20 < count - 1 <= 0.01 * 1000**2 / SCRIBBLE.width / SCRIBBLE.lengths[0]
    assert np.median(boxes[1:, 4]) > SCRIBBLE.width * SCRIBBLE.lengths[0]


def test_large_regions_get_more() -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[:, :80] = 1
    counts = np.bincount(drawn(mask, 0.05).ravel(), minlength=2)
    assert 0.15 < counts[1] / counts[:2].sum() < 0.25


def test_narrow_regions_get_their_share_though_their_strokes_are_short() -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[np.arange(400) % 20 < 8] = 1  # of the room 4 in 4 + 8 rows are its own
    counts = np.bincount(drawn(mask, 0.05).ravel(), minlength=2)
    assert 0.25 < counts[1] / counts[:2].sum() < 0.42


def test_the_seed_decides() -> None:
    mask = regions(1)
    np.testing.assert_array_equal(drawn(mask, seed=4), drawn(mask, seed=4))
    assert (drawn(mask, seed=4) != drawn(mask, seed=5)).any()


def test_the_same_strokes_as_ever() -> None:
    """Results that were measured with scribbles stay comparable: their strokes do not change."""
    assert zlib.crc32(drawn(regions(3), 0.02, seed=3).tobytes()) == 3620328424


def test_masks_without_room() -> None:
    assert (drawn(np.full((50, 50), 255, np.uint8)) == 255).all()
    assert (drawn(np.arange(2500, dtype=np.int64).reshape(50, 50).astype(np.uint8) % 7) == 255).all()


def test_listed_masks_are_written_alike_whatever_else_is_listed(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for number, stem in enumerate("abc"):
        cv2.imwrite(str(tmp_path / "masks" / f"{stem}.png"), regions(number))
    for name, stems in (("two", "a\nc\n"), ("one", "c\n")):
        (tmp_path / f"{name}.txt").write_text(stems)
        write_scribbles(tmp_path / "masks", tmp_path / f"{name}.txt", tmp_path / name, 0.01, seed=0)
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["a.png", "c.png"]
    assert (tmp_path / "one" / "c.png").read_bytes() == (tmp_path / "two" / "c.png").read_bytes()
    written = cv2.imread(str(tmp_path / "two" / "c.png"), cv2.IMREAD_UNCHANGED)
    assert written.shape == (300, 300)
    assert 0.009 <= (written != 255).mean() <= 0.011
