"""A corrected parent agrees with labels, and otherwise predicts what it did."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.teachers import coloured, network_of_colours

from landseg_core.assistant.corrections import LastLayerRows
from landseg_core.training.corrected_parent import CorrectedParent
from landseg_core.training.network import Network


@pytest.fixture
def network() -> Network:
    return network_of_colours()


def rows_of(parent: CorrectedParent, network: Network, pixels: np.ndarray) -> LastLayerRows:
    """Return what every pixel of (N, C, H, W) chips is to the parent."""
    rows, columns = (axis.ravel() + 0.5 for axis in np.mgrid[: pixels.shape[2], : pixels.shape[3]])
    return LastLayerRows.joined([maps.at(columns, rows) for maps in parent.maps(network.normalise(pixels))])


def filters_of(rows: LastLayerRows) -> np.ndarray:
    return np.zeros((len(rows), 2), np.float32)


def with_filters(rows: LastLayerRows) -> LastLayerRows:
    return LastLayerRows(np.hstack([rows.features, filters_of(rows)]), rows.scores)


def test_uncorrected_it_predicts_what_the_model_does(network: Network) -> None:
    (pixels, _), _ = coloured(3, 0.0)
    parent = CorrectedParent(network, [])
    rows = rows_of(parent, network, pixels)
    expected = network.frozen().classify(network.normalise(pixels)).softmax(dim=1).detach().numpy()
    found = parent.shares(rows, filters_of(rows))
    np.testing.assert_allclose(found, expected.transpose(0, 2, 3, 1).reshape(-1, 3), atol=1e-5)


def test_corrected_it_agrees_better_with_labels_and_keeps_the_rest(network: Network) -> None:
    (pixels, labels), truth = coloured(3, 0.05)
    parent = CorrectedParent(network, [])
    rows = rows_of(parent, network, pixels)
    labelled = labels.ravel() == 2  # where it is wrong
    before = parent.shares(rows, filters_of(rows))
    every = with_filters(rows)
    parent.correct(every.chosen(labelled), labels.ravel()[labelled].astype(np.int64), every.chosen(~labelled), 2)
    after = parent.shares(rows, filters_of(rows))
    right = [np.take_along_axis(found, truth.reshape(-1, 1), axis=1)[:, 0] for found in (before, after)]
    assert right[0][truth.ravel() == 2].mean() < 0.1
    assert right[1][truth.ravel() == 2].mean() > 0.3
    assert right[1][truth.ravel() != 2].mean() > 0.8


def test_a_new_class_is_predicted_nowhere_before_labels_ask_for_it(network: Network) -> None:
    (pixels, _), _ = coloured(3, 0.0)
    parent = CorrectedParent(network, [1])
    rows = rows_of(parent, network, pixels)
    assert parent.shares(rows, filters_of(rows))[:, 1].max() < 0.01


def test_the_model_itself_stays_as_it_is(network: Network) -> None:
    before = {name: value.clone() for name, value in network.model.state_dict().items()}
    CorrectedParent(network, [1])
    assert all(torch.equal(before[name], value) for name, value in network.model.state_dict().items())
