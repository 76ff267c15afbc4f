"""The images of a project: named, missing, found again, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from support.projects import class_values, paint_rectangle

from landseg_core.errors import ProjectError, RasterError
from landseg_core.project.check import check_project
from landseg_core.project.images import fingerprint, open_image
from landseg_core.project.project import Project

Make = Callable[..., Project]
Write = Callable[..., Path]


@pytest.fixture
def lost(project: Project, tmp_path: Path) -> Iterator[Project]:
    """Yield a project whose image has been moved to the folder `new`."""
    paint_rectangle(project)
    project.close()
    (tmp_path / "new").mkdir()
    (tmp_path / "image0.tif").rename(tmp_path / "new" / "image0.tif")
    with Project.open(project.path) as opened:
        yield opened


def test_an_image_comes_back_with_its_grid(make_project: Make, write_image: Write) -> None:
    turned = Affine(0.3, 0.1, 10, 0.1, -0.3, 20)
    project = make_project(sizes=())
    with_crs = project.add_image(write_image("a", (30, 20), transform=turned, crs="EPSG:3857"))
    without = project.add_image(write_image("b", (31, 21), crs=None))
    project.close()
    with Project.open(project.path) as again:
        assert again.images == (with_crs, without)
        assert again.images[0].grid.transform == turned
        assert again.images[1].grid.crs is None
        with open_image(with_crs) as source:
            assert source.grid == with_crs.grid


def test_an_image_is_added_once(project: Project, tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to(tmp_path / "image0.tif")
    for name in ("image0.tif", "link.tif"):
        with pytest.raises(ProjectError, match="is in the project already"):
            project.add_image(tmp_path / name)
    with pytest.raises(RasterError):
        project.add_image(tmp_path / "nothing.tif")
    assert len(project.images) == 1


def test_images_are_called_by_their_stem_or_their_path(project: Project, write_image: Write, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = project.add_image(write_image("same", (30, 20)))
    other = project.add_image(write_image("b/same", (30, 20)))
    assert project.image("image0") == project.images[0]
    assert project.image("image0.tif") == project.images[0]
    with pytest.raises(ProjectError, match="several images called same; give the path of one"):
        project.image("same")
    assert project.image(str(other.path)) == other
    assert project.image(str(first.path)) == first
    with pytest.raises(ProjectError, match="no image called nothing in the project; it has image0, same, same"):
        project.image("nothing")


def test_a_missing_image_keeps_its_labels(lost: Project, tmp_path: Path) -> None:
    assert lost.images[0].missing
    assert not lost.read_only
    assert (class_values(lost) == 4).sum() == 6000
    with pytest.raises(ProjectError, match="is missing; choose where it is now"):
        open_image(lost.images[0])
    assert check_project(lost.path) == [f"the image {tmp_path / 'image0.tif'} is missing"]


def test_a_missing_image_is_relinked(lost: Project, tmp_path: Path, write_image: Write) -> None:
    wrong = write_image("wrong", (700, 601))
    with pytest.raises(ProjectError, match=r"is 700 x 601 px, but the labels were painted on an image of 700 x 600 px"):
        lost.relink(1, wrong)
    with pytest.raises(ProjectError, match="no image number 5"):
        lost.relink(5, wrong)
    entry = lost.relink(1, tmp_path / "new" / "image0.tif")
    assert (entry.missing, lost.images) == (False, (entry,))
    lost.close()
    assert check_project(lost.path) == []


def test_missing_images_are_found_by_name_then_by_what_they_hold(
    lost: Project, tmp_path: Path, write_image: Write
) -> None:
    folder = tmp_path / "new"
    assert lost.relink_in_folder(tmp_path) == 0
    write_image("new/other", (700, 600))
    (folder / "image0.tif").rename(folder / "renamed.tif")
    write_image("new/image0", (10, 10))  # the name is right, the size is not
    (folder / "text.tif").write_text("no image")
    assert lost.relink_in_folder(folder) == 1
    assert lost.images[0].path == folder / "renamed.tif"
    assert lost.relink_in_folder(folder) == 0
    with pytest.raises(ProjectError, match="cannot be searched"):
        lost.relink_in_folder(tmp_path / "nowhere")


def test_an_image_that_has_changed_its_size_is_not_opened(project: Project, write_image: Write) -> None:
    entry = project.images[0]
    write_image("image0", (701, 600))
    with pytest.raises(ProjectError, match="is 701 x 600 px, but"):
        open_image(entry)


def test_a_fingerprint_follows_the_content(project: Project, write_image: Write, tmp_path: Path) -> None:
    entry = project.images[0]
    moved = (tmp_path / "image0.tif").rename(tmp_path / "moved.tif")
    assert fingerprint(moved, entry.grid) == entry.fingerprint
    assert fingerprint(write_image("another name"), entry.grid) != entry.fingerprint
    with pytest.raises(ProjectError, match="cannot be read"):
        fingerprint(entry.path, entry.grid)


def test_removing_an_image_takes_its_labels_and_steps(make_project: Make, tmp_path: Path) -> None:
    project = make_project(sizes=((700, 600), (100, 90)))
    paint_rectangle(project)
    paint_rectangle(project, 1, (0, 0, 10, 10), image_id=2)
    paint_rectangle(project, 0)
    project.add_prediction(1, tmp_path / "mask.tif", None, None)
    state = project.history.state
    project.remove_image(1)
    assert [entry.id for entry in project.images] == [2]
    assert ([step.image_id for step in project.history.steps], project.history.position) == ([2], 1)
    assert (project.predictions(1), project.class_pixels(1)) == ((), {})
    assert project.history.state != state
    with pytest.raises(ProjectError, match="no image number 1"):
        project.labels(1)
    with pytest.raises(ProjectError, match="no image number 1"):
        project.remove_image(1)
    project.undo()
    assert project.class_pixels(2) == {}
    again = project.add_image(tmp_path / "image0.tif")
    assert again.id == 3  # never one that was in use
    assert np.unique(project.labels(3).read(again.grid.window)).tolist() == [255]
    project.close()
    assert check_project(project.path) == []


def test_a_name_that_is_no_text_is_refused(project: Project, write_image: Write, tmp_path: Path) -> None:
    strange = tmp_path / "\udcff.tif"
    write_image("plain", (10, 10)).rename(strange)
    with pytest.raises(ProjectError, match="has a name that is not UTF-8"):
        project.add_image(strange)
    assert len(project.images) == 1
