"""What a network learns where nothing is labelled: the predictions of another one, its teacher.

A run that fine-tunes a model has that model as its teacher, corrected for the labels of the run; so it keeps what the
model knows (replay), and a few strokes do not ruin the rest of the map. A run from nothing has a linear classifier on
the first levels of a pretrained encoder, which a few strokes suffice to fit.

Learning from the soft predictions of a teacher: Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network",
2015; keeping old knowledge by it: Li, Hoiem: "Learning without forgetting", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from landseg_core.assistant.last_layer import interpolated
from landseg_core.assistant.linear import LinearModel, fit_softmax, softmax
from landseg_core.labels.classes import UNLABELLED
from landseg_core.models.lite0 import Lite0Probe
from landseg_core.training.batches import Batch
from landseg_core.training.network import Network

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

LABELLED_POINTS, REPLAYED_POINTS = 200, 60
"""Pixels of a chip, at most, that a linear classifier is fitted to: labelled ones, and others where a model's own
predictions are to be kept."""
REPLAY_WEIGHT = 3.0
"""How much all replayed pixels together count beside all labelled ones, where there is something to keep."""
NEVER = -10.0
"""The score of a class that is nowhere predicted."""
RIDGE = 2e-3
"""The penalty on large weights, for each row."""


class Teacher:
    """A frozen network, see `Network.frozen`."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @torch.no_grad()
    def probabilities(self, images: torch.Tensor) -> torch.Tensor:
        """Return the (N, K, H, W) float32 probabilities of normalised (N, C, H, W) images."""
        return self._network.classify(images).float().contiguous().softmax(dim=1)


# --- fitting


def corrected_teacher(network: Network, new: Sequence[int], batches: Iterable[Batch], seed: int) -> Teacher:
    """Return a copy of `network`, a model to fine-tune, whose last layer is changed so that it agrees with labels.

    The copy predicts the classes with the indices `new`, which the model did not know, only where labels make it so.

    Where nothing is labelled, the change is to keep the network's own predictions: a convex problem with few unknowns.
    `batches` are pixels and class indices as they are trained on; without a label among them, nothing is changed.
    """
    copied = network.frozen()
    head = copied.model.get_submodule("head")
    assert isinstance(head, nn.Conv2d)
    assert head.bias is not None
    with torch.no_grad():
        head.weight[list(new)], head.bias[list(new)] = 0.0, NEVER
    _fit_last_layers(copied, [head], batches, REPLAY_WEIGHT, seed)
    return Teacher(copied)


def probe_teacher(network: Network, batches: Iterable[Batch], seed: int) -> Teacher:
    """Return a `Lite0Probe`, the model of `network`, fitted to the labels of `batches`."""
    probe = network.frozen()
    assert isinstance(probe.model, Lite0Probe)
    _fit_last_layers(probe, probe.model.last_layers, batches, 0.0, seed)
    return Teacher(probe)


@dataclass(frozen=True)
class _Rows:
    """Pixels to fit to: (N, F) features, (N, K) target probabilities and present scores, (N,) whether labelled."""

    features: Floats
    targets: Floats
    scores: Floats
    labelled: npt.NDArray[np.bool_]


def _fit_last_layers(
    network: Network, layers: Sequence[nn.Conv2d], batches: Iterable[Batch], replay: float, seed: int
) -> None:
    """Change 1x1 convolutions whose sum is the network's scores, so that these agree with the labels of `batches`."""
    with _inputs_of(layers) as inputs:
        found = [_rows(network, inputs, *batch, np.random.default_rng((seed, n))) for n, batch in enumerate(batches)]
    rows = _Rows(*(np.concatenate(parts) for parts in zip(*map(_parts, found), strict=True)))
    if not rows.labelled.any():
        return
    weights = np.where(rows.labelled, 1.0, replay * rows.labelled.sum() / max(1, (~rows.labelled).sum()))
    mean, deviation = rows.features.mean(axis=0), rows.features.std(axis=0) + np.float32(1e-6)
    change = fit_softmax(
        (rows.features - mean) / deviation,
        rows.targets,
        weights=weights,
        ridge=RIDGE * rows.labelled.sum(),
        offsets=rows.scores,
    )
    _add_to(layers, LinearModel(change.weights / deviation[:, None], change.bias - (mean / deviation) @ change.weights))


def _parts(rows: _Rows) -> tuple[npt.NDArray[Any], ...]:
    return rows.features, rows.targets, rows.scores, rows.labelled


@contextmanager
def _inputs_of(layers: Sequence[nn.Module]) -> Iterator[list[torch.Tensor]]:
    """Give a list that holds, after each pass through a network, the features that its `layers` got."""
    found = [torch.empty(0)] * len(layers)

    def record(number: int) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        return lambda _layer, inputs: found.__setitem__(number, inputs[0])

    handles = [layer.register_forward_pre_hook(record(number)) for number, layer in enumerate(layers)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def _rows(
    network: Network,
    inputs: Sequence[torch.Tensor],
    pixels: npt.NDArray[Any],
    labels: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> _Rows:
    """Return labelled pixels of (N, C, H, W) chips with their class, and others with the network's own prediction."""
    logits = network.logits(pixels).float()
    chosen = [_points(chip, rng) for chip in labels]
    scores = np.concatenate([_at(logits[chip], points, labels[chip].shape) for chip, points in enumerate(chosen)])
    features = np.concatenate(
        [
            np.concatenate([_at(level[chip], points, labels[chip].shape) for level in inputs], axis=1)
            for chip, points in enumerate(chosen)
        ]
    )
    classes = np.concatenate([chip[rows, columns] for chip, (rows, columns) in zip(labels, chosen, strict=True)])
    labelled = classes != UNLABELLED
    targets = softmax(scores)
    targets[labelled] = np.eye(targets.shape[1], dtype=np.float32)[classes[labelled]]
    return _Rows(features, targets, scores, labelled)


def _points(labels: npt.NDArray[np.uint8], rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Return rows and columns of some labelled and some other pixels of a (H, W) chip."""
    labelled = labels != UNLABELLED
    parts = [
        rng.permutation(np.flatnonzero(here))[:most]
        for here, most in ((labelled, LABELLED_POINTS), (~labelled, REPLAYED_POINTS))
    ]
    rows, columns = np.unravel_index(np.concatenate(parts), labels.shape)
    return rows, columns


def _at(features: torch.Tensor, points: tuple[Indices, Indices], size: tuple[int, ...]) -> Floats:
    """Return (N, F) features at points of a chip of `size`, interpolated from (F, h, w) ones of that chip."""
    rows, columns = (
        (axis + 0.5) * own / whole for axis, own, whole in zip(points, features.shape[1:], size, strict=True)
    )
    return interpolated(features[None], columns, rows)


def _add_to(layers: Sequence[nn.Conv2d], change: LinearModel) -> None:
    """Add to the weights of `layers`, whose features follow one another in `change`; the first takes the bias."""
    ends = np.cumsum([layer.in_channels for layer in layers])[:-1]
    with torch.no_grad():
        for layer, part in zip(layers, np.split(change.weights, ends), strict=True):
            layer.weight += torch.from_numpy(part.T[..., None, None]).to(layer.weight)
        assert layers[0].bias is not None
        layers[0].bias += torch.from_numpy(change.bias).to(layers[0].bias)
