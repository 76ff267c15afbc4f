"""Teachers: trees on the features of pixels, and with a parent on what that predicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from support.teachers import coloured, network_of_colours

from landseg_core.data.label_coverage import labelled_share
from landseg_core.data.training_data import TrainingData
from landseg_core.labels.classes import UNLABELLED
from landseg_core.models.catalog import build_model
from landseg_core.runs.config import TrainConfig
from landseg_core.training.batches import Batch
from landseg_core.training.corrected_parent import CorrectedParent
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network
from landseg_core.training.pixel_features import PixelFeatures
from landseg_core.training.run_teacher import teacher_weight
from landseg_core.training.teacher import Teacher, Window, fitted_teacher


@pytest.fixture
def network() -> Network:
    return network_of_colours()


def windows_of(batch: Batch) -> Iterator[Window]:
    yield from zip(*batch, strict=True)


def taught(
    network: Network, *batches: Batch, parent: CorrectedParent | None = None, seed: int = 0, doubted: bool = False
) -> Teacher:
    """Return a teacher of three classes that is fitted to chips as its windows, with filters alone."""
    windows = [window for batch in batches for window in windows_of(batch)]
    teacher = fitted_teacher(network, PixelFeatures(3, None), parent, windows, 3, seed, doubted=doubted)
    assert teacher is not None
    return teacher


def predicted(teacher: Teacher, network: Network, pixels: np.ndarray) -> np.ndarray:
    return teacher.probabilities(network.normalise(pixels)).numpy()


def inside_of_squares(truth: np.ndarray) -> np.ndarray:
    """Return where pixels of `coloured` are far enough from other squares, since teachers are asked at some points."""
    inner = (np.arange(truth.shape[1]) % 16 > 3) & (np.arange(truth.shape[1]) % 16 < 12)
    return np.broadcast_to(inner[:, np.newaxis] & inner, truth.shape)


def test_it_knows_colours_from_few_pixels(network: Network) -> None:
    batch, truth = coloured(3, 0.02)
    found = predicted(taught(network, batch), network, batch[0])
    right = found.argmax(axis=1) == truth
    assert right[inside_of_squares(truth)].mean() > 0.95


@pytest.mark.parametrize("side", [64, 61, 33])
def test_every_pixel_has_probabilities(network: Network, side: int) -> None:
    batch, _ = coloured(3, 0.1)
    found = predicted(taught(network, batch), network, batch[0][..., :side, :])
    assert found.shape == (4, 3, side, 64)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_a_class_without_labels_is_nowhere_predicted(network: Network) -> None:
    (pixels, labels), _ = coloured(3, 0.1)
    labels[labels == 1] = UNLABELLED
    assert (predicted(taught(network, (pixels, labels)), network, pixels)[:, 1] == 0).all()


def test_without_a_label_there_is_none(network: Network) -> None:
    batch, _ = coloured(3, 0.0)
    features = PixelFeatures(3, None)
    for parent in (None, CorrectedParent(network, [])):
        assert fitted_teacher(network, features, parent, windows_of(batch), 3, 0) is None


def test_with_a_parent_it_keeps_what_that_knows(network: Network) -> None:
    """The labels are of the class that the parent has wrong; of what it has right, there are none."""
    (pixels, labels), truth = coloured(3, 0.05)
    errors = np.where(labels == 2, labels, np.uint8(UNLABELLED))
    replay = pixels, np.full_like(labels, UNLABELLED)
    teacher = taught(network, (pixels, errors), replay, parent=CorrectedParent(network, []))
    right = predicted(teacher, network, pixels).argmax(axis=1) == truth
    inside = inside_of_squares(truth)
    assert right[inside & (truth != 2)].mean() > 0.9
    assert right[inside & (truth == 2)].mean() > 0.3
    assert teacher.label_weight == 0
    alone = predicted(taught(network, (pixels, errors)), network, pixels)
    assert (alone.argmax(axis=1) == 2).all()


def test_labels_anywhere_stand_for_the_images(network: Network) -> None:
    """The parent is wrong on as many labels as it expects to be anywhere, or on fewer."""
    (pixels, labels), _ = coloured(3, 0.05)
    easy = np.where(labels == 2, np.uint8(UNLABELLED), labels)
    replay = pixels, np.full_like(labels, UNLABELLED)
    assert taught(network, (pixels, easy), replay, parent=CorrectedParent(network, [])).label_weight == 1
    assert taught(network, (pixels, labels)).label_weight == 1


@pytest.mark.parametrize(("classes", "kept"), [((0, 1, 2), True), ((1, 0, 2), False)])
def test_a_doubted_parent_teaches_only_if_labels_bear_it_out(
    network: Network, classes: tuple[int, ...], kept: bool
) -> None:
    """The parent tells two colours apart; labels call them what it does, or each by the name of the other."""
    (pixels, labels), _ = coloured(2, 0.05)
    called = np.append(classes, np.full(256 - len(classes), UNLABELLED)).astype(np.uint8)[labels]
    replay = coloured(2, 0.0, seed=1)[0]
    teacher = taught(network, (pixels, called), replay, parent=CorrectedParent(network, []), doubted=True)
    assert teacher.has_parent is kept
    assert taught(network, (pixels, called), replay, parent=CorrectedParent(network, [])).has_parent
    if not kept:
        alone = taught(network, (pixels, called))
        np.testing.assert_array_equal(predicted(teacher, network, pixels), predicted(alone, network, pixels))


def test_labels_in_a_single_window_bear_no_doubted_parent_out(network: Network) -> None:
    (pixels, labels), _ = coloured(2, 0.05)
    labels[1:] = UNLABELLED
    assert not taught(network, (pixels, labels), parent=CorrectedParent(network, []), doubted=True).has_parent


def test_the_same_labels_give_the_same_teacher(network: Network) -> None:
    batch, _ = coloured(3, 0.1)
    one, other = (
        predicted(taught(network, batch, parent=CorrectedParent(network, []), seed=5), network, batch[0])
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_learning_from_a_teacher_alone_is_learning_its_map(network: Network, config: TrainConfig) -> None:
    (pixels, labels), _ = coloured(3, 0.1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        student = network.with_model(build_model(config.model, 3, 3))
    plain = config.model_copy(update={"cutmix": 0.0, "colour_jitter": 0.0, "blur": 0.0})
    learner = Learner(student, plain)
    learner.teacher, learner.teacher_weight = taught(network, (pixels, labels)), 1.0
    for _ in range(60):
        learner.step(pixels, np.full_like(labels, UNLABELLED), 0.02)
    wanted = predicted(learner.teacher, network, pixels).argmax(axis=1)
    assert (student.logits(pixels).argmax(dim=1).numpy() == wanted).mean() > 0.8


@pytest.mark.parametrize(("counted", "share"), [((), 1.0), ((10, 0, 0), 0.1), ((50, 30, 20), 1.0)])
def test_the_labelled_share_is_that_of_the_counted_areas(
    counted: tuple[int, ...], share: float, data: TrainingData
) -> None:
    window = replace(data.train[0].window, width=10, height=10)
    assert labelled_share([replace(data.train[0], window=window, class_px=counted)]) == pytest.approx(share)


def test_a_teacher_counts_less_the_more_is_labelled(data: TrainingData, config: TrainConfig) -> None:
    def weight(px_of_each: int, **changes: object) -> float:
        areas = tuple(replace(area, class_px=(px_of_each,) * 3) for area in data.train)
        return teacher_weight(config.model_copy(update=changes), replace(data, train=areas))

    assert weight(0) == config.teacher_weight
    assert 0 < weight(150) < weight(20) < config.teacher_weight
    assert weight(1000) == teacher_weight(config, data) == 0
    assert weight(20, teacher_weight=0.0) == 0
