"""A project with small images that the tests of projects paint on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.labels.classes import ClassSchema
from landseg_core.project.project import Project

Sizes = Sequence[tuple[int, int]]


@pytest.fixture
def write_image(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of an RGB image: flat, and thus quick to write."""

    def write(name: str = "image", size: tuple[int, int] = (700, 600), **profile: Any) -> Path:
        pixels = np.full((3, size[1], size[0]), len(name), np.uint8)
        georeference = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32633"} | profile
        return write_raster(tmp_path / f"{name}.tif", pixels, **georeference)

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
