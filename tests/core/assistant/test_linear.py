from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.linear import LinearModel, fit_softmax, softmax


def problem(seed: int, rows: int = 60, features: int = 7, classes: int = 3) -> tuple[np.ndarray, ...]:
    """Return correlated features, soft targets, uneven weights and offsets."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, features)) @ rng.normal(size=(features, features))
    targets = rng.dirichlet(np.full(classes, 0.3), rows)
    return values, targets, rng.uniform(0, 3, rows), rng.normal(size=(rows, classes))


def fitted(rows: np.ndarray, targets: np.ndarray, **options: Any) -> LinearModel:
    """Return the minimum, as exact as it gets."""
    return fit_softmax(rows, targets, tolerance=1e-9, max_iterations=2000, **options)


def gradient(
    model: LinearModel, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray, offsets: np.ndarray, ridge: float
) -> np.ndarray:
    """Return the derivatives of the loss, by the formula."""
    scores = np.exp(rows @ model.weights + model.bias + offsets)
    wrong = (scores / scores.sum(axis=1, keepdims=True) - targets) * weights[:, None]
    return np.vstack([rows.T @ wrong + ridge * model.weights, wrong.sum(axis=0) + ridge * model.bias])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5), st.sampled_from([0.1, 1.0, 30.0]))
def test_the_gradient_vanishes_at_the_result(seed: int, classes: int, ridge: float) -> None:
    rows, targets, weights, offsets = problem(seed, classes=classes)
    model = fitted(rows, targets, weights=weights, offsets=offsets, ridge=ridge)
    assert np.abs(gradient(model, rows, targets, weights, offsets, ridge)).max() <= 1e-9 * weights.sum()


def test_it_is_the_minimum_that_torch_finds() -> None:
    torch = pytest.importorskip("torch")
    rows, targets, weights, offsets = (torch.from_numpy(array) for array in problem(3))
    point = torch.zeros(8, 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [point], max_iter=500, tolerance_grad=1e-10, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss() -> object:
        optimiser.zero_grad()
        logs = torch.log_softmax(rows @ point[:-1] + point[-1] + offsets, 1)
        total = -(weights[:, None] * targets * logs).sum() + 0.25 * (point**2).sum()
        total.backward()
        return total

    optimiser.step(loss)
    model = fitted(rows.numpy(), targets.numpy(), weights=weights.numpy(), offsets=offsets.numpy(), ridge=0.5)
    expected = point.detach().numpy()
    np.testing.assert_allclose(np.vstack([model.weights, model.bias]), expected, atol=1e-6)


def test_a_weight_is_as_good_as_repetition() -> None:
    rows, targets, _, _ = problem(1)
    counts = np.arange(len(rows)) % 4
    weighted = fitted(rows, targets, weights=counts)
    repeated = fitted(rows.repeat(counts, axis=0), targets.repeat(counts, axis=0))
    np.testing.assert_allclose(weighted.weights, repeated.weights, atol=1e-6)


def test_a_start_at_the_result_ends_at_once() -> None:
    rows, targets, _, _ = problem(2)
    model = fit_softmax(rows, targets, tolerance=1e-8, max_iterations=1000)
    again = fit_softmax(rows, targets, start=model, tolerance=1e-7, max_iterations=0)
    resumed = fit_softmax(rows, targets, start=model, tolerance=1e-7)
    assert (again.weights == model.weights).all()
    assert (resumed.weights == model.weights).all()


def test_a_start_far_away_does_not_matter() -> None:
    rows, targets, _, _ = problem(2)
    far = LinearModel(np.full((7, 3), 50.0), np.array([-90.0, 0.0, 90.0]))
    expected, found = fitted(rows, targets), fitted(rows, targets, start=far)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-6)


def test_offsets_that_explain_everything_leave_nothing_to_learn() -> None:
    rows, targets, _, _ = problem(4)
    model = fit_softmax(rows, targets, offsets=np.log(targets + 1e-12), tolerance=1e-6)
    assert np.abs(model.weights).max() < 1e-5


def test_separable_rows_and_a_single_class_are_no_trouble() -> None:
    rows = np.array([[-1.0], [1.0]])
    model = fit_softmax(rows, np.eye(2), ridge=1e-3)
    assert (softmax(model.scores(rows)).argmax(axis=1) == [0, 1]).all()
    assert softmax(fit_softmax(rows, np.ones((2, 1))).scores(rows)).tolist() == [[1.0], [1.0]]


def test_no_rows_give_no_opinion() -> None:
    model = fit_softmax(np.empty((0, 4)), np.empty((0, 2)))
    assert not model.weights.any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": np.ones(3)},
        {"offsets": np.ones((2, 2))},
        {"weights": np.array([1.0, -1.0])},
        {"ridge": 0.0},
        {"start": LinearModel(np.zeros((2, 2)), np.zeros(2))},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|shape"):
        fit_softmax(np.array([[1.0], [2.0]]), np.eye(2, 3), **wrong)  # type: ignore[arg-type]


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        fit_softmax(np.array([[np.nan], [2.0]]), np.eye(2))
