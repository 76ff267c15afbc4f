"""Teachers: a parent model corrected for labels, and a linear classifier on a pretrained encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from landseg_core.compute.devices import precision_for
from landseg_core.data.label_coverage import labelled_share
from landseg_core.data.training_data import TrainingData
from landseg_core.labels.classes import UNLABELLED
from landseg_core.models.catalog import build_model
from landseg_core.models.lite0 import Lite0Probe
from landseg_core.models.normalisation import Normalisation
from landseg_core.runs.config import TrainConfig
from landseg_core.training.batches import Batch
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network
from landseg_core.training.run_teacher import teacher_weight
from landseg_core.training.teacher import Teacher, corrected_teacher, probe_teacher

CPU = torch.device("cpu")
NORMALISATION = Normalisation((128.0,) * 3, (50.0,) * 3)
COLOURS = np.array([(220, 40, 40), (40, 220, 40), (40, 40, 220), (200, 200, 40)], np.uint8)


def network_of(model: nn.Module) -> Network:
    return Network(model, NORMALISATION, CPU, precision_for(CPU, "fp32"))  # type: ignore[arg-type]


class ByColour(nn.Module):
    """Tells red from green, and takes blue for red; `head` is its last layer, as of every network."""

    stride, radius = 1, 0

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3, kernel_size=1)
        with torch.no_grad():
            self.head.weight[:, :, 0, 0] = 2 * torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
            self.head.bias[:] = torch.tensor([0.0, 0.0, -5.0])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images)


@pytest.fixture
def network() -> Network:
    return network_of(ByColour())


def coloured(classes: int, labelled: float, seed: int = 0) -> tuple[Batch, np.ndarray]:
    """Return chips of squares in the colours of classes, a share of whose pixels is labelled, and all the classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, (4, 4, 4)).astype(np.uint8).repeat(16, 1).repeat(16, 2)
    pixels = (COLOURS[truth].astype(int) + rng.integers(-20, 20, (*truth.shape, 3))).clip(0, 255).astype(np.uint8)
    labels = np.where(rng.random(truth.shape) < labelled, truth, np.uint8(UNLABELLED))
    return (pixels.transpose(0, 3, 1, 2).copy(), labels), truth


def predicted(teacher: Teacher, network: Network, pixels: np.ndarray) -> np.ndarray:
    return teacher.probabilities(network.normalise(pixels)).numpy()


def test_without_labels_the_teacher_is_the_parent(network: Network) -> None:
    (pixels, labels), _ = coloured(3, 0.0)
    teacher = corrected_teacher(network, [], [(pixels, labels)], 0)
    expected = network.frozen().classify(network.normalise(pixels)).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(predicted(teacher, network, pixels), expected, atol=1e-5)


def test_a_corrected_teacher_agrees_better_with_labels_and_keeps_the_rest(network: Network) -> None:
    (pixels, labels), truth = coloured(3, 0.05)
    errors = np.where(labels == 2, labels, np.uint8(UNLABELLED))
    before = predicted(Teacher(network.frozen()), network, pixels)
    after = predicted(corrected_teacher(network, [], [(pixels, errors)], 0), network, pixels)
    right = [np.take_along_axis(found, truth[:, None], axis=1)[:, 0] for found in (before, after)]
    assert right[0][truth == 2].mean() < 0.1
    assert right[1][truth == 2].mean() > 0.3
    assert right[1][truth != 2].mean() > 0.9


def test_a_new_class_is_predicted_only_where_labels_ask_for_it(network: Network) -> None:
    (pixels, labels), truth = coloured(3, 0.05)
    known = np.where(labels == 2, np.uint8(UNLABELLED), labels)
    without, given = (
        predicted(corrected_teacher(network, [2], [(pixels, some)], 0), network, pixels)[:, 2]
        for some in (known, labels)
    )
    assert without.max() < 0.05
    assert given[truth == 2].mean() > 0.2
    assert given[truth != 2].mean() < 0.1


def test_the_parent_itself_stays_as_it_is(network: Network) -> None:
    before = {name: value.clone() for name, value in network.model.state_dict().items()}
    corrected_teacher(network, [1], [coloured(3, 0.1)[0]], 0)
    assert all(torch.equal(before[name], value) for name, value in network.model.state_dict().items())


def test_a_probe_learns_colours_from_few_pixels() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = network_of(Lite0Probe(3, 4))
    batch, truth = coloured(4, 0.02)
    found = predicted(probe_teacher(network, [batch], 0), network, batch[0])
    assert (found.argmax(axis=1) == truth).mean() > 0.9


def test_the_same_labels_give_the_same_teacher(network: Network) -> None:
    batch, _ = coloured(3, 0.1)
    one, other = (predicted(corrected_teacher(network, [], [batch], 5), network, batch[0]) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_learning_from_a_teacher_alone_is_learning_its_map(network: Network, config: TrainConfig) -> None:
    (pixels, labels), _ = coloured(3, 0.1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        student = network.with_model(build_model(config.model, 3, 3))
    plain = config.model_copy(update={"cutmix": 0.0, "colour_jitter": 0.0, "blur": 0.0})
    learner = Learner(student, plain)
    learner.teacher, learner.teacher_weight = corrected_teacher(network, [], [(pixels, labels)], 0), 1.0
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
        return teacher_weight(config.model_copy(update=changes), replace(data, train=areas), None)

    assert weight(0) == config.teacher_weight
    assert 0 < weight(150) < weight(20) < config.teacher_weight
    assert weight(1000) == teacher_weight(config, data, None) == 0
    assert weight(20, teacher_weight=0.0) == weight(20, pretrained=False) == 0
