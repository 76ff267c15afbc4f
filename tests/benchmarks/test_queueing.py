"""Answers to questions of the queue, and the line made of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.assistant import queueing
from benchmarks.assistant.line import Case
from benchmarks.assistant.queueing import at_largest_errors, at_questions, at_random, most_frequent, queue
from benchmarks.assistant.scenes import DataSet, View
from benchmarks.assistant.suggesting import LabelledImage

CLICKS = 6


@pytest.fixture(autouse=True)
def _few_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "CLICKS", CLICKS)
    monkeypatch.setattr(queueing, "VIEWS", 1)


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    """Return one image, dark above and bright below with a red square; its left columns are of no known class."""
    truth = np.zeros((200, 260), np.uint8)
    truth[100:], truth[130:180, 150:220], truth[:, :20] = 2, 1, 255
    colours = np.zeros((256, 3))
    colours[[0, 1, 2, 255]] = (60, 60, 60), (40, 60, 200), (170, 170, 170), (60, 60, 60)
    noise = np.random.default_rng(0).integers(0, 20, (*truth.shape, 3))
    for kind, pixels in (("images", colours[truth] + noise), ("masks", truth)):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "here_0.png"), pixels.astype(np.uint8))
    (tmp_path / "train.txt").write_text("here_0\n")
    (tmp_path / "val.txt").write_text("elsewhere\n")
    return DataSet(tmp_path)


@pytest.mark.parametrize("clicks", [at_questions, at_random, at_largest_errors])
def test_each_click_labels_a_cell_with_its_class(data: DataSet, clicks) -> None:
    scene = data.scene("here")
    truth = scene.truth()[0][:, 10:]
    view = View(scene.images[0], 10, 0, np.zeros((*truth.shape, 3), np.uint8), truth)
    with LabelledImage(view.image) as image:
        labels = clicks(view, image, np.random.default_rng(0))
        cells = image.cells(view.window)
    labelled = labels != 255
    assert 2 <= len(np.unique(cells[labelled])) <= CLICKS
    assert (labels[labelled] == truth[labelled]).mean() > 0.8
    if clicks is not at_largest_errors:
        assert len(np.unique(cells[labelled])) == CLICKS
        for cell in np.unique(cells[labelled]):
            assert set(labels[cells == cell]) == {most_frequent(truth[cells == cell])}


def test_the_line_of_questions(data: DataSet, tmp_path: Path) -> None:
    done = queue(Case(data, data.scene("here"), 0, tmp_path))
    assert min(done.values["accuracy"]) > 0.9
    assert {len(values) for values in done.values.values()} == {1}
    assert done.effort.clicks == CLICKS


def test_the_most_frequent_class_of_nothing_known_is_none() -> None:
    assert most_frequent(np.array([255, 3, 1, 3], np.uint8)) == 3
    assert most_frequent(np.array([255], np.uint8)) == 255
