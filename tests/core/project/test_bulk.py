"""Edits of whole images: one step, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import JobStopped, ProjectError
from landseg_core.events import Event, JobControl, Progress
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project import history
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

Make = Callable[..., Project]
Paint = Callable[..., None]


def filled(_key: TileKey, _window: PixelWindow, values: Any) -> Any:
    return np.where(values == 255, np.uint8(1), values)


def test_a_whole_image_edit_is_one_step(project: Project) -> None:
    paint_rectangle(project)
    before = class_values(project)
    events: list[Event] = []
    seen = []

    def change(key: TileKey, window: PixelWindow, values: Any) -> Any:
        assert project.busy
        assert values.shape == (window.height, window.width)
        assert not values.flags.writeable
        seen.append(key)
        return filled(key, window, values)

    assert project.edit_tiles(1, "Fill the rest", change, on_event=events.append) == 700 * 600 - 6000
    assert seen == [TileKey(0, row, column) for row in (0, 1) for column in (0, 1)]
    assert [(event.done, event.total) for event in events if isinstance(event, Progress)][-1] == (4, 4)
    assert (project.busy, project.class_pixels(1)) == (False, {1: 414_000, 4: 6000})
    assert [step.name for step in project.history.steps] == ["Paint 4", "Fill the rest"]
    assert project.history.steps[1].bytes > 0
    assert (class_values(project) != 255).all()
    project.undo()
    np.testing.assert_array_equal(class_values(project), before)
    project.redo()
    project.close()
    assert check_project(project.path) == []


def test_all_coarser_levels_follow_a_whole_image_edit(make_project: Make) -> None:
    project = make_project(sizes=((1600, 1100),))
    paint_rectangle(project, 4, (900, 500, 1300, 900))
    project.edit_tiles(1, "Fill", filled)
    labels = project.labels(1)
    assert labels.pyramid.levels == 3
    assert np.unique(labels.read(PixelWindow(0, 0, 400, 275), 2)).tolist() == [1, 4]
    for change in (project.undo, project.redo, project.undo):
        change()
        project.flush()
        assert check_project(project.path) == []
    assert np.unique(labels.read(PixelWindow(0, 0, 400, 275), 2)).tolist() == [4, 255]


def test_a_whole_image_edit_may_leave_tiles_out(project: Project) -> None:
    paint_rectangle(project)
    assert project.edit_tiles(1, "Painted", filled, painted_only=True) == 512 * 512 - 6000
    assert project.edit_tiles(1, "Corner", filled, PixelWindow(600, 550, 900, 900)) == 188 * 88
    assert project.edit_tiles(1, "Nothing", lambda *_: None) == 0
    assert project.edit_tiles(1, "The same", lambda _key, _window, values: values) == 0
    assert project.edit_tiles(1, "Outside", filled, PixelWindow(700, 0, 5, 5)) == 0
    assert [step.name for step in project.history.steps] == ["Paint 4", "Painted", "Corner"]
    assert project.tile_keys(1) == [TileKey(0, 0, 0), TileKey(0, 1, 1)]


@pytest.mark.parametrize("failure", [JobStopped, ZeroDivisionError, ValueError])
def test_a_whole_image_edit_that_ends_early_never_was(project: Project, failure: type[Exception]) -> None:
    paint_rectangle(project)
    before, state = class_values(project), project.history.state
    control = JobControl()

    def change(key: TileKey, window: PixelWindow, values: Any) -> Any:
        if key.row == 1:
            control.stop()
            if failure is ZeroDivisionError:
                raise ZeroDivisionError
            return values.astype(int) if failure is ValueError else filled(key, window, values)
        return filled(key, window, values)

    with pytest.raises(failure):
        project.edit_tiles(1, "Fill", change, control=control)
    np.testing.assert_array_equal(class_values(project), before)
    assert (project.busy, project.history.state, len(project.history.steps)) == (False, state, 1)
    paint_rectangle(project, 1)
    project.close()
    assert check_project(project.path) == []


def test_while_the_whole_image_changes_reading_continues_and_painting_waits(project: Project) -> None:
    paint_rectangle(project)
    before = class_values(project)
    reached, go_on = threading.Event(), threading.Event()

    def change(key: TileKey, window: PixelWindow, values: Any) -> Any:
        reached.set()
        assert go_on.wait(20)
        return filled(key, window, values)

    job = threading.Thread(target=project.edit_tiles, args=(1, "Fill", change))
    job.start()
    try:
        assert reached.wait(20)
        project.labels(1).reload()
        np.testing.assert_array_equal(class_values(project), before)
        with pytest.raises(ProjectError, match="is busy with a change to the whole project"):
            paint_rectangle(project, 1)
        np.testing.assert_array_equal(class_values(project), before)
        with pytest.raises(ProjectError, match="is busy with a change to the whole project"):
            project.undo()
        project.set_view_state("while", "busy")
    finally:
        go_on.set()
        job.join()
    assert project.class_pixels(1) == {1: 414_000, 4: 6000}
    assert (class_values(project) != 255).all()
    project.close()
    with Project.open(project.path) as again:
        assert again.view_state("while") == "busy"


def test_a_large_step_is_undone_in_the_file_and_can_be_stopped(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LARGE_PATCHES", 3)
    edit = project.labels(1).begin()
    edit.paint(RectangleRegion((0, 0), (700, 600)), 4)
    finished = edit.finish()
    assert finished is not None
    project.record(1, finished, "All")
    assert project.history.steps[0].is_large
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        project.undo(control=control)
    assert (project.history.position, project.class_pixels(1)) == (1, {4: 420_000})
    events: list[Event] = []
    assert project.undo(events.append) == project.history.steps[0]
    assert isinstance(events[-1], Progress)
    assert events[-1].task == "Undo All"
    assert (project.history.position, project.class_pixels(1)) == (0, {})
    assert (class_values(project) == 255).all()
    assert project.tile_keys(1) == []


def test_nothing_else_changes_during_a_gesture(project: Project) -> None:
    paint_rectangle(project)
    edit = project.labels(1).begin()
    edit.paint(RectangleRegion((0, 0), (5, 5)), 1)
    for other in (project.undo, lambda: project.edit_tiles(1, "Fill", filled)):
        with pytest.raises(ProjectError, match="a stroke is being painted"):
            other()
    finished = edit.finish()
    assert finished is not None
    project.record(1, finished, "Rectangle")
    assert project.class_pixels(1) == {1: 25, 4: 6000}
    project.undo()
    assert project.class_pixels(1) == {4: 6000}
