"""Answers to questions of the queue, and the line made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.models import random_bundle

from benchmarks.assistant import queueing
from benchmarks.assistant.line import Case
from benchmarks.assistant.queueing import (
    at_largest_errors,
    at_questions,
    at_random,
    most_frequent,
    queue,
    region_around,
    strokes_at_questions,
)
from benchmarks.assistant.scenes import DataSet, View
from benchmarks.assistant.suggesting import LabelledImage
from landseg_core.assistant.label_queue import Question
from landseg_core.labels.classes import load_classes
from landseg_core.labels.regions import CoarseRegion

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


def test_strokes_lie_in_the_true_class_near_the_questions(data: DataSet) -> None:
    scene = data.scene("here")
    (truth,) = scene.truth()
    with LabelledImage(scene.images[0]) as image:
        drawn = strokes_at_questions(image, truth, 4, np.random.default_rng(0))
    assert len(drawn) == 4
    for stroke in drawn:
        assert (truth[stroke.rows, stroke.columns] == stroke.value).all()
    assert {stroke.value for stroke in drawn} == {0, 1, 2}


def test_a_region_is_that_of_the_cell_not_another_one_near_by() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[:, 50:52] = 1
    pixels = np.ones((4, 6), bool)
    question = Question(CoarseRegion(47, 20, 1, pixels), (50.0, 22.0))
    region = region_around(question, mask)
    assert region is not None
    assert region.value == 0
    assert region.column + region.inside.shape[1] > 52
    assert not region.inside[:, 50 - region.column :].any()
    assert region_around(question, np.full_like(mask, 255)) is None


def test_questions_may_follow_a_model(data: DataSet) -> None:
    scene, bundle = data.scene("here"), random_bundle("unet16", classes=5, resolution=None)
    bundle = replace(bundle, header=replace(bundle.header, schema=load_classes("landcover-dubai")))
    with LabelledImage(scene.images[0]) as image:
        assert next(image.questions(image.window)).value == 255
        image.use_model(bundle)
        assert next(image.questions(image.window)).value in range(5)
