"""A project with small images that the tests of projects paint on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project

WriteRaster = Callable[..., Path]
Sizes = Sequence[tuple[int, int]]


@pytest.fixture
def write_image(tmp_path: Path, write_raster: WriteRaster) -> Callable[..., Path]:
    """Return a writer of an RGB image: flat, and thus quick to write."""

    def write(name: str = "image", size: tuple[int, int] = (700, 600), **profile: Any) -> Path:
        pixels = np.full((3, size[1], size[0]), len(name), np.uint8)
        place = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32633"} | profile
        return write_raster(tmp_path / f"{name}.tif", pixels, **place)

    return write


@pytest.fixture
def make_project(
    tmp_path: Path, schema: ClassSchema, write_image: Callable[..., Path]
) -> Iterator[Callable[..., Project]]:
    """Return a maker of `NAME.landseg` with an image of each of the `sizes`; what stays open is closed at the end."""
    made: list[Project] = []

    def make(name: str = "project", sizes: Sizes = ((700, 600),), **options: Any) -> Project:
        project = Project.create(tmp_path / f"{name}.landseg", schema, **options)
        made.append(project)
        images = [project.examine_image(write_image(f"image{number}", size)) for number, size in enumerate(sizes)]
        project.add_images(images, as_step=False)
        return project

    yield make
    for project in made:
        project.close()


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """Return a project with one image of 700 x 600 px."""
    return make_project()


@pytest.fixture
def paint() -> Callable[..., None]:
    """Return a painter of rectangles: one gesture from corner to corner, recorded as a step."""

    def paint_rectangle(
        project: Project, value: int = 4, box: tuple[int, int, int, int] = (10, 20, 110, 80), image_id: int = 1
    ) -> None:
        edit = project.labels(image_id).begin()
        edit.paint(RectangleRegion(box[:2], box[2:]), value)
        finished = edit.finish()
        assert finished is not None
        project.record(image_id, finished, f"Paint {value}")

    return paint_rectangle


@pytest.fixture
def pixels() -> Callable[..., Any]:
    """Return a reader of all class values of an image."""

    def read(project: Project, image_id: int = 1) -> Any:
        entry = next(entry for entry in project.images if entry.id == image_id)
        return project.labels(image_id).read(entry.grid.window)

    return read
