from __future__ import annotations

import pytest

from landseg_gui.session.view_state import (
    ViewPlace,
    remember_place,
    remember_window,
    remembered_place,
    remembered_window,
)
from landseg_gui.viewer.frame import ViewFrame


def test_the_middle_of_a_frame_comes_back_whatever_the_size_of_the_window() -> None:
    place = ViewPlace.of(ViewFrame(400, 200, 2.0, 10.0, 20.0))
    assert place == ViewPlace(110.0, 70.0, 2.0)
    frame = ViewFrame(300, 300).centred(place.column, place.row, place.scale)
    assert ViewPlace.of(frame) == place


def test_places_are_kept_for_each_image(opened) -> None:
    project = opened.project
    remember_place(project, 1, ViewPlace(1.5, 2, 0.25))
    remember_place(project, 2, ViewPlace(7, 8, 1))
    assert remembered_place(project, 1) == ViewPlace(1.5, 2, 0.25)
    assert remembered_place(project, 2) == ViewPlace(7, 8, 1)
    assert remembered_place(project, 3) is None
    remember_place(project, 1, None)
    assert remembered_place(project, 1) is None


@pytest.mark.parametrize("stored", ["text", [1, 2], [1, 2, 0], [1, 2, -1], [1, "x", 2], {"scale": 1}, [1, 2, None]])
def test_what_makes_no_sense_counts_as_not_known(opened, stored) -> None:
    opened.project.set_view_state("place/1", stored)
    assert remembered_place(opened.project, 1) is None


def test_the_window_is_kept(opened) -> None:
    remember_window(opened.project, 2, 3)
    assert remembered_window(opened.project) == {"image": 2, "active_value": 3}
    opened.project.set_view_state("window", [1])
    assert remembered_window(opened.project) == {}
