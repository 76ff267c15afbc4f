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
FOLDS = 3
"""Parts of the windows, each of which is predicted by trees fitted to the others to decide on a doubted parent."""

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

    @property
    def has_parent(self) -> bool:
        """Return whether its trees see what a parent predicts."""
        return self._parent is not None

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
    *,
    doubted: bool = False,
) -> Teacher | None:
    """Return a teacher fitted to the labels of `windows`, whose pixels `network` normalises; None where there are none.

    With a `parent`, this is corrected for the labels first, and windows without a label are for replay. One that is
    `doubted`, as it may know nothing of such images, is left out where labels are predicted better without it.
    """
    pixels = _pixels(network, features, parent, windows, seed)
    if not pixels.labelled.any():
        return None
    if parent is not None and doubted and not _is_borne_out(parent, pixels, seed):
        parent = None
    trees, label_weight = _fitted(parent, pixels, seed)
    return Teacher(features, parent, trees, classes, label_weight)


def _fitted(parent: CorrectedParent | None, pixels: _Pixels, seed: int) -> tuple[ExtraTreesClassifier, float]:
    """Return trees fitted to pixels, with the `parent` corrected for them, and how far labels stand for the images."""
    if parent is None or pixels.of_parent is None:
        labelled = pixels.chosen(pixels.labelled)
        return _trees(labelled.features, labelled.classes, np.ones(len(labelled.classes)), seed), 1.0
    rows = LastLayerRows(np.hstack([pixels.of_parent.features, pixels.filters]), pixels.of_parent.scores)
    known = pixels.labelled
    classes = pixels.classes[known].astype(np.int64)
    parent.correct(rows.chosen(known), classes, rows.chosen(~known), pixels.filters.shape[1])
    opinion = softmax(rows.scores)
    wrong = float((opinion.argmax(axis=1) != pixels.classes)[known].mean())
    weights, wanted = _with_replay(opinion, pixels.classes, known, wrong)
    return _trees(pixels.seen(parent), wanted, weights, seed), _label_weight(opinion[~known], wrong)


def _is_borne_out(parent: CorrectedParent, pixels: _Pixels, seed: int) -> bool:
    """Return whether trees that see the `parent` predict labels of windows that they were not fitted to at least as
    well as trees that do not; all classes count alike. False where the labels lie in a single window."""
    folds = pixels.windows % FOLDS
    used = np.unique(folds[pixels.labelled])
    if len(used) < 2:
        return False
    right: dict[bool, list[npt.NDArray[np.bool_]]] = {True: [], False: []}
    held_out = [pixels.chosen(pixels.labelled & (folds == fold)) for fold in used]
    for fold, others in zip(used, held_out, strict=True):
        rest = pixels.chosen(~pixels.labelled | (folds != fold))
        for each in (parent, None):
            trees, _ = _fitted(each, rest, seed)
            predicted: npt.NDArray[np.uint8] = trees.predict(others.seen(each))
            right[each is not None].append(predicted == others.classes)
    wanted = np.concatenate([each.classes for each in held_out])
    recalls = {has: _mean_recall(np.concatenate(found), wanted) for has, found in right.items()}
    return recalls[True] >= recalls[False]


def _mean_recall(right: npt.NDArray[np.bool_], classes: npt.NDArray[np.uint8]) -> float:
    return float(np.mean([right[classes == value].mean() for value in np.unique(classes)]))


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
class _Pixels:
    """Pixels of windows: (N,) class indices, 255 without, and the numbers of their windows, (N, F) features.

    `filters` are those of the features that are filters, `of_parent` what the pixels are to a parent.
    """

    classes: npt.NDArray[np.uint8]
    windows: npt.NDArray[np.intp]
    features: Floats
    filters: Floats
    of_parent: LastLayerRows | None

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        known: npt.NDArray[np.bool_] = self.classes != UNLABELLED
        return known

    def seen(self, parent: CorrectedParent | None) -> Floats:
        """Return what trees see of the pixels: their features, and what a corrected `parent` makes of them."""
        if parent is None or self.of_parent is None:
            return self.features
        return np.hstack([self.features, parent.shares(self.of_parent, self.filters)])

    def chosen(self, these: npt.NDArray[np.bool_]) -> _Pixels:
        rows = None if self.of_parent is None else self.of_parent.chosen(these)
        return _Pixels(self.classes[these], self.windows[these], self.features[these], self.filters[these], rows)


def _pixels(
    network: Network,
    features: PixelFeatures,
    parent: CorrectedParent | None,
    windows: Iterable[Window],
    seed: int,
) -> _Pixels:
    classes: list[npt.NDArray[np.uint8]] = []
    seen: list[Future[Floats]] = []
    of_parent: list[LastLayerRows] = []
    with _threads(cores()) as pool:
        for number, (pixels, labels) in enumerate(windows):
            images = network.normalise(pixels[np.newaxis])
            rows, columns = _chosen(labels, np.random.default_rng((seed, number)))
            at = columns + 0.5, rows + 0.5
            if parent is not None:
                of_parent.append(parent.maps(images)[0].at(*at))
            seen.append(pool.submit(features.at, _on_cpu(images)[0], *at))
            classes.append(labels[rows, columns])
    every = np.concatenate([each.result() for each in seen])
    return _Pixels(
        np.concatenate(classes),
        np.repeat(np.arange(len(classes)), [len(each) for each in classes]),
        every,
        every[:, : features.filters],
        LastLayerRows.joined(of_parent) if of_parent else None,
    )


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
