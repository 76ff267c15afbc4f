"""The undo history as plain data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landseg_core.project import history
from landseg_core.project.history import History


def grown(names: str, sizes: int = 10) -> History:
    found = History()
    for name in names:
        found = found.added(replace(found.new_step(name, 1), bytes=sizes))
    return found


def names(found: History) -> str:
    return "".join(step.name for step in found.steps)


def test_undo_and_redo_move_through_the_steps() -> None:
    steps = grown("abc")
    assert (steps.position, steps.next_redo) == (3, None)
    undone = steps.moved(forward=False).moved(forward=False)
    assert undone.next_undo is not None
    assert undone.next_redo is not None
    assert (undone.position, undone.next_undo.name, undone.next_redo.name) == (1, "a", "b")
    start = undone.moved(forward=False)
    assert (start.position, start.next_undo) == (0, None)
    assert start.moved(forward=True).moved(forward=True).moved(forward=True) == steps


def test_a_new_step_replaces_the_undone_ones() -> None:
    older = grown("abc").moved(forward=False).moved(forward=False)
    newer = older.added(older.new_step("d", 1))
    assert (names(newer), newer.position) == ("ad", 2)
    assert newer.dropped(older) == [2, 3]
    assert newer.steps[-1].id == 4  # an id is never used twice


def test_the_oldest_steps_go_beyond_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_STEPS", 3)
    assert names(grown("abcdef")) == "def"
    assert names(grown("a")) == "a"
    monkeypatch.setattr(history, "MOST_BYTES", 25)
    assert names(grown("abcdef")) == "ef"
    assert names(grown("abcdef", 26)) == "f"  # the newest stays, whatever its size
    oldest = grown("abcdef").moved(forward=False).moved(forward=False)
    assert (oldest.position, oldest.next_undo) == (0, None)
    assert names(oldest.added(oldest.new_step("g", 1))) == "g"


def test_the_state_is_another_after_every_edit_and_the_same_after_undo_and_redo() -> None:
    steps = grown("abc")
    undone = steps.moved(forward=False)
    other = undone.added(undone.new_step("d", 1))
    assert len({steps.state, undone.state, undone.moved(forward=False).state, other.state}) == 4
    assert undone.moved(forward=True).state == steps.state
    assert steps.without_image(2).state != steps.state


def test_the_steps_of_an_image_that_goes_go_with_it() -> None:
    steps = grown("abc")
    steps = steps.added(steps.new_step("x", 2)).added(replace(steps.new_step("y", None), id=5)).moved(forward=False)
    rest = steps.without_image(1)
    assert (names(rest), rest.position, rest.dropped(steps)) == ("xy", 1, [1, 2, 3])


def test_steps_of_many_patches_or_several_images_are_large() -> None:
    assert History().new_step("a", 1, history.LARGE_PATCHES + 1).is_large
    assert not History().new_step("a", 1, history.LARGE_PATCHES).is_large
    assert History().new_step("a", None, 1).is_large
    assert not History().new_step("a", None, 0).is_large
