"""What becomes of labels whose image lies elsewhere by now: they keep their grid, or move, and none is lost unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError
from landseg_core.formats.exporters import export_labels
from landseg_core.geo.grid import RasterGrid
from landseg_core.project.check import check_project
from landseg_core.project.images import open_image
from landseg_core.project.outside.label_shift import Shift
from landseg_core.project.project import Project
from landseg_core.project.snapshot import snapshot
from landseg_core.raster.source import RasterSource

Write = Callable[..., Path]

HERE = Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000)
THERE = Affine(0.5, 0, 399_100, 0, -0.5, 5_131_000)


def exported(project: Project, out: Path) -> tuple[Affine, Any]:
    export_labels(project, project.images[0].id, "tif", out)
    with RasterSource(out) as labels:
        return labels.grid.transform, labels.read(labels.grid.window)[0]


@pytest.fixture
def moved(project: Project, write_image: Write) -> Project:
    """Return a project whose image lies 100 m further east since it was painted."""
    paint_rectangle(project)
    project.set_areas(1, [[(0, 0), (10, 0), (10, 10)]], "Draw a working area")
    write_image("image0", transform=THERE)
    return project


def test_the_grid_stays_and_the_image_is_read_as_if_it_lay_there(moved: Project, tmp_path: Path) -> None:
    entry = moved.keep_grid(1)
    assert (entry.grid.transform, entry.known_grid.transform) == (HERE, THERE)
    assert check_project(moved.path) == []
    assert exported(moved, tmp_path / "labels.tif")[0] == HERE
    with open_image(entry) as source:
        assert source.grid.transform == HERE
    taken = snapshot(moved, tmp_path / "run" / "labels")
    with RasterSource(taken.masks[0].mask) as mask, RasterSource(entry.path) as image:
        assert mask.grid.is_same(image.grid)  # what a run checks before it learns
    moved.close()
    with Project.open(moved.path) as again:
        assert again.images == (entry,)


def test_a_kept_grid_is_asked_for_again_where_the_file_moves_on(moved: Project, write_image: Write) -> None:
    moved.keep_grid(1)
    write_image("image0", transform=HERE @ Affine.translation(7, 7))
    assert "399103.5" not in check_project(moved.path)[0]
    assert "upper left corner at 399003.5, 5130996.5 now" in check_project(moved.path)[0]
    write_image("image0", transform=HERE)
    entry = moved.keep_grid(1)
    assert entry.file_grid is None
    assert check_project(moved.path) == []


def test_labels_move_with_the_grid_and_back(moved: Project, tmp_path: Path) -> None:
    before = class_values(moved)
    move = moved.plan_move(1)
    assert (move.can_be_undone, move.outside) == (True, 0)
    done = moved.move_labels(move)
    assert (done.entry.id, done.entry.grid.transform, done.copy) == (1, THERE, None)
    assert check_project(moved.path) == []
    transform, labels = exported(moved, tmp_path / "labels.tif")
    assert transform == THERE
    assert (labels == before).all()
    step = moved.undo()
    assert step is not None
    assert step.name == "Move the labels of image0 with its grid"
    assert moved.images[0].grid.transform == HERE
    moved.flush()
    assert "upper left corner" in check_project(moved.path)[0]
    moved.redo()
    moved.close()
    with Project.open(moved.path) as again:
        assert again.images == (done.entry,)


def test_labels_keep_their_map_coordinates_in_a_larger_image(
    project: Project, write_image: Write, tmp_path: Path
) -> None:
    paint_rectangle(project, 4, (480, 500, 620, 560))
    paint_rectangle(project, 1, (0, 0, 1, 1))
    project.set_areas(1, [[(0, 0), (10, 0), (10, 10)]], "Draw a working area")
    project.add_prediction(1, tmp_path / "mask.tif", None, None)
    before = class_values(project)
    write_image("image0", (1300, 700), transform=HERE @ Affine.translation(-50, -30))
    move = project.plan_move(1)
    assert (move.shift, move.outside, move.can_be_undone) == (Shift(50, 30), 0, False)
    done = project.move_labels(move)
    number = done.entry.id
    assert [entry.id for entry in project.images] == [number] != [1]
    assert project.history.steps == ()
    after = class_values(project, number)
    assert after.shape == (700, 1300)
    assert (after[30:630, 50:750] == before).all()
    assert (after != 255).sum() == (before != 255).sum()
    assert project.class_pixels(number) == {1: 1, 4: 140 * 60}
    assert project.areas(number) == (((50, 30), (60, 30), (60, 40)),)
    assert len(project.predictions(number)) == 1
    project.remove_prediction(project.predictions(number)[0].id)
    project.close()
    assert check_project(project.path) == []
    assert done.copy is not None
    with Project.open(done.copy) as copy:
        assert (class_values(copy) == before).all()


def test_labels_outside_are_counted_and_not_lost_unasked(project: Project, write_image: Write, tmp_path: Path) -> None:
    paint_rectangle(project, 4, (0, 0, 700, 600))
    write_image("image0", (100, 90), transform=HERE @ Affine.translation(650, 580))
    move = project.plan_move(1)
    assert move.outside == 700 * 600 - 50 * 20
    with pytest.raises(ProjectError, match=r"419000 labelled px would lie outside .*; allow that \(--drop-outside"):
        project.move_labels(move)
    assert (class_values(project) == 4).all()
    assert not list(tmp_path.glob("*.bak"))
    done = project.move_labels(move, drop_outside=True)
    after = class_values(project, done.entry.id)
    assert ((after == 4).sum(), (after[:20, :50] == 4).all()) == (1000, True)


def test_pixels_of_another_size_are_no_new_grid(project: Project, write_image: Write) -> None:
    paint_rectangle(project)
    write_image("image0", (1400, 1200), transform=Affine(0.25, 0, 399_000, 0, -0.25, 5_131_000))
    with pytest.raises(ProjectError, match="cannot keep their map coordinates: its pixels differ in size"):
        project.plan_move(1)
    with pytest.raises(ProjectError, match="is 1400 x 1200 px and does not fit the grid of the labels, 700 x 600 px"):
        project.keep_grid(1)
    assert project.plan_move(1, "pixels").shift == Shift(0, 0)


def test_relinking_moves_no_labels(moved: Project, tmp_path: Path) -> None:
    other = (tmp_path / "image0.tif").rename(tmp_path / "elsewhere.tif")
    entry = moved.relink(1, other)
    assert (entry.path, entry.grid.transform) == (other, HERE)
    assert "elsewhere.tif has its upper left corner at 399100" in check_project(moved.path)[0]


offsets = st.integers(-3000, 3000)


@given(offsets, offsets, st.sampled_from([0.07, 0.5, 1 / 3, 10.0]))
def test_only_shifts_by_whole_pixels_are_found(right: int, down: int, side: float) -> None:
    former = RasterGrid(300, 200, Affine(side, 0, 399_000, 0, -side, 5_131_000), None)
    now = RasterGrid(500, 100, former.transform @ Affine.translation(-right, -down), None)
    assert Shift.on_ground(former, now) == Shift(right, down)
    between = RasterGrid(500, 100, now.transform @ Affine.translation(0.3, 0), None)
    assert Shift.on_ground(former, between) is None
