"""A change of an image file is detected, and refused where it would misplace labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from support.projects import paint_rectangle
from support.rasters import write_raster

from landseg_core.errors import ProjectError
from landseg_core.events import Event, Notice
from landseg_core.formats.exporters import export_labels
from landseg_core.formats.importers import import_labels
from landseg_core.project.acceptance import accept_prediction
from landseg_core.project.check import check_project
from landseg_core.project.outside.changes import ChangeKind, Remedy, image_change
from landseg_core.project.project import Project
from landseg_core.project.snapshot import snapshot

Write = Callable[..., Path]

ELSEWHERE = Affine(0.5, 0, 399_100, 0, -0.5, 5_131_000)
MISPLACED: dict[str, tuple[dict[str, Any], ChangeKind, str]] = {
    "moved": (
        {"transform": ELSEWHERE},
        ChangeKind.GEOREFERENCE,
        "upper left corner at 399100, 5131000 now, but had it at 399000",
    ),
    "by a fiftieth of a pixel": (
        {"transform": Affine(0.5, 0, 399_000.01, 0, -0.5, 5_131_000)},
        ChangeKind.GEOREFERENCE,
        "corner",
    ),
    "finer": (
        {"transform": Affine(0.25, 0, 399_000, 0, -0.25, 5_131_000)},
        ChangeKind.GEOREFERENCE,
        "pixels of another size",
    ),
    "another zone": ({"crs": "EPSG:32632"}, ChangeKind.GEOREFERENCE, "is in EPSG:32632 now, but was in EPSG:32633"),
    "no CRS": ({"crs": None}, ChangeKind.GEOREFERENCE, "is in no CRS now"),
    "no georeference": ({"crs": None, "transform": Affine.identity()}, ChangeKind.GEOREFERENCE, "is in no CRS now"),
    "wider": ({"size": (701, 600)}, ChangeKind.SIZE, "is 701 x 600 px now, but its labels were made on 700 x 600 px"),
    "turned": ({"size": (600, 700)}, ChangeKind.SIZE, "is 600 x 700 px now"),
}


@pytest.fixture(params=MISPLACED)
def misplaced(request: pytest.FixtureRequest, project: Project, write_image: Write) -> Project:
    """Return a painted project whose image has been exported again with another georeference or size."""
    paint_rectangle(project)
    write_image("image0", **MISPLACED[request.param][0])
    return project


@pytest.mark.parametrize("how", MISPLACED)
def test_an_image_with_another_georeference_is_detected(project: Project, write_image: Write, how: str) -> None:
    profile, kind, words = MISPLACED[how]
    assert image_change(project.images[0]) is None
    write_image("image0", **profile)
    change = image_change(project.images[0])
    assert change is not None
    assert change.kind is kind
    assert words in change.what
    assert (Remedy.KEEP_GRID in change.remedies) == (kind is ChangeKind.GEOREFERENCE)
    assert check_project(project.path) == [str(change)]


def test_labels_are_not_exported_on_an_unclear_grid(misplaced: Project, tmp_path: Path) -> None:
    for form in ("png", "tif", "gpkg"):
        with pytest.raises(ProjectError, match="landseg project regrid"):
            export_labels(misplaced, 1, form, tmp_path / f"labels.{form}")
    assert not list(tmp_path.glob("labels.*"))


def test_nothing_is_trained_on_them(misplaced: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="landseg project regrid"):
        snapshot(misplaced, tmp_path / "run" / "labels")
    assert not (tmp_path / "run").exists()


def test_nothing_is_accepted_or_imported_there(misplaced: Project, tmp_path: Path) -> None:
    mask = write_raster(tmp_path / "mask.tif", np.ones((600, 700), np.uint8))
    with pytest.raises(ProjectError, match="landseg project regrid"):
        accept_prediction(misplaced, 1, mask, schema=misplaced.schema)
    with pytest.raises(ProjectError, match="landseg project regrid"):
        import_labels(misplaced, 1, mask)
    assert misplaced.history.position == 1


def test_an_image_without_labels_does_not_stop_the_others_from_training(
    make_project: Callable[..., Project], write_image: Write, tmp_path: Path
) -> None:
    project = make_project(sizes=[(700, 600), (100, 90)])
    paint_rectangle(project)
    write_image("image1", (50, 50))
    assert len(snapshot(project, tmp_path / "run" / "labels").masks) == 1


@pytest.mark.parametrize("again", [{}, {"compress": "deflate"}, {"tiled": True, "blockxsize": 64, "blockysize": 64}])
def test_a_file_saved_again_is_no_change(project: Project, write_image: Write, again: dict[str, Any]) -> None:
    write_image("image0", **again)
    assert check_project(project.path) == []


def test_one_other_pixel_is_noticed(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    pixels = np.full((3, 600, 700), len("image0"), np.uint8)
    pixels[1, 233, 401] += 1
    write_raster(project.images[0].path, pixels, transform=project.images[0].grid.transform, crs="EPSG:32633")
    change = image_change(project.images[0])
    assert change is not None
    assert (change.kind, change.remedies) == (ChangeKind.PIXELS, (Remedy.KEEP_GRID, Remedy.RELINK))
    assert "holds other pixels than" in change.what
    events: list[Event] = []
    export_labels(project, 1, "tif", tmp_path / "labels.tif", on_event=events.append)
    snapshot(project, tmp_path / "run" / "labels", events.append)
    assert [event.message for event in events if isinstance(event, Notice)] == [str(change)] * 2
    project.keep_grid(1)
    assert check_project(project.path) == []


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((4, 600, 700), np.uint8), "has 4 bands of uint8 now, but had 3 bands of uint8"),
        (np.zeros((3, 600, 700), np.uint16), "has 3 bands of uint16 now, but had 3 bands of uint8"),
    ],
)
def test_bands_of_another_kind_are_named(project: Project, pixels: Any, words: str) -> None:
    georeference = {"transform": project.images[0].grid.transform, "crs": "EPSG:32633"}
    write_raster(project.images[0].path, pixels, **georeference)
    assert words in check_project(project.path)[0]


def test_a_file_that_is_no_image_any_more_is_noticed(project: Project) -> None:
    project.images[0].path.write_text("no image")
    change = image_change(project.images[0])
    assert change is not None
    assert change.kind is ChangeKind.UNREADABLE
    assert str(project.images[0].path) in change.what
