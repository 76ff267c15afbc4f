"""Correction heads: fitted to labels with replay, stored as bytes, added to the last layer of their model."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from support.models import random_bundle

from landseg_core.assistant.corrections import (
    KIND,
    LEAST_REPLAY,
    MOST_REPLAY,
    CorrectionHead,
    LastLayerRows,
    corrected,
    correction_pixels,
    fit_correction,
    replay_weight,
)
from landseg_core.assistant.filters import filter_count, filter_features
from landseg_core.assistant.linear import softmax
from landseg_core.errors import ModelError
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.model_reference import ModelReference
from landseg_core.runs.provenance import TrainedImage

HASH = "ab" * 32
TRAINED = (TrainedImage("a", 80, 96, "f" * 24, ((0, 0, 32, 32), (64, 0, 16, 32))),)


@pytest.fixture
def bundle() -> ModelBundle:
    return replace(random_bundle("unet16"), reference=ModelReference("model.safetensors", HASH, "run-1"))


def head_for(bundle: ModelBundle, **changes: Any) -> CorrectionHead:
    dice = np.random.default_rng(0)
    classes, features = bundle.state["head.weight"].shape[:2]
    weights = dice.normal(size=(classes, features + filter_count(3))).astype(np.float32)
    head = CorrectionHead(
        HASH, bundle.header.schema.values, weights, dice.normal(size=classes).astype(np.float32), TRAINED
    )
    return replace(head, **changes)


def clusters(count: int, seed: int) -> tuple[LastLayerRows, np.ndarray]:
    """Return pixels of three kinds, of which a model knows two and takes the third for the second, not quite sure."""
    dice = np.random.default_rng(seed)
    kinds = dice.integers(3, size=count)
    centres = np.array([[4, 0, 0, 9], [0, 4, 0, 9], [0, 3, 3, 9]], np.float32)
    features = centres[kinds] + dice.normal(scale=0.3, size=(count, 4)).astype(np.float32)
    scores = np.zeros((count, 3), np.float32)
    scores[np.arange(count), np.minimum(kinds, 1)] = np.where(kinds == 2, 0.7, 3)
    return LastLayerRows(features, scores), kinds


def share_right(fitted: Any, rows: LastLayerRows, kinds: np.ndarray) -> np.ndarray:
    """Return the share of the pixels of each kind that the corrected model gets right."""
    right = (rows.scores + fitted.scores(rows.features)).argmax(axis=1) == kinds
    return np.array([right[kinds == kind].mean() for kind in range(3)])


def test_labels_where_the_model_is_wrong_correct_it_and_replay_keeps_the_rest() -> None:
    (labelled, kinds), (everything, truth) = clusters(400, 1), clusters(3000, 2)
    errors = kinds == 2
    fitted = fit_correction(labelled.chosen(errors), kinds[errors], everything)
    assert share_right(fitted, everything, truth) == pytest.approx([1, 1, 1], abs=0.03)


def test_without_replay_the_same_labels_ruin_the_model() -> None:
    (labelled, kinds), (everything, truth) = clusters(400, 1), clusters(3000, 2)
    errors = kinds == 2
    fitted = fit_correction(labelled.chosen(errors), kinds[errors], everything.chosen(slice(0)))
    assert share_right(fitted, everything, truth)[1] < 0.5


def test_a_single_label_without_replay_is_enough() -> None:
    labelled, kinds = clusters(1, 1)
    fitted = fit_correction(labelled, (kinds + 1) % 3, labelled.chosen(slice(0)))
    assert np.isfinite(fitted.scores(labelled.features)).all()


def test_a_model_with_numbers_that_are_not_finite_is_refused() -> None:
    (labelled, kinds), (replay, _) = clusters(20, 1), clusters(50, 2)
    replay.features[3, 0] = np.inf
    with pytest.raises(ModelError, match="scores that are not finite numbers"):
        fit_correction(labelled, kinds, replay)


def test_an_earlier_result_leads_to_the_same_one() -> None:
    (labelled, kinds), (replay, _) = clusters(200, 1), clusters(500, 2)
    cold = fit_correction(labelled, kinds, replay)
    warm = fit_correction(labelled, kinds, replay, start=cold)
    assert np.allclose(cold.scores(replay.features), warm.scores(replay.features), atol=0.05)


def test_replay_weighs_more_the_more_labels_lie_on_errors() -> None:
    opinion = softmax(np.log(np.array([[0.8, 0.2]] * 50, np.float32)))
    assert replay_weight(0.2, opinion) == pytest.approx(LEAST_REPLAY)
    assert replay_weight(0.0, opinion) == pytest.approx(LEAST_REPLAY)
    assert replay_weight(0.4, opinion) == pytest.approx(LEAST_REPLAY + 1)
    assert replay_weight(0.6, opinion) == pytest.approx(LEAST_REPLAY + 2)


def test_a_model_that_is_sure_of_everything_does_not_silence_the_labels() -> None:
    assert replay_weight(1.0, np.array([[1.0, 0.0]], np.float32)) == MOST_REPLAY


def test_bytes_hold_the_whole_head(bundle: ModelBundle) -> None:
    head = head_for(bundle, pixels=1234)
    again = CorrectionHead.from_bytes(head.to_bytes(), "it")
    assert again.pixels == correction_pixels(head.to_bytes()) == 1234
    assert (again.model_hash, again.values, again.trained_on) == (HASH, head.values, TRAINED)
    assert np.array_equal(again.weights, head.weights)
    assert np.array_equal(again.bias, head.bias)


def test_the_corrected_model_adds_the_head_to_its_scores(bundle: ModelBundle) -> None:
    head, pixels = head_for(bundle), torch.rand(1, 3, 32, 48)
    network, features = bundle.build(), []
    network.head.register_forward_hook(lambda _layer, inputs, _scores: features.append(inputs[0]))
    change = corrected(bundle, head)
    with torch.inference_mode():
        own, new = network(pixels), change.build()(pixels)
    filters = filter_features(pixels[0].numpy(), np.ones((32, 48), np.bool_))
    every = torch.cat([features[0], torch.from_numpy(filters)[None]], dim=1)
    added = torch.einsum("kf,nfhw->nkhw", torch.from_numpy(head.weights), every)
    expected = own + added + torch.from_numpy(head.bias)[:, None, None]
    assert torch.allclose(new, expected, atol=1e-3)
    assert bundle.state["head.weight"] is not change.state["head.weight"]


def test_a_corrected_model_is_not_saved_as_if_it_were_a_model(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a corrected model cannot be saved"):
        corrected(bundle, head_for(bundle)).save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_it_was_fitted_to_counts_as_trained_on(bundle: ModelBundle) -> None:
    change = corrected(bundle, head_for(bundle))
    assert [image["stem"] for image in change.header.training["trained_on"]] == ["a"]
    assert change.reference is not None
    assert change.reference.is_same_run(bundle.reference)
    assert change.reference.correction
    assert "trained_on" not in bundle.header.training


@pytest.mark.parametrize(
    "changes",
    [
        {"model_hash": "cd" * 32},
        {"values": (1, 2, 3)},
        {"weights": np.zeros((3, 7), np.float32)},
    ],
)
def test_a_head_of_another_model_is_refused(bundle: ModelBundle, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="belongs to another model"):
        corrected(bundle, head_for(bundle, **changes))
    with pytest.raises(ModelError, match="belongs to another model"):
        corrected(replace(bundle, reference=None), head_for(bundle))


def stored(record: Any, **tensors: Any) -> bytes:
    whole = {"weights": np.zeros((2, 4), np.float32), "bias": np.zeros(2, np.float32)} | tensors
    return save({name: array for name, array in whole.items() if array is not None}, {KIND: json.dumps(record)})


RECORD = {"features": 1, "model_hash": HASH, "values": [1, 2], "trained_on": []}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\3\4 no such file",
        stored(RECORD | {"model_hash": "../x"}),
        stored(RECORD | {"features": 2}),
        stored(RECORD | {"values": [1, 2, 3]}),
        stored(RECORD | {"values": [1, -2]}),
        stored(RECORD | {"trained_on": [{"stem": 5}]}),
        stored([]),
        stored(RECORD, bias=None),
        stored(RECORD, bias=np.zeros(3, np.float32)),
        stored(RECORD, weights=np.zeros((2, 4, 1), np.float32)),
        stored(RECORD, weights=np.full((2, 4), np.nan, np.float32)),
        stored(RECORD, bias=np.zeros(2, np.uint8)),
        save({"weights": np.zeros((2, 4), np.float32)}, {"other": "{}"}),
    ],
)
def test_damaged_bytes_are_one_sentence(data: bytes) -> None:
    assert correction_pixels(data) == 0
    with pytest.raises(
        ModelError, match=r"^the correction number 7 is damaged; delete it and correct the model again$"
    ):
        CorrectionHead.from_bytes(data, "the correction number 7")


def test_random_damage_is_refused_or_changes_numbers_only(bundle: ModelBundle) -> None:
    whole, dice, refused = head_for(bundle).to_bytes(), random.Random(0), 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.choice([1, 3, 20])):
            data[dice.randrange(min(len(data), 500))] = dice.randrange(256)
        try:
            CorrectionHead.from_bytes(bytes(data[: dice.choice([len(data), dice.randrange(len(data))])]), "it")
        except ModelError:
            refused += 1
    assert refused > 200
