"""Softmax (multinomial logistic) regression: fast enough to be fitted anew after each label.

The loss is minimised by L-BFGS (Liu, Nocedal: "On the limited memory BFGS method for large scale optimization", 1989;
the two-loop recursion is algorithm 7.4 in Nocedal, Wright: "Numerical Optimization"). Scores are linear in the weights,
so that along a direction they need no product of matrices, and each line search is nearly exact.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
_Doubles = npt.NDArray[np.float64]

_HISTORY = 12
"""Steps from which L-BFGS derives the curvature."""
_FLAT_ENOUGH = 0.1
"""A line search ends where the slope is so many times that at its start."""
_LINE_STEPS = 20


@dataclass(frozen=True)
class LinearModel:
    """Scores that are linear in features: `weights` is (F, K), `bias` (K,), both float64."""

    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]

    def scores(self, rows: Floats) -> npt.NDArray[np.float32]:
        """Return the (N, K) scores of (N, F) rows."""
        scores = rows.astype(np.float32, copy=False) @ self.weights.astype(np.float32)
        return np.asarray(scores + self.bias.astype(np.float32))


def softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the (N, K) probabilities of (N, K) scores."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def fit_softmax(
    rows: Floats,
    targets: Floats,
    *,
    weights: Floats | None = None,
    ridge: float = 1.0,
    offsets: Floats | None = None,
    start: LinearModel | None = None,
    tolerance: float = 1e-3,
    max_iterations: int = 200,
) -> LinearModel:
    """Return the linear model of least cross-entropy, summed over rows, plus a penalty on large weights.

    Args:
        rows: (N, F) features, each best of mean 0 and deviation 1, since the penalty treats all alike.
        targets: (N, K) probabilities; each row adds up to 1.
        weights: (N,) how much each row counts, not negative; 1 by default.
        ridge: the penalty: half of it times the sum of the squares of weights and bias. More than 0.
        offsets: (N, K) scores that are added to those of the model, and stay as they are.
        start: a model of the same shape near which the result is expected.
        tolerance: the largest derivative by a weight at which the fit ends, relative to the sum of `weights`.
        max_iterations: the fit ends after so many steps at the latest.

    Raises:
        ValueError: the shapes do not match, or a number is not finite.
    """
    problem = _Problem(rows, targets, weights, ridge, offsets)
    point = problem.zero if start is None else np.vstack([start.weights, start.bias]).T
    if point.shape != problem.zero.shape:
        raise ValueError(f"the model to start from has the shape {point.T.shape}, not {problem.zero.T.shape}")
    found = _minimised(problem, point, tolerance * problem.total, max_iterations).T
    return LinearModel(found[:-1], found[-1])


class _Problem:
    """The loss as a function of the (K, F + 1) weights, whose last column is the bias.

    Rows are columns here: sums over a few classes are several times as fast along the first axis.
    """

    def __init__(
        self, rows: Floats, targets: Floats, weights: Floats | None, ridge: float, offsets: Floats | None
    ) -> None:
        count, classes = targets.shape
        self._rows = np.hstack([np.asarray(rows, np.float64), np.ones((count, 1))])
        self._targets = _transposed(targets)
        self._weights = np.ones(count) if weights is None else np.asarray(weights, np.float64)
        self._offsets = np.zeros((classes, 1)) if offsets is None else _transposed(offsets)
        self.ridge = ridge
        self.total = float(self._weights.sum())
        self.zero = np.zeros((classes, self._rows.shape[1]))
        self._check()

    def _check(self) -> None:
        shape = self._targets.shape
        if self._offsets.shape not in (shape, (shape[0], 1)) or self._weights.shape != shape[1:]:
            raise ValueError("rows, targets, weights and offsets must be of one length, and of as many classes")
        arrays = (self._rows, self._targets, self._weights, self._offsets)
        if not (all(np.isfinite(array).all() for array in arrays) and (self._weights >= 0).all() and self.ridge > 0):
            raise ValueError("rows, targets, weights and offsets must be finite, weights not negative, ridge above 0")

    def scores(self, point: _Doubles) -> _Doubles:
        """Return the (K, N) scores; without `offsets` they are linear in `point`."""
        return np.asarray(point @ self._rows.T)

    def residuals(self, scores: _Doubles) -> tuple[_Doubles, _Doubles]:
        """Return the (K, N) probabilities, and their weighted differences from the targets."""
        shares = scores + self._offsets
        shares -= shares.max(axis=0)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=0)
        return shares, (shares - self._targets) * self._weights

    def gradient(self, point: _Doubles, scores: _Doubles) -> _Doubles:
        """Return the derivatives of the loss by the weights."""
        return np.asarray(self.residuals(scores)[1] @ self._rows + self.ridge * point)

    def curvature(self, shares: _Doubles, change: _Doubles) -> float:
        """Return the second derivative of the cross-entropy along a change of the scores."""
        centred = change - (shares * change).sum(axis=0)
        return float((shares * centred**2).sum(axis=0) @ self._weights)


def _transposed(array: Floats) -> _Doubles:
    return np.ascontiguousarray(np.asarray(array, np.float64).T)


def _minimised(problem: _Problem, point: _Doubles, flat: float, max_iterations: int) -> _Doubles:
    """Return the minimum: the problem is strictly convex."""
    scores = problem.scores(point)
    gradient = problem.gradient(point, scores)
    memory = _Memory()
    for _ in range(max_iterations):
        if np.abs(gradient).max(initial=0) <= flat:
            break
        direction = memory.direction(gradient)
        change = problem.scores(direction)
        step = _line_search(problem, point, scores, direction, change)
        if step == 0:
            break
        point, scores = point + step * direction, scores + step * change
        previous, gradient = gradient, problem.gradient(point, scores)
        memory.add(step * direction, gradient - previous)
    return point


def _line_search(problem: _Problem, point: _Doubles, scores: _Doubles, direction: _Doubles, change: _Doubles) -> float:
    """Return the step to where the slope along `direction` is nearly 0: Newton's method between two bounds.

    The slope of a convex function grows, so that a root lies between a step that is too short and one that is too long.
    """
    square, along = float((direction**2).sum()), float((direction * point).sum())
    low, high, step, first = 0.0, np.inf, 0.0, None
    for _ in range(_LINE_STEPS):
        shares, residuals = problem.residuals(scores + step * change)
        slope = float((residuals * change).sum()) + problem.ridge * (along + step * square)
        first = slope if first is None else first
        if step and abs(slope) <= _FLAT_ENOUGH * abs(first):
            return step
        if first >= 0:
            return 0.0  # rounding has the last word: there is no way down
        low, high = (step, high) if slope < 0 else (low, step)
        step -= slope / (problem.curvature(shares, change) + problem.ridge * square)
        if not low < step < high:
            step = (low + high) / 2 if np.isfinite(high) else 2 * low + 1
    return low or step


class _Memory:
    """The last steps and the changes of the gradient along them."""

    def __init__(self) -> None:
        self._pairs: deque[tuple[_Doubles, _Doubles, float]] = deque(maxlen=_HISTORY)

    def add(self, step: _Doubles, change: _Doubles) -> None:
        product = float((step * change).sum())
        if product > 0:
            self._pairs.append((step, change, product))

    def direction(self, gradient: _Doubles) -> _Doubles:
        """Return the way down: minus the gradient times the approximate inverse of the second derivatives."""
        result, factors = -gradient, []
        for step, change, product in reversed(self._pairs):
            factors.append(float((step * result).sum()) / product)
            result = result - factors[-1] * change
        if self._pairs:
            _, change, product = self._pairs[-1]
            result *= product / float((change**2).sum())
        for (step, change, product), factor in zip(self._pairs, reversed(factors), strict=True):
            result = result + (factor - float((change * result).sum()) / product) * step
        return result
