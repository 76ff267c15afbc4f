"""A project's labels as a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.data.chips import ChipSampler
from landseg_core.data.loading.project import label_blocks, project_data
from landseg_core.errors import DatasetError, JobStopped
from landseg_core.events import JobControl
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_core.project.snapshot import LabelSnapshot, snapshot

GEOREFERENCE = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32633"}


@pytest.fixture
def project(tmp_path: Path, schema: ClassSchema) -> Iterator[Project]:
    """Return a project of two images of noise, 1400 x 1100 and 600 x 500 px."""
    rng = np.random.default_rng(2)
    with Project.create(tmp_path / "p.landseg", schema) as project:
        for name, size, east in (("town", (1100, 1400), 0), ("farm", (500, 600), 2000)):
            pixels = rng.integers(1, 255, (3, *size), np.uint8)
            georeference = GEOREFERENCE | {"transform": Affine.translation(east, 0) @ GEOREFERENCE["transform"]}
            project.add_image(write_raster(tmp_path / f"{name}.tif", pixels, **georeference))
        yield project


def paint(project: Project, image_id: int, *boxes: tuple[int, int, int, int], value: int = 4) -> None:
    """Paint boxes from corner to corner."""
    edit = project.labels(image_id).begin()
    for left, top, right, bottom in boxes:
        edit.paint(RectangleRegion((left, top), (right, bottom)), value)
    finished = edit.finish()
    assert finished is not None
    project.record(image_id, finished, "Paint")


@pytest.fixture
def painted(project: Project) -> Project:
    """Paint land and water all over the first image, and a road on the second."""
    paint(project, 1, *[(x, y, x + 60, y + 60) for x in range(50, 1300, 300) for y in (30, 500, 1000)], value=1)
    paint(project, 1, *[(x, y, x + 40, y + 80) for x in range(200, 1300, 300) for y in (130, 600, 900)], value=4)
    paint(project, 2, (100, 100, 400, 130), (100, 300, 400, 330), value=0)
    return project


@pytest.fixture
def labels(painted: Project, tmp_path: Path) -> LabelSnapshot:
    return snapshot(painted, tmp_path / "run" / "labels")


def test_all_labels_of_all_images_are_used(painted: Project, labels: LabelSnapshot) -> None:
    data = project_data(labels, seed=1, chip=128, buffer=0)
    assert {area.stem for area in data.train} == {"town", "farm"}
    assert (data.bands, data.dtype) == ((1, 2, 3), "uint8")
    assert data.ground_resolution_m == pytest.approx(0.5, rel=0.01)
    assert data.notices == ()
    reader = data.reader()
    counts = np.zeros(256, np.int64)
    for area in (*data.train, *data.val):
        counts += np.bincount(reader.read(area)[1].ravel(), minlength=256)
    totals = [sum(painted.class_pixels(image).get(value, 0) for image in (1, 2)) for value in labels.schema.values]
    assert counts[:3].tolist() == totals
    assert counts[3:255].sum() == 0


def test_chips_seldom_miss_the_labels(labels: LabelSnapshot) -> None:
    data = project_data(labels, seed=1, chip=128)
    sampler, reader = ChipSampler(data.train, 128, seed=3), data.reader()
    _, chips = sampler.batch(reader, 0, range(100))
    assert (chips != 255).any(axis=(1, 2)).mean() > 0.98


def test_one_pixel_in_ten_thousand_is_found_by_every_chip(
    project: Project, tmp_path: Path, schema: ClassSchema
) -> None:
    rng = np.random.default_rng(0)
    edit = project.labels(1).begin()
    where = rng.random((1100, 1400)) < 1e-4
    edit.put(project.images[0].grid.window, np.where(where, 4, 255).astype(np.uint8), where)
    project.record(1, edit.finish(), "Specks")
    data = project_data(snapshot(project, tmp_path / "labels"), seed=0, chip=256)
    _, chips = ChipSampler(data.train, 256).batch(data.reader(), 0, range(60))
    assert (chips != 255).any(axis=(1, 2)).all()


def test_the_split_is_the_same_for_the_same_seed(labels: LabelSnapshot) -> None:
    assert project_data(labels, seed=1, chip=128) == project_data(labels, seed=1, chip=128)


def test_the_map_shows_what_a_run_would_take(painted: Project, labels: LabelSnapshot) -> None:
    data = project_data(labels, seed=4, chip=128)
    blocks = label_blocks(painted, seed=4, chip=128)
    for image, stem in ((1, "town"), (2, "farm")):
        for shown, areas in ((blocks[image].train, data.train), (blocks[image].val, data.val)):
            assert list(shown) == [area.window for area in areas if area.stem == stem]


@pytest.mark.parametrize("how", [{"buffer": 0}, {"buffer": 200}, {"split": "images"}])
def test_the_map_shows_what_a_run_would_take_however_it_splits(
    painted: Project, labels: LabelSnapshot, how: dict[str, Any]
) -> None:
    data = project_data(labels, seed=4, chip=128, **how)
    blocks = label_blocks(painted, seed=4, chip=128, **how)
    for side, areas in (("train", data.train), ("val", data.val)):
        shown = [window for image in (1, 2) for window in getattr(blocks[image], side)]
        assert sorted(shown) == sorted(area.window for area in areas)


def test_whole_images_are_held_back_if_wanted(labels: LabelSnapshot) -> None:
    data = project_data(labels, seed=1, chip=128, split="images")
    assert ({area.stem for area in data.train}, {area.stem for area in data.val}) == ({"town"}, {"farm"})


def test_labels_close_together_have_a_narrower_buffer_and_a_notice(project: Project, tmp_path: Path) -> None:
    paint(project, 1, (100, 100, 180, 150), value=1)
    paint(project, 1, (100, 150, 180, 200), value=4)
    data = project_data(snapshot(project, tmp_path / "labels"), seed=0, chip=128)
    assert data.notices[0].startswith("the buffer between training and validation areas is only 16 px")


def test_the_map_of_a_project_without_labels(project: Project) -> None:
    with pytest.raises(DatasetError, match="nothing is labelled yet"):
        label_blocks(project, seed=0, chip=128)


def test_one_speck_is_too_little(project: Project, tmp_path: Path) -> None:
    paint(project, 1, (100, 100, 120, 120))
    labels = snapshot(project, tmp_path / "labels")
    with pytest.raises(DatasetError, match="label larger areas, or at least five areas"):
        project_data(labels, seed=0, chip=128)


def test_images_of_other_bands_do_not_go_together(painted: Project, tmp_path: Path) -> None:
    grey = painted.add_image(write_raster(tmp_path / "grey.tif", np.ones((1, 300, 300), np.uint8), **GEOREFERENCE))
    paint(painted, grey.id, (10, 10, 200, 200))
    labels = snapshot(painted, tmp_path / "labels")
    with pytest.raises(DatasetError, match=r"grey\.tif has one band of uint8, but .*town\.tif has 3 bands of uint8"):
        project_data(labels, seed=0, chip=128)


def test_classes_that_nobody_painted_stay(project: Project, tmp_path: Path, schema: ClassSchema) -> None:
    paint(project, 1, *[(200 * k, 100, 200 * k + 50, 900) for k in range(7)], value=4)
    data = project_data(snapshot(project, tmp_path / "labels"), seed=0, chip=128)
    assert data.schema == schema
    assert data.notices == (
        "only water is labelled in the training areas (255 counts as unlabelled): the model learns no other class",
    )


def test_it_can_be_stopped(labels: LabelSnapshot, painted: Project) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        project_data(labels, seed=0, chip=128, control=control)
    with pytest.raises(JobStopped):
        label_blocks(painted, seed=0, chip=128, control=control)


def test_an_image_without_georeference(tmp_path: Path, schema: ClassSchema) -> None:
    with Project.create(tmp_path / "plain.landseg", schema) as project:
        project.add_image(write_raster(tmp_path / "plain.tif", np.ones((3, 600, 700), np.uint8)))
        paint(project, 1, (10, 10, 600, 500))
        data = project_data(snapshot(project, tmp_path / "labels"), seed=0, chip=128)
    assert data.ground_resolution_m is None
    assert sum(area.window.pixels for area in data.train) > 0


def test_a_rotated_image(tmp_path: Path, schema: ClassSchema) -> None:
    georeference = GEOREFERENCE | {
        "transform": Affine.translation(399_000, 5_131_000) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5)
    }
    with Project.create(tmp_path / "turned.landseg", schema) as project:
        project.add_image(write_raster(tmp_path / "turned.tif", np.ones((3, 600, 700), np.uint8), **georeference))
        paint(project, 1, (10, 10, 600, 500))
        data = project_data(snapshot(project, tmp_path / "labels"), seed=0, chip=128)
    assert data.ground_resolution_m == pytest.approx(0.5, rel=0.01)
