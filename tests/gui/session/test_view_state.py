from __future__ import annotations

import pytest

from landseg_gui.session.view_state import (
    ViewPosition,
    load_position,
    load_window,
    save_position,
    save_window,
)
from landseg_gui.viewer.frame import ViewFrame


def test_the_middle_of_a_frame_comes_back_whatever_the_size_of_the_window() -> None:
    position = ViewPosition.of(ViewFrame(400, 200, 2.0, 10.0, 20.0))
    assert position == ViewPosition(110.0, 70.0, 2.0)
    frame = ViewFrame(300, 300).centred(position.column, position.row, position.scale)
    assert ViewPosition.of(frame) == position


def test_places_are_kept_for_each_image(opened) -> None:
    project = opened.project
    save_position(project, 1, ViewPosition(1.5, 2, 0.25))
    save_position(project, 2, ViewPosition(7, 8, 1))
    assert load_position(project, 1) == ViewPosition(1.5, 2, 0.25)
    assert load_position(project, 2) == ViewPosition(7, 8, 1)
    assert load_position(project, 3) is None
    save_position(project, 1, None)
    assert load_position(project, 1) is None


@pytest.mark.parametrize("stored", ["text", [1, 2], [1, 2, 0], [1, 2, -1], [1, "x", 2], {"scale": 1}, [1, 2, None]])
def test_what_makes_no_sense_counts_as_not_known(opened, stored) -> None:
    opened.project.set_view_state("place/1", stored)
    assert load_position(opened.project, 1) is None


def test_the_window_is_kept(opened) -> None:
    save_window(opened.project, 2, 3)
    assert load_window(opened.project) == {"image": 2, "active_value": 3}
    opened.project.set_view_state("window", [1])
    assert load_window(opened.project) == {}
