"""Clicks on cells: what they label, when they end, and what cells attain."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.assistant.clicking import accuracy, attainable, click_through

SIDE, CELL = 64, 8
CELLS = (np.arange(SIDE)[:, None] // CELL * (SIDE // CELL) + np.arange(SIDE) // CELL).astype(np.int32)


def truth() -> np.ndarray:
    """Return a mask whose classes are whole cells: a square of 1 and one of 2 on 0, and unlabelled px."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[8:32, 8:32], mask[40:56, 40:48] = 1, 2
    mask[:8, :8] = 255
    return mask


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def nothing_new(labels: np.ndarray) -> np.ndarray:
    return np.zeros_like(labels)


def test_the_first_state_has_one_cell_of_each_class() -> None:
    mask = truth()
    first = next(click_through(mask, CELLS, nothing_new, random()))
    assert first.clicks == 3
    assert [(first.labels == value).sum() for value in range(3)] == [CELL**2] * 3
    labelled = first.labels != 255
    np.testing.assert_array_equal(first.labels[labelled], mask[labelled])
    np.testing.assert_array_equal(first.shown[labelled], mask[labelled])


def test_clicks_end_when_all_is_right() -> None:
    """What is suggested is always class 0: each cell of another class needs its own click."""
    states = list(click_through(truth(), CELLS, nothing_new, random()))
    assert states[-1].clicks == 9 + 2 + 1
    assert accuracy(truth(), states[-1].shown) == 1
    assert [state.clicks for state in states] == list(range(3, 13))


def test_no_more_clicks_than_a_user_has_patience_for() -> None:
    assert [state.clicks for state in click_through(truth(), CELLS, nothing_new, random(), most=5)] == [3, 4, 5]


def test_a_good_suggestion_needs_no_further_click() -> None:
    mask = truth()
    (only,) = click_through(mask, CELLS, lambda _: mask, random())
    assert only.clicks == 3


def test_cells_across_classes_are_clicked_once() -> None:
    """A cell that holds two classes stays partly wrong, and the user comes to an end all the same."""
    mask = truth()
    mask[8:32, 30:36] = 2
    states = list(click_through(mask, CELLS, nothing_new, random()))
    assert len(states) < 40
    assert accuracy(mask, states[-1].shown) < 1


def test_what_cells_attain() -> None:
    assert attainable(truth(), CELLS) == 1
    mask = truth()
    mask[8:16, 8:10] = 2  # a quarter of a cell
    assert attainable(mask, CELLS) == pytest.approx(1 - 16 / (SIDE**2 - 64))


def test_the_suggestion_sees_all_labels() -> None:
    seen: list[int] = []

    def suggest(labels: np.ndarray) -> np.ndarray:
        seen.append(int((labels != 255).sum()) // CELL**2)
        return np.zeros_like(labels)

    list(click_through(truth(), CELLS, suggest, random()))
    assert seen == list(range(3, 13))


def test_clicks_as_dabs_of_a_brush() -> None:
    first = next(click_through(truth(), CELLS, nothing_new, random()))
    dabs = first.dabs()
    assert [9 <= (dabs == value).sum() <= 25 for value in range(3)] == [True] * 3
    assert all(dabs[click.row, click.column] == click.value for click in first.made)
