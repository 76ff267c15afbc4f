from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import LAND_AND_WATER, write_run, write_samples

from landseg_core.geo.window import PixelWindow
from landseg_core.runs.sample_file import encoded_sample, read_samples, save_samples
from landseg_core.runs.samples import (
    BEST,
    CELL,
    MOST_SAMPLES,
    SAMPLE,
    SAMPLE_SIDE,
    WORST,
    SampleChooser,
    _cells,
    _Ranking,
)

SIDE = 40


def look(chooser: SampleChooser, stem: str, right: float, *, x: int = 0, labelled: float = 1.0) -> None:
    """Show a window of `SIDE` px of which the share `right` is right."""
    truth = np.zeros(SIDE * SIDE, np.uint8)
    truth[round(labelled * len(truth)) :] = 255
    prediction = (np.arange(len(truth)) >= right * len(truth)).astype(np.uint8)
    pixels = np.full((3, SIDE, SIDE), 77, np.uint8)
    shape = (SIDE, SIDE)
    chooser.add(stem, PixelWindow(x, 0, *shape), pixels, truth.reshape(shape), prediction.reshape(shape))


@pytest.fixture
def chooser() -> SampleChooser:
    return SampleChooser(2, 9 * SIDE**2)


def test_best_and_worst_go_by_accuracy(chooser: SampleChooser) -> None:
    for number in (3, 7, 1, 9, 5, 2, 8, 4, 6):
        look(chooser, f"image {number}", number / 10)
    chosen = chooser.chosen()
    assert [sample.stem for sample in chosen[BEST]] == ["image 9", "image 8", "image 7"]
    assert [sample.stem for sample in chosen[WORST]] == ["image 1", "image 2", "image 3"]
    assert [sample.stem for sample in chosen[SAMPLE]] == ["image 3", "image 9", "image 8"]
    best = chosen[BEST][0]
    assert best.accuracy == pytest.approx(0.9)
    assert best.miou == pytest.approx(0.45)
    assert (best.image == 77).all()


def test_the_fixed_samples_stay_the_same_whatever_the_model_says() -> None:
    def samples(shift: float) -> list[tuple[str, PixelWindow]]:
        chooser = SampleChooser(2, 6 * SIDE**2)
        for number in range(6):
            look(chooser, "image", (number + shift) % 6 / 6, x=number * SIDE)
        return [(sample.stem, sample.window) for sample in chooser.chosen()[SAMPLE]]

    assert samples(0) == samples(4)
    assert [window.x for _, window in samples(0)] == [0, 2 * SIDE, 4 * SIDE]


def test_what_is_hardly_labelled_is_not_shown(chooser: SampleChooser) -> None:
    look(chooser, "a", 0.1, labelled=0.2)
    assert not any(chooser.chosen().values())


def test_one_sample_is_not_both_best_and_worst(chooser: SampleChooser) -> None:
    look(chooser, "a", 0.5)
    chosen = chooser.chosen()
    assert (len(chosen[BEST]), len(chosen[WORST])) == (1, 0)


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(0, 20)), max_size=40), st.sampled_from([1.0, -1.0]))
def test_a_ranking_keeps_the_extremes_of_different_images(offers: list[tuple[str, int]], sign: float) -> None:
    class Shown:
        def __init__(self, stem: str, accuracy: int) -> None:
            self.stem, self.accuracy = stem, accuracy

    ranking = _Ranking(sign=sign)
    for stem, accuracy in offers:
        if ranking.wants(stem, accuracy):
            ranking.put(Shown(stem, accuracy))
    extremes: dict[str, int] = {}
    for stem, accuracy in offers:
        extremes[stem] = max(extremes.get(stem, accuracy), accuracy, key=lambda value: sign * value)
    expected = sorted(extremes.values(), key=lambda value: -sign * value)[:MOST_SAMPLES]
    assert [sample.accuracy for sample in ranking.ranked()] == expected


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_cells_cover_the_window_once(width: int, height: int) -> None:
    seen = np.zeros((height, width), np.uint8)
    for cell in _cells(width, height):
        assert max(cell.width, cell.height) <= CELL
        seen[cell.slices()] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(("bands", "dtype"), [(1, "uint8"), (3, "uint16"), (4, "float32"), (2, "int16")])
def test_any_bands_become_a_small_image(bands: int, dtype: str) -> None:
    rng = np.random.default_rng(1)
    pixels = (rng.uniform(0, 200, (bands, 500, 400)) * (1 if dtype == "uint8" else 100)).astype(dtype)
    pixels[:, :50] = 0
    truth = rng.integers(0, 2, (500, 400)).astype(np.uint8)
    chooser = SampleChooser(2, 500 * 400)
    chooser.add("a", PixelWindow(0, 0, 400, 500), pixels, truth, truth)
    (sample,) = chooser.chosen()[BEST]
    height, width = sample.truth.shape
    assert (height, width) == (SAMPLE_SIDE, 307)
    assert sample.image.shape == (height, width, 3)
    assert sample.image.dtype == np.uint8
    assert sample.image.max() > 200
    assert set(np.unique(sample.prediction)) == {0, 1}
    assert sample.image.base is None


def test_samples_come_back_in_the_colours_of_the_classes(tmp_path) -> None:
    folder = write_run(tmp_path / "run")
    write_samples(folder)
    saved = read_samples(folder / "samples.json")
    assert saved.epoch == 2
    (sample,) = saved.samples["best"]
    rgba = _decoded(sample.truth)[..., [2, 1, 0, 3]]
    land, water = (item.rgb for item in LAND_AND_WATER.classes)
    assert tuple(rgba[5, 5]) == (*land, 255)
    assert tuple(rgba[5, 25]) == (*water, 255)
    assert rgba[0, 5, 3] == 0
    assert (sample.width, sample.height) == (30, 20)
    assert np.abs(_decoded(sample.image).astype(int) - 90).max() <= 3


def test_no_file_is_no_samples(tmp_path) -> None:
    assert read_samples(tmp_path / "samples.json") is None


def test_nine_samples_are_small(tmp_path) -> None:
    chooser = SampleChooser(2, 9 * CELL**2)
    rng = np.random.default_rng(0)
    for number in range(9):
        pixels = cv2.blur(rng.integers(0, 255, (CELL, CELL, 3), np.uint8), (9, 9)).transpose(2, 0, 1)
        truth = np.zeros((CELL, CELL), np.uint8)
        truth[:, : 50 * number] = 1
        chooser.add(f"{number}", PixelWindow(0, 0, CELL, CELL), pixels, truth, np.zeros_like(truth))
    chosen = chooser.chosen()
    path = tmp_path / "samples.json"
    save_samples(path, 1, chosen, LAND_AND_WATER)
    assert path.stat().st_size < 1_000_000
    assert len(encoded_sample(chosen[BEST][0], LAND_AND_WATER).truth) < 20_000


def _decoded(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
