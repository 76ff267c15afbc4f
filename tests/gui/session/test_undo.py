from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.open_project import labelled_pixels, paint_square

from landseg_core.labels.regions import RectangleRegion


def test_undo_and_redo_at_once(opened) -> None:
    paint_square(opened, 50, "Brush: land")
    assert (opened.editing.undo_text(), opened.editing.redo_text()) == ("Undo Brush: land", "Redo")
    opened.editing.undo()
    assert labelled_pixels(opened) == 0
    assert (opened.editing.undo_text(), opened.editing.redo_text()) == ("Undo", "Redo Brush: land")
    opened.editing.undo()
    opened.editing.redo()
    assert labelled_pixels(opened) == 2500
    opened.editing.redo()
    assert opened.project.history.position == 1


def test_a_gesture_that_changes_nothing_is_no_step(opened) -> None:
    paint_square(opened, 50)
    paint_square(opened, 50)
    assert len(opened.project.history.steps) == 1


def test_only_gestures_of_the_session_are_recorded(opened) -> None:
    edit = opened.labels.begin()
    with pytest.raises(ValueError, match="begin"):
        opened.editing.record(edit, "Brush")


def test_undo_waits_for_the_stroke_under_way(opened, messages) -> None:
    paint_square(opened, 50)
    edit = opened.editing.begin()
    opened.editing.undo()
    assert opened.project.history.position == 1
    assert messages.problems == []
    edit.revert()
    opened.editing.undo()
    assert opened.project.history.position == 0


def test_no_job_changes_the_project_in_the_middle_of_a_stroke(opened) -> None:
    edit = opened.editing.begin()
    assert opened.editing.run("Edit", lambda *_: None) is None
    edit.revert()
    assert opened.editing.run("Edit", lambda *_: None) is not None


def test_a_stroke_taken_back_on_an_image_that_is_gone_is_in_nobodys_way(qtbot, opened) -> None:
    opened.editing.begin().revert()
    with qtbot.waitSignal(opened.editing.images_changed):
        opened.images.remove(opened.image.id)
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.name == "south")
    opened.editing.undo()
    paint_square(opened, 10)
    assert labelled_pixels(opened) == 100


def test_undo_shows_the_image_of_the_step(qtbot, opened) -> None:
    paint_square(opened, 50)
    opened.images.show_next()
    qtbot.waitUntil(lambda: opened.image.name == "south")
    opened.editing.undo()
    qtbot.waitUntil(lambda: opened.image.name == "north")
    assert labelled_pixels(opened) == 0


def test_the_history_is_walked_in_both_directions(qtbot, opened) -> None:
    for side in range(1, 41):
        paint_square(opened, side)
    for position in (7, 31, 0, 40, 99, -5):
        opened.editing.undo_to(position)
        qtbot.waitUntil(lambda: not opened.editing.busy)
        expected = min(max(0, position), 40)
        assert opened.project.history.position == expected
        assert labelled_pixels(opened) == expected**2


def test_a_long_walk_lets_the_window_live(qtbot, opened, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.session.history_walk._BUDGET_S", 0.0)
    for side in range(1, 6):
        paint_square(opened, side)
    turns = []
    opened.editing.history_changed.connect(lambda: turns.append(opened.project.history.position))
    opened.editing.undo_to(0)
    assert opened.editing.busy
    assert opened.editing.begin() is None
    qtbot.waitUntil(lambda: not opened.editing.busy)
    assert turns == [4, 3, 2, 1, 0]


LARGE_SIDE = 9 * 512  # 81 tiles: more than are undone in memory


@pytest.fixture
def with_large_step(qtbot, empty, project_path, schema, make_sparse_image):
    """Return a session with a small step, a large one and a small one."""
    empty.lifecycle.create(project_path, schema, [make_sparse_image("large.tif", LARGE_SIDE)])
    qtbot.waitUntil(lambda: empty.image is not None)
    paint_square(empty, 10)
    empty.editing.paint_large(RectangleRegion((0, 0), (LARGE_SIDE, LARGE_SIDE)), 1, "Large")
    qtbot.waitUntil(lambda: not empty.editing.busy)
    paint_square(empty, 20)
    assert [step.is_large for step in empty.project.history.steps] == [False, True, False]
    return empty


def test_large_steps_go_back_in_a_job(qtbot, with_large_step, runner) -> None:
    session, titles = with_large_step, []
    runner.started.connect(lambda job: titles.append(job.title))
    session.editing.undo_to(0)
    qtbot.waitUntil(lambda: not session.editing.busy)
    assert titles == ["Undo Large"]
    assert labelled_pixels(session) == 0
    session.editing.undo_to(3)
    qtbot.waitUntil(lambda: not session.editing.busy)
    assert titles == ["Undo Large", "Redo Large"]
    assert session.project.class_pixels(session.image.id) == {0: 400, 1: LARGE_SIDE**2 - 400}


def test_a_large_step_that_is_stopped_ends_the_walk_there(qtbot, with_large_step, runner) -> None:
    session = with_large_step
    runner.started.connect(lambda job: job.stop())
    session.editing.undo_to(0)
    qtbot.waitUntil(lambda: not session.editing.busy)
    assert session.project.history.position == 2


def test_the_history_outlives_the_window(qtbot, opened, project_path) -> None:
    paint_square(opened, 50)
    paint_square(opened, 60)
    opened.editing.undo()
    assert opened.lifecycle.close()
    opened.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: opened.image is not None)
    assert (opened.editing.undo_text(), opened.editing.redo_text()) == ("Undo Rectangle", "Redo Rectangle")
    opened.editing.redo()
    assert labelled_pixels(opened) == 3600
    opened.editing.undo_to(0)
    qtbot.waitUntil(lambda: not opened.editing.busy)
    assert labelled_pixels(opened) == 0


def test_a_step_that_cannot_be_undone_is_told_and_ends_the_walk(opened, messages, monkeypatch) -> None:
    from landseg_core.errors import ProjectError

    paint_square(opened, 50)

    def undo() -> None:
        raise ProjectError("the step is damaged")

    monkeypatch.setattr(opened.project, "undo", undo)
    opened.editing.undo()
    assert messages.problems == ["The step is damaged."]
    assert not opened.editing.busy


def test_whatever_is_done_the_labels_are_those_of_the_position(qtbot, opened) -> None:
    moves_of_a_user = st.one_of(st.sampled_from(["undo", "redo", "jump"]), st.integers(2, 30))

    @given(st.lists(moves_of_a_user, max_size=12))
    @settings(max_examples=25)
    def check(moves: list[str | int]) -> None:
        opened.editing.undo_to(0)
        qtbot.waitUntil(lambda: not opened.editing.busy)
        paint_square(opened, 1)  # what was undone before is gone with it
        states, position = [0, 1], 1
        for move in moves:
            if move == "undo":
                opened.editing.undo()
                position = max(0, position - 1)
            elif move == "redo":
                opened.editing.redo()
                position = min(len(states) - 1, position + 1)
            elif move == "jump":
                position = len(states) // 2
                opened.editing.undo_to(position)
            elif move**2 > states[position]:
                paint_square(opened, move)
                states = [*states[: position + 1], move**2]
                position += 1
            qtbot.waitUntil(lambda: not opened.editing.busy)
            assert opened.project.history.position == position
            assert labelled_pixels(opened) == states[position]

    check()
