"""The simulated user clicks cell after cell on a view, and looks at what is suggested after each click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.assistant.scoring import unseen
from benchmarks.scribbles import UNLABELLED, Mask
from benchmarks.simulated_user import Click, click_at_error, first_clicks

NEVER = 100
"""What counts as the number of clicks where they do not suffice."""
DAB = 5
"""Px across of a click with a brush."""

Ids = npt.NDArray[np.int32]
Suggest = Callable[[Mask], Mask]
"""Returns the (H, W) class values that are suggested where (H, W) labels are given, UNLABELLED elsewhere."""


@dataclass(frozen=True, eq=False)
class State:
    """What is labelled after some clicks, and the map that is shown: labels where there are any, else suggestions."""

    made: tuple[Click, ...]
    labels: Mask
    shown: Mask

    @property
    def clicks(self) -> int:
        return len(self.made)

    def dabs(self) -> Mask:
        """Return the (H, W) labels of the same clicks made with a round brush, as in programs without cells."""
        dabs = np.full_like(self.labels, UNLABELLED)
        for click in self.made:
            cv2.circle(dabs, (click.column, click.row), DAB // 2, click.value, cv2.FILLED)
        return dabs


def click_through(
    truth: Mask, cells: Ids, suggest: Suggest, rng: np.random.Generator, most: int = NEVER
) -> Iterator[State]:
    """Yield what each click leads to, from the last of the first clicks, which give each class one cell, to the end.

    A click labels the whole cell under it, (H, W) `cells` without -1 inside; the end is where nothing is wrong, or
    after `most` clicks. What is labelled wrong with a cell stays so: it is not clicked on again.
    """
    labels = np.full_like(truth, UNLABELLED)
    waiting = first_clicks(truth, rng)
    state = State((), labels, labels)
    while state.clicks < most and (click := _next_click(waiting, truth, state)) is not None:
        labels = np.where(cells == cells[click.row, click.column], np.uint8(click.value), state.labels)
        shown = labels if waiting else np.where(labels == UNLABELLED, suggest(labels), labels)
        state = State((*state.made, click), labels, shown)
        if not waiting:
            yield state


def _next_click(waiting: list[Click], truth: Mask, state: State) -> Click | None:
    return waiting.pop(0) if waiting else click_at_error(unseen(truth, state.labels), state.shown)


def attainable(truth: Mask, cells: Ids) -> float:
    """Return the accuracy of a map that gives each cell the class that most of its pixels have."""
    known = truth != UNLABELLED
    counts = np.zeros((int(cells.max()) + 1, UNLABELLED), np.int64)
    np.add.at(counts, (cells[known], truth[known]), 1)
    return float(counts.max(axis=1).sum() / known.sum())


def accuracy(truth: Mask, shown: Mask) -> float:
    """Return the share of all known pixels that are right, labelled ones included."""
    known = truth != UNLABELLED
    return float((shown == truth)[known].mean())
