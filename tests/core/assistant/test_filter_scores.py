"""Scores that are linear in filters: the same in any window, added to those of a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.models import random_bundle

from landseg_core.assistant.filter_scores import FilterScores
from landseg_core.assistant.filters import MARGIN, filter_count, filter_features
from landseg_core.models.added_scores import AddedScores


@pytest.fixture
def scores() -> FilterScores:
    weights = np.random.default_rng(0).normal(size=(2, filter_count(3)))
    return FilterScores(weights.astype(np.float32))


def test_they_are_those_of_the_filters(scores: FilterScores) -> None:
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 3, 45, 70)).astype(np.float32))
    for image, found in zip(images.numpy(), scores(images).numpy(), strict=True):
        expected = np.tensordot(scores.weights, filter_features(image, np.ones((45, 70), np.bool_)), 1)
        assert np.abs(found - expected).max() < 1e-3


def test_a_window_with_a_margin_has_the_scores_of_the_whole(scores: FilterScores) -> None:
    whole = torch.from_numpy(np.random.default_rng(2).normal(size=(1, 3, 200, 240)).astype(np.float32))
    expected = scores(whole)[0, :, 24 + MARGIN : 180 - MARGIN, 40 + MARGIN : 220 - MARGIN]
    found = scores(whole[..., 24:180, 40:220])[0, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert (found - expected).abs().max() < 1e-3
    nearer = scores(whole[..., 24:180, 40:220])[0, :, :MARGIN, MARGIN:-MARGIN]
    assert (nearer - scores(whole)[0, :, 24 : 24 + MARGIN, 40 + MARGIN : 220 - MARGIN]).abs().max() > 0.1


def test_a_network_with_added_scores_has_the_wider_margin(scores: FilterScores) -> None:
    network = random_bundle("unet16", classes=2).build()
    assert AddedScores(network, scores).radius == max(network.radius, MARGIN)
    assert AddedScores(network, FilterScores(scores.weights, 1000)).radius == 1000
    images = torch.zeros(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(AddedScores(network, scores)(images), network(images) + scores(images))
