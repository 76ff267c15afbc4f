"""Which band of an image marks where there is data is stored in the project and with the labels of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.enums import ColorInterp as Colour
from support.projects import paint_rectangle
from support.rasters import write_raster

from landseg_core.data.loading.project import project_data
from landseg_core.data.read_options import ReadOptions
from landseg_core.errors import RasterError
from landseg_core.project.images import open_image
from landseg_core.project.project import Project
from landseg_core.project.snapshot import load_snapshot, snapshot
from landseg_core.project.storage import schema as tables

COLOURS = (Colour.red, Colour.green, Colour.blue, Colour.nir, Colour.alpha)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of 700 x 600 px with alpha 0 on its left half."""
    pixels = np.full((5, 600, 700), 90, np.uint8)
    pixels[4] = 255
    pixels[4, :, :350] = 0
    georeference = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": "EPSG:32633"}
    return write_raster(tmp_path / "flight.tif", pixels, colours=COLOURS, **georeference)


@pytest.fixture
def alone(make_project: Callable[..., Project]) -> Project:
    return make_project(sizes=())


@pytest.mark.parametrize(
    ("choice", "kept", "bands"),
    [("auto", "auto", (5,)), (" NONE ", "none", ()), ("near infrared", "near infrared", (4,))],
)
def test_the_choice_is_kept_and_the_image_opened_with_it(
    alone: Project, image: Path, choice: str, kept: str, bands: tuple[int, ...]
) -> None:
    alone.add_image(image, choice)
    alone.close()
    with Project.open(alone.path) as again:
        assert again.images[0].alpha == kept
        with open_image(again.images[0]) as source:
            assert source.alpha_bands == bands


def test_the_choice_can_be_changed(alone: Project, image: Path) -> None:
    entry = alone.add_image(image)
    assert alone.set_alpha(entry.id, "4").alpha == "4"
    alone.close()
    with Project.open(alone.path) as again:
        assert again.images[0].alpha == "4"
        assert len(again.history.steps) == 1  # that of adding


def test_a_band_that_is_not_there_changes_nothing(alone: Project, image: Path) -> None:
    with pytest.raises(RasterError, match="no band '9' to use as alpha"):
        alone.add_image(image, "9")
    assert not alone.images
    entry = alone.add_image(image, "none")
    with pytest.raises(RasterError, match="no band 'thermal' to use as alpha"):
        alone.set_alpha(entry.id, "thermal")
    assert alone.images[0].alpha == "none"


def test_a_project_of_an_older_version_goes_by_the_tags(alone: Project, image: Path) -> None:
    alone.add_image(image, "none")
    alone.close()
    with closing(sqlite3.connect(alone.path)) as connection:
        for column in ("alpha", "listed"):
            connection.execute(f"ALTER TABLE images DROP COLUMN {column}")
        connection.execute("DROP TABLE corrections")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    with Project.open(alone.path, read_only=True) as older:
        assert older.images[0].alpha == "auto"
    with Project.open(alone.path) as updated:
        assert updated.images[0].alpha == "auto"
        updated.set_alpha(updated.images[0].id, "5")
    with closing(sqlite3.connect(alone.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == tables.VERSION
        assert connection.execute("SELECT alpha FROM images").fetchall() == [("5",)]


def test_a_run_is_trained_with_the_choice_of_each_image(alone: Project, image: Path, tmp_path: Path) -> None:
    entry = alone.add_image(image, "none")
    paint_rectangle(alone, 1, (10, 10, 340, 590))
    paint_rectangle(alone, 4, (360, 10, 690, 590))
    snapshot(alone, tmp_path / "labels")
    labels = load_snapshot(tmp_path / "labels", {entry.id: image})
    assert [mask.alpha for mask in labels.masks] == ["none"]
    data = project_data(labels, 0, 32)
    assert (data.bands, data.alpha) == ((1, 2, 3, 4, 5), "none")
    data = project_data(labels, 0, 32, read_options=ReadOptions(alpha="auto"))
    assert (data.bands, data.alpha) == ((1, 2, 3, 4), "auto")
    areas = [*data.train, *data.val]
    reader = data.reader()
    read = [reader.read(area)[1][:, : max(0, 350 - area.window.x)] for area in areas]
    assert all((labels_ == 255).all() for labels_ in read)
