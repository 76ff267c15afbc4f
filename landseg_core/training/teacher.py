"""What a network learns where nothing is labelled: the predictions of its teacher.

The teacher is a forest of trees fitted to a few labelled pixels. A run that fine-tunes a model has one that also sees
what that model predicts, corrected for the labels, and is fitted to its opinion of other pixels, too (replay): so the
run keeps what the model knows, and a few strokes do not ruin the rest of the map.

Extremely randomised trees: Geurts, Ernst, Wehenkel: "Extremely randomized trees", Machine Learning 63, 2006. Learning
from the soft predictions of a teacher: Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network", 2015;
keeping old knowledge by it: Li, Hoiem: "Learning without forgetting", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from landseg_core.assistant.corrections import LastLayerRows, replay_weight
from landseg_core.assistant.linear import softmax
from landseg_core.labels.classes import UNLABELLED
from landseg_core.machine import cores
from landseg_core.training.corrected_parent import CorrectedParent, ParentMaps
from landseg_core.training.network import Network
from landseg_core.training.pixel_features import Floats, PixelFeatures

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier

TREES, LEAST_LEAF = 50, 5
"""How many trees there are, and how many pixels end in the same leaf at least."""
LABELLED_POINTS, REPLAYED_POINTS = 120, 85
"""Pixels of a window that a teacher is fitted to at most: labelled ones of each class, or others for replay."""
SPACING = 4
"""Px between the points of a chip at which the trees are asked; in between, probabilities are interpolated."""

Window = tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]
"""(C, H, W) native pixels and (H, W) class indices, 255 where unlabelled."""


class Teacher:
    """Trees on the features of pixels and, with a `parent`, on its corrected probabilities of `classes` classes.

    Attributes:
        label_weight: how far labels stand for the whole images, 0-1: less where they lie at the errors of the parent.
    """

    def __init__(
        self,
        features: PixelFeatures,
        parent: CorrectedParent | None,
        trees: ExtraTreesClassifier,
        classes: int,
        label_weight: float = 1.0,
    ) -> None:
        self._features, self._parent, self._trees, self._classes = features, parent, trees, classes
        self.label_weight = label_weight

    def probabilities(self, images: torch.Tensor) -> torch.Tensor:
        """Return the (N, K, H, W) float32 probabilities of normalised (N, C, H, W) images."""
        maps = self._parent.maps(images) if self._parent else [None] * len(images)
        with _threads(len(images)) as pool:
            found = list(pool.map(self._coarse, _on_cpu(images), maps))
        coarse = torch.from_numpy(np.stack(found)).to(images.device)
        height, width = images.shape[-2:]
        enlarged = functional.interpolate(coarse, scale_factor=float(SPACING), mode="bilinear", align_corners=False)
        return enlarged[..., :height, :width]

    def _coarse(self, chip: Floats, maps: ParentMaps | None) -> Floats:
        """Return the (K, h, w) probabilities in squares of `SPACING` px, each at its middle."""
        height, width = (-(-length // SPACING) for length in chip.shape[1:])
        rows, columns = ((axis.ravel() + 0.5) * SPACING for axis in np.mgrid[:height, :width])
        seen = self._features.at(chip, columns, rows)
        if maps is not None and self._parent is not None:
            shares = self._parent.shares(maps.at(columns, rows), seen[:, : self._features.filters])
            seen = np.hstack([seen, shares])
        found = np.zeros((len(rows), self._classes), np.float32)
        found[:, self._trees.classes_] = self._trees.predict_proba(seen)
        return np.ascontiguousarray(found.T).reshape(self._classes, height, width)


def fitted_teacher(
    network: Network,
    features: PixelFeatures,
    parent: CorrectedParent | None,
    windows: Iterable[Window],
    classes: int,
    seed: int,
) -> Teacher | None:
    """Return a teacher fitted to the labels of `windows`, whose pixels `network` normalises; None where there are none.

    With a `parent`, this is corrected for the labels first, and windows without a label are for replay.
    """
    points = _points(network, features, parent, windows, seed)
    wanted = np.concatenate([each.classes for each in points])
    labelled = wanted != UNLABELLED
    if not labelled.any():
        return None
    seen = np.concatenate([each.features.result() for each in points])
    weights, label_weight = np.ones(len(wanted)), 1.0
    if parent is None:
        seen, wanted, weights = seen[labelled], wanted[labelled], weights[labelled]
    else:
        filters = seen[:, : features.filters]
        rows = LastLayerRows.joined([each.of_parent for each in points if each.of_parent is not None])
        with_filters = LastLayerRows(np.hstack([rows.features, filters]), rows.scores)
        parent.correct(
            with_filters.chosen(labelled),
            wanted[labelled].astype(np.int64),
            with_filters.chosen(~labelled),
            features.filters,
        )
        seen = np.hstack([seen, parent.shares(rows, filters)])
        opinion = softmax(rows.scores)
        wrong = float((opinion.argmax(axis=1) != wanted)[labelled].mean())
        weights, wanted = _with_replay(opinion, wanted, labelled, wrong)
        label_weight = _label_weight(opinion[~labelled], wrong)
    return Teacher(features, parent, _trees(seen, wanted, weights, seed), classes, label_weight)


def _label_weight(opinion: Floats, wrong: float) -> float:
    """Return how far labels stand for the images, if the parent is `wrong` (0-1) on them.

    Its (N, K) `opinion` of pixels anywhere says on how many it expects to be wrong. A user who corrects it labels its
    errors: then labels say how the errors are mended, and nothing of the rest, which is most of the map. So they count
    less the more often it is wrong, and not at all where that is twice as often as expected.
    """
    expected = float(1 - opinion.max(axis=1).mean()) if len(opinion) else 1.0
    return float(np.clip(2 * expected / max(wrong, 1e-6) - 1, 0, 1))


def _trees(
    seen: Floats, wanted: npt.NDArray[np.uint8], weights: npt.NDArray[np.float64], seed: int
) -> ExtraTreesClassifier:
    from sklearn.ensemble import ExtraTreesClassifier  # not before a run needs it

    # In one thread: chips are predicted side by side, and sums made by several threads are not the same to the bit.
    return ExtraTreesClassifier(TREES, min_samples_leaf=LEAST_LEAF, random_state=seed).fit(seen, wanted, weights)


def _with_replay(
    opinion: Floats, classes: npt.NDArray[np.uint8], labelled: npt.NDArray[np.bool_], wrong: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Return weights of pixels, and their class: where there is no label, that of the parent's (N, K) `opinion`.

    Replay as a whole weighs as in a correction, and pixels that the parent is sure of count more.
    """
    likeliest, replayed = opinion.argmax(axis=1).astype(np.uint8), opinion[~labelled]
    sure = replayed.max(axis=1, initial=0) ** 2
    weights = np.ones(len(classes))
    weights[~labelled] = replay_weight(wrong, replayed) * labelled.sum() * sure / max(float(sure.sum()), 1e-6)
    return weights, np.where(labelled, classes, likeliest)


@dataclass(frozen=True, eq=False)
class _Points:
    """Pixels of a window: (N,) class indices, 255 without, (N, F) features, and what they are to the parent."""

    classes: npt.NDArray[np.uint8]
    features: Future[Floats]
    of_parent: LastLayerRows | None


def _points(
    network: Network,
    features: PixelFeatures,
    parent: CorrectedParent | None,
    windows: Iterable[Window],
    seed: int,
) -> list[_Points]:
    found: list[_Points] = []
    with _threads(cores()) as pool:
        for number, (pixels, labels) in enumerate(windows):
            images = network.normalise(pixels[np.newaxis])
            rows, columns = _chosen(labels, np.random.default_rng((seed, number)))
            at = columns + 0.5, rows + 0.5
            of_parent = parent.maps(images)[0].at(*at) if parent else None
            seen = pool.submit(features.at, _on_cpu(images)[0], *at)
            found.append(_Points(labels[rows, columns], seen, of_parent))
    return found


def _chosen(
    labels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of some labelled pixels of each class of a (H, W) window, or of some others."""
    known = sorted(set(np.unique(labels).tolist()) - {UNLABELLED})
    most = LABELLED_POINTS if known else REPLAYED_POINTS
    parts = [rng.permutation(np.flatnonzero(labels == value))[:most] for value in known or [UNLABELLED]]
    rows, columns = np.unravel_index(np.concatenate(parts), labels.shape)
    return rows, columns


def _on_cpu(images: torch.Tensor) -> Floats:
    chips: Floats = images.float().contiguous().cpu().numpy()
    return chips


@contextmanager
def _threads(most: int) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(min(cores(), most), thread_name_prefix="landseg-teacher") as pool:
        yield pool
