"""The one list of what has changed outside a project."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from support.projects import paint_rectangle
from support.rasters import write_raster

from landseg_core.errors import JobStopped
from landseg_core.events import JobControl
from landseg_core.project.check import check_project, notes_on
from landseg_core.project.outside.changes import ChangeKind, Remedy
from landseg_core.project.project import Project
from landseg_core.raster.model_reference import ModelReference

Write = Callable[..., Path]


@pytest.fixture
def mapped(project: Project, tmp_path: Path) -> Callable[..., Path]:
    """Return what makes a map of the image by the model in `run`, and enters it."""

    def make(name: str, *, tagged: bool) -> Path:
        model = tmp_path / "run" / "model.safetensors"
        model.parent.mkdir(exist_ok=True)
        model.write_bytes(b"first")
        path = write_raster(tmp_path / name, np.ones((600, 700), np.uint8), transform=Affine.scale(0.5))
        if tagged:
            with rasterio.open(path, "r+") as dataset:
                dataset.update_tags(**ModelReference.of_bytes(model, b"first", in_run=True).tags)
        project.add_prediction(1, path, None, model)
        project.flush()
        return path

    return make


def test_a_map_whose_model_was_trained_again_is_outdated(project: Project, mapped: Callable[..., Path]) -> None:
    path = mapped("mask.tif", tagged=True)
    assert project.changes() == ()
    model = path.parent / "run" / "model.safetensors"
    later = path.stat().st_mtime + 60
    os.utime(model, (later, later))
    assert project.changes() == ()  # the very model: only copied
    model.write_bytes(b"second")
    (change,) = project.changes()
    assert (change.kind, change.remedies) == (ChangeKind.OLD_MAP, (Remedy.PREDICT, Remedy.REMOVE))
    assert change.what == f"the map {path} was made with another model than {model} is now"
    assert check_project(project.path) == []
    assert notes_on(project.path) == [str(change)]


def test_a_map_that_does_not_name_its_model_is_judged_by_its_age(project: Project, mapped: Callable[..., Path]) -> None:
    path = mapped("mask.tif", tagged=False)
    model = path.parent / "run" / "model.safetensors"
    now = model.stat().st_mtime
    os.utime(path, (now + 60, now + 60))
    assert project.changes() == ()
    os.utime(path, (now - 60, now - 60))
    assert [change.what for change in project.changes()] == [f"the map {path} is older than its model {model}"]
    model.unlink()
    assert project.changes() == ()


def test_a_missing_image_is_found_by_what_it_holds(project: Project, write_image: Write, tmp_path: Path) -> None:
    path = project.images[0].path
    moved = tmp_path / "archive" / "renamed.tif"
    moved.parent.mkdir()
    write_image("other")
    path.rename(moved)
    project.close()
    with Project.open(project.path) as opened:
        (change,) = opened.changes()
    assert (change.kind, change.found) == (ChangeKind.MISSING, moved)


def test_labels_outside_an_image_are_counted(project: Project, write_image: Write) -> None:
    paint_rectangle(project, 4, (690, 0, 700, 5))
    write_image("image0", (695, 600), transform=Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000))
    (change,) = project.changes()
    assert change.what.endswith("its labels were made on 700 x 600 px, and 25 labelled px lie outside it")
    assert check_project(project.path) == [str(change)]


def test_looking_can_be_stopped(project: Project) -> None:
    project.images[0].path.unlink()
    project.close()
    control = JobControl()
    control.stop()
    with Project.open(project.path) as opened, pytest.raises(JobStopped):
        opened.changes(control)
