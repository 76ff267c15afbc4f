"""Correction heads: what labels teach about a model, as scores that are added to its own, fitted within a second.

The class scores of a corrected model are its own plus a linear function of what goes into its last layer and of filters
of the image. The first part is other weights in that layer, which is linear as well; PyTorch adds the second.

Fitted to labels alone, such a change ruins the model: labels are few, and a user labels where it is wrong. So it is
fitted with *replay*: on random pixels of the images the corrected scores should stay those of the model (as in learning
without forgetting; Li, Hoiem, ECCV 2016). See ADR 47.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pydantic

from landseg_core.assistant.filters import filter_count
from landseg_core.assistant.linear import LinearModel, fit_softmax, softmax
from landseg_core.errors import ModelError
from landseg_core.messages import N_, Text
from landseg_core.runs.provenance import TrainedImages, header_trained_on

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle

KIND = "landseg-correction"
"""The metadata key of a stored head's record."""
FEATURES: Literal[1] = 1
"""The version of what the weights are for: 1 is the last layer and the filters of `filters`."""
RIDGE = 1e-2
"""The penalty on large weights, relative to the weight of all labels together."""
LEAST_REPLAY, MOST_REPLAY = 0.3, 4.0
"""The weight of all replay together where labels lie at random, and at most; that of all labels together is 1."""
_LEAST_SPREAD = 1e-4
"""A feature whose deviation is a smaller share of the largest counts as constant: noise must not become a signal."""

Scores = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LastLayerRows:
    """Pixels: (N, F) float32 `features`, inputs of the last layer and filters, and its (N, K) float32 `scores`."""

    features: npt.NDArray[np.float32]
    scores: Scores

    def __len__(self) -> int:
        return len(self.features)

    def chosen(self, rows: npt.NDArray[Any] | slice) -> LastLayerRows:
        """Return some of the rows."""
        return LastLayerRows(self.features[rows], self.scores[rows])

    @classmethod
    def joined(cls, parts: list[LastLayerRows]) -> LastLayerRows:
        """Return the rows of all parts."""
        return cls(np.concatenate([part.features for part in parts]), np.concatenate([part.scores for part in parts]))


@dataclass(frozen=True, eq=False)
class CorrectionHead:
    """What is added to the scores of one model.

    Attributes:
        model_hash: SHA-256 of the file of the model that it belongs to.
        values: the class values of the model, in the order of its outputs.
        weights: (K, F) float32, for what goes into the last layer, and then the filters, as they are: what normalises
            them is part of the weights.
        bias: (K,) float32.
        trained_on: the images and windows whose labels it was fitted to.
        pixels: how many labelled px these have; 0 where that is not known.
    """

    model_hash: str
    values: tuple[int, ...]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    trained_on: TrainedImages = ()
    pixels: int = 0

    @classmethod
    def of_fit(
        cls, model_hash: str, values: tuple[int, ...], fitted: LinearModel, trained_on: TrainedImages, pixels: int
    ) -> CorrectionHead:
        """Return the head that `fit_correction` found."""
        weights = np.ascontiguousarray(fitted.weights.T, np.float32)
        return cls(model_hash, values, weights, fitted.bias.astype(np.float32), trained_on, pixels)

    def to_bytes(self) -> bytes:
        """Return the head as a safetensors file: numbers and JSON, nothing that could be executed."""
        from safetensors.numpy import save

        record = _RECORD.dump_json(
            _Record(FEATURES, self.model_hash, self.values, self.trained_on, self.pixels)
        ).decode()
        return save({"weights": self.weights, "bias": self.bias}, {KIND: record})

    @classmethod
    def from_bytes(cls, data: bytes, name: Text | str) -> CorrectionHead:
        """Return the head that `to_bytes` wrote; `name` says in messages where it is from.

        Raises:
            ModelError: the bytes are damaged.
        """
        from landseg_core.models.tensor_file import parse_tensor_file

        try:
            record, tensors = parse_tensor_file(Path("correction"), data, KIND)
            known = _RECORD.validate_python(record)
            weights, bias = tensors["weights"].numpy(), tensors["bias"].numpy()
            head = cls(known.model_hash, known.values, weights, bias, known.trained_on, known.pixels)
        except (ModelError, KeyError, pydantic.ValidationError) as error:
            raise _damaged(name) from error
        if not head._is_sound():
            raise _damaged(name)
        return head

    def _is_sound(self) -> bool:
        arrays = self.weights, self.bias
        shapes = self.weights.ndim == 2 and self.bias.shape == self.weights.shape[:1] == (len(self.values),)
        return shapes and all(array.dtype == np.float32 and bool(np.isfinite(array).all()) for array in arrays)


@dataclass(frozen=True)
class _Record:
    """What a stored head has in words."""

    features: Literal[1]
    model_hash: Annotated[str, pydantic.Field(pattern="^[0-9a-f]{64}$")]
    values: Annotated[tuple[Annotated[int, pydantic.Field(ge=0, le=254)], ...], pydantic.Field(max_length=255)]
    trained_on: TrainedImages
    pixels: Annotated[int, pydantic.Field(ge=0, le=2**63)] = 0


_RECORD = pydantic.TypeAdapter(_Record)


def correction_pixels(data: bytes) -> int:
    """Return how many labelled px a stored head was fitted to, without torch; 0 where it does not say."""
    from landseg_core.models.tensor_file import parse_record

    try:
        return _RECORD.validate_python(parse_record(Path("correction"), data, KIND)).pixels
    except (ModelError, pydantic.ValidationError):
        return 0


def _damaged(name: Text | str) -> ModelError:
    return ModelError(N_("{name} is damaged; delete it and correct the model again", name=name))


def fit_correction(
    labelled: LastLayerRows,
    classes: Indices,
    replay: LastLayerRows,
    start: LinearModel | None = None,
) -> LinearModel:
    """Return the change of the scores that labelled pixels, whose class indices are the (N,) `classes`, ask for.

    See `fit_change`.
    """
    wanted = np.eye(labelled.scores.shape[1], dtype=np.float32)[classes]
    return fit_change(labelled, wanted, np.ones(len(labelled)), replay, start).model


@dataclass(frozen=True, eq=False)
class FittedChange:
    """What is added to the scores of a model: a `model` of features, and the `scale` of the rows it was fitted to."""

    model: LinearModel
    scale: Standardisation


def fit_change(
    labelled: LastLayerRows,
    wanted: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    replay: LastLayerRows,
    start: LinearModel | None = None,
    max_iterations: int = 200,
) -> FittedChange:
    """Return the change of the scores that labelled pixels or cells ask for.

    Its loss is the weighted mean cross-entropy over `labelled`, whose classes have the (N, K) shares `wanted`, plus
    that to the model's own probabilities over `replay`, of the weight `replay_weight`; there, pixels that the model is
    sure of count more. `start` is an earlier result, from which a fit to a few labels more ends sooner, after
    `max_iterations` at the latest.

    Raises:
        ModelError: the model gives numbers that are not finite.
    """
    every = LastLayerRows.joined([labelled, replay])
    if not (np.isfinite(every.features).all() and np.isfinite(every.scores).all()):
        raise ModelError(N_("the model gives scores that are not finite numbers and cannot be corrected; train again"))
    opinion = softmax(replay.scores)
    parts = weights / weights.sum()
    wrong = float(parts @ (labelled.scores.argmax(axis=1) != wanted.argmax(axis=1)))
    scale = Standardisation.of(every.features)
    fitted = fit_softmax(
        scale.standardised(every.features),
        np.concatenate([wanted, opinion]),
        weights=np.concatenate([parts, replay_weight(wrong, opinion) * _held(opinion)]),
        ridge=RIDGE,
        offsets=every.scores,
        start=None if start is None else scale.of_standardised(start),
        max_iterations=max_iterations,
    )
    return FittedChange(scale.of_features(fitted), scale)


@dataclass(frozen=True, eq=False)
class Standardisation:
    """The (F,) means and deviations of features."""

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]

    @classmethod
    def of(cls, features: npt.NDArray[np.float32]) -> Standardisation:
        """Return those of (N, F) features; one that is nearly constant has the least deviation that counts."""
        deviation = features.std(axis=0)
        return cls(features.mean(axis=0), np.maximum(deviation, max(_LEAST_SPREAD * float(deviation.max()), 1e-12)))

    def standardised(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (N, F) features of mean 0 and deviation 1."""
        return np.asarray((features - self.mean) / self.deviation)

    def of_features(self, model: LinearModel) -> LinearModel:
        """Return a model of standardised features as one of features."""
        weights = model.weights / self.deviation[:, np.newaxis]
        return LinearModel(weights, model.bias - self.mean @ weights)

    def of_standardised(self, model: LinearModel) -> LinearModel:
        """Return a model of features as one of standardised features."""
        return LinearModel(model.weights * self.deviation[:, np.newaxis], model.bias + self.mean @ model.weights)


def _held(opinion: Scores) -> npt.NDArray[np.float32]:
    """Return the share of each replay pixel in the weight of all: the square of how sure the model is of it."""
    sure = opinion.max(axis=1) ** 2
    shares: npt.NDArray[np.float32] = sure / max(float(sure.sum()), 1e-6)
    return shares


def replay_weight(wrong: float, opinion: Scores) -> float:
    """Return the weight of replay, that of the labels being 1.

    Where labels lie at random, the model is `wrong` (0-1) on as many of them as anywhere. Where a user labels its
    errors, it is wrong on more, and pixels where it is right are missing: replay stands for them, with the weight at
    which errors have the share that the model's (N, K) `opinion` expects of itself. A model may be too sure of itself,
    so there is a bound.
    """
    expected = float(1 - opinion.max(axis=1).mean()) if len(opinion) else 1.0
    missing = wrong * (1 - expected) / max(expected, 1e-6) - (1 - wrong)
    return min(MOST_REPLAY, LEAST_REPLAY + max(0.0, missing))


def corrected(bundle: ModelBundle, head: CorrectionHead) -> ModelBundle:
    """Return the model with the scores of a head added; what the head was fitted to counts as trained on.

    Raises:
        ModelError: the head belongs to another model.
    """
    import torch

    from landseg_core.assistant.filter_scores import FilterScores

    reference = bundle.reference
    if reference is None or not _belong_together(bundle, head):
        raise ModelError(N_("the correction belongs to another model; correct this one"))
    channels = bundle.state["head.weight"].shape[1]
    changes = {
        "head.weight": torch.from_numpy(head.weights[:, :channels])[:, :, None, None],
        "head.bias": torch.from_numpy(head.bias),
    }
    mark = hashlib.sha256(head.to_bytes()).hexdigest()
    return dataclasses.replace(
        bundle,
        header=header_trained_on(bundle.header, head.trained_on),
        state=bundle.state | {name: bundle.state[name] + change for name, change in changes.items()},
        reference=dataclasses.replace(reference, correction=mark),
        addition=FilterScores(np.ascontiguousarray(head.weights[:, channels:])),
    )


def _belong_together(bundle: ModelBundle, head: CorrectionHead) -> bool:
    same = bundle.reference is not None and bundle.reference.hash == head.model_hash
    classes, channels, *size = bundle.state["head.weight"].shape
    shape = classes, channels + filter_count(len(bundle.header.bands))
    return same and bundle.header.schema.values == head.values and size == [1, 1] and head.weights.shape == shape
