"""What is suggested for views: cells in the view, labels in and out of it, and the lines made of that."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.assistant import forest
from benchmarks.assistant.another_image import suggestion_on_another_image
from benchmarks.assistant.line import Case
from benchmarks.assistant.scenes import DataSet, view_of
from benchmarks.assistant.suggesting import LabelledImage
from benchmarks.assistant.views import clicks
from landseg_core.geo.window import PixelWindow

VIEW = PixelWindow(400, 30, 250, 180)
"""Over the edge between two tiles."""


def halves(height: int = 220, width: int = 680) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (H, W, 3) that is dark above a slanting line and bright below it, with noise, and its classes."""
    rows, columns = np.mgrid[:height, :width]
    truth = (rows + columns / 10 > height / 2 + 30).astype(np.uint8) * 2
    noise = np.random.default_rng(0).integers(0, 30, (height, width, 3))
    return (np.where(truth == 2, 170, 70)[..., None] + noise).astype(np.uint8), truth


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    """Return four such images of one scene."""
    rgb, truth = halves()
    stems = [f"here_{number}" for number in range(4)]
    for kind, pixels in (("images", rgb), ("masks", truth)):
        (tmp_path / kind).mkdir()
        for stem in stems:
            cv2.imwrite(str(tmp_path / kind / f"{stem}.png"), pixels)
    (tmp_path / "train.txt").write_text("".join(f"{stem}\n" for stem in stems))
    (tmp_path / "val.txt").write_text("elsewhere\n")
    return DataSet(tmp_path)


def case(data: DataSet, folder: Path) -> Case:
    return Case(data, data.scene("here"), 0, folder)


def test_cells_of_a_view_are_those_of_the_image(data: DataSet) -> None:
    with LabelledImage(data.scene("here").images[0]) as image:
        cells, whole = image.cells(VIEW), image.cells(image.window)[VIEW.slices()]
    assert cells.shape == (VIEW.height, VIEW.width)
    assert cells.min() >= 0
    left, right = cells[:, : 512 - VIEW.x], cells[:, 512 - VIEW.x :]
    assert not set(np.unique(left)) & set(np.unique(right))
    pairs = np.unique(np.stack([cells.ravel(), whole.ravel()]), axis=1)
    assert len(pairs[0]) == len(np.unique(cells)) == len(np.unique(whole))


def test_two_labels_are_enough_for_a_simple_view(data: DataSet) -> None:
    truth = halves()[1][VIEW.slices()]
    labels = np.full(truth.shape, 255, np.uint8)
    with LabelledImage(data.scene("here").images[0]) as image:
        assert (image.suggest(VIEW) == 255).all()  # no class has a label
        cells = image.cells(VIEW)
        for value, row in ((0, 5), (2, 150)):
            labels[cells == cells[row, 200]] = value
            assert truth[row, 200] == value
        image.label(VIEW, labels)
        assert (image.suggest(VIEW) == truth).mean() > 0.95


def test_labels_of_another_image_are_enough(data: DataSet) -> None:
    first, second = data.scene("here").images[:2]
    truth = halves()[1]
    labels = np.full(truth.shape, 255, np.uint8)
    labels[10:30, 100:300], labels[180:200, 100:300] = 0, 2
    with LabelledImage(first) as image:
        image.label(image.window, labels)
        rows = image.row_groups()
    with LabelledImage(second) as image:
        assert (image.suggest(VIEW, rows) == truth[VIEW.slices()]).mean() > 0.95


def test_the_line_of_clicks(data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "TREES", 3)
    done = clicks(case(data, tmp_path))
    assert {len(values) for values in done.values.values()} == {3}
    assert min(done.values["accuracy"]) > 0.95
    assert max(done.values["clicks_until_content"]) <= 10
    assert done.effort.looks == 3


def test_the_line_of_another_image(data: DataSet, tmp_path: Path) -> None:
    done = suggestion_on_another_image(case(data, tmp_path))
    assert done.values["accuracy"] > 0.95
    assert done.effort.strokes == 30


def test_a_view_shows_two_classes_where_it_can(tmp_path: Path) -> None:
    truth = np.zeros((1000, 1000), np.uint8)
    truth[:400] = 1
    truth[:5] = 255
    for name, pixels in (("image", np.dstack([truth] * 3)), ("mask", truth)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
    for seed in range(10):
        view = view_of(tmp_path / "image.png", tmp_path / "mask.png", np.random.default_rng(seed))
        assert {0, 1} <= set(np.unique(view.truth).tolist())
    cv2.imwrite(str(tmp_path / "mask.png"), np.minimum(truth, 0))
    assert not view_of(tmp_path / "image.png", tmp_path / "mask.png", np.random.default_rng(0)).has_choice
