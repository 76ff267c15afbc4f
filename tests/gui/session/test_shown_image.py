from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from support.open_project import labelled_pixels, make_project, paint_square

from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.outside.changes import ChangeKind
from landseg_core.project.project import Project
from landseg_gui.session.files import opening
from landseg_gui.viewer.viewport import Viewport


@pytest.fixture
def with_missing(project_path, schema, make_image):
    """Return a project whose first image is missing."""
    gone = make_image("gone.tif")
    make_project(project_path, schema, [gone, make_image("north.tif"), make_image("south.tif")])
    gone.unlink()
    return project_path


def show(qtbot, session, name: str) -> None:
    session.images.show(session.project.image(name).id)
    qtbot.waitUntil(lambda: session.image is not None and session.image.name == name)


def test_next_and_previous_stop_at_the_ends(qtbot, opened) -> None:
    opened.images.show_previous()
    assert opened.image.name == "north"
    opened.images.show_next()
    qtbot.waitUntil(lambda: opened.image.name == "south")
    opened.images.show_next()
    assert opened.image.name == "south"
    opened.images.show_previous()
    qtbot.waitUntil(lambda: opened.image.name == "north")


def test_images_that_were_shown_leave_nothing_behind(qtbot, opened, session, runner) -> None:
    viewport = Viewport(session.layers)
    qtbot.addWidget(viewport)
    seen: list[weakref.ref] = []
    runner.started.connect(lambda job: seen.append(weakref.ref(job)))
    for name in ("south", "north") * 3:
        layers = session.layers
        seen += map(weakref.ref, (layers.image, layers.labels, layers.image.source, *viewport.canvas._feeds.values()))
        show(qtbot, opened, name)

    def nothing_is_left() -> bool:
        gc.collect()
        return all(reference() is None for reference in seen)

    assert len(seen) == 6 * 6
    qtbot.waitUntil(nothing_is_left)
    viewport.canvas.close()


def test_each_image_has_its_own_labels(qtbot, opened, session) -> None:
    paint_square(opened, 50)
    show(qtbot, opened, "south")
    assert session.layers.labels.raster is opened.labels
    assert labelled_pixels(opened) == 0
    show(qtbot, opened, "north")
    assert labelled_pixels(opened) == 2500


def test_of_two_wishes_the_last_counts(qtbot, opened, session, monkeypatch) -> None:
    north, south = (entry.id for entry in opened.project.images)
    open_now, may_come = opening.open_image_alone, threading.Event()

    def open_slowly(path, alpha):
        assert path.stem == "north" or may_come.wait(20)
        return open_now(path, alpha)

    monkeypatch.setattr(opening, "open_image_alone", open_slowly)
    late = opened.images.show(south)
    with qtbot.waitSignal(opened.images.shown_changed):
        opened.images.show(north)
    with qtbot.waitSignal(late.ended):
        may_come.set()
    assert opened.image.name == session.rasters.current.path.stem == "north"


def test_a_stroke_belongs_to_the_image_that_it_began_on(qtbot, opened) -> None:
    edit = opened.editing.begin()
    edit.paint(RectangleRegion((5, 5), (6, 6)), 0)
    north = opened.image
    show(qtbot, opened, "south")
    opened.editing.record(edit, "Brush")
    assert opened.project.class_pixels(north.id) == {0: 1}
    assert labelled_pixels(opened) == 0


def test_missing_images_are_told_and_passed_over(qtbot, empty, with_missing, messages) -> None:
    with qtbot.waitSignal(empty.changed_files.found) as found:
        empty.lifecycle.open(with_missing)
    qtbot.waitUntil(lambda: empty.image is not None)
    assert empty.image.name == "north"
    assert [(change.kind, change.image_id) for change in found.args[0]] == [(ChangeKind.MISSING, 1)]
    assert empty.images.show(empty.project.image("gone").id) is None
    assert "gone.tif is missing" in messages.problems[-1]
    empty.images.show_previous()
    assert empty.image.name == "north"


def test_a_missing_image_is_found_in_a_folder(qtbot, session, empty, with_missing, make_image, messages) -> None:
    empty.lifecycle.open(with_missing)
    qtbot.waitUntil(lambda: empty.image is not None)
    moved = make_image("elsewhere/gone.tif")
    with qtbot.waitSignals([empty.editing.images_changed, session.notifier.posted]):
        empty.images.relink_in_folder(moved.parent)
    assert empty.project.image("gone").path == moved
    assert messages.texts == [f"Found 1 of 1 missing images in {moved.parent}."]
    assert empty.images.missing() == []


def test_one_image_is_relinked(qtbot, empty, with_missing, make_image, messages) -> None:
    empty.lifecycle.open(with_missing)
    qtbot.waitUntil(lambda: empty.image is not None)
    image_id = empty.project.image("gone").id
    small, moved = make_image("small.tif", 90, 70), make_image("other_name.tif")
    with qtbot.waitSignal(empty.images.relink(image_id, small).ended):
        pass
    assert "small.tif is 90 x 70 px" in messages.problems[-1]
    with qtbot.waitSignal(empty.editing.images_changed):
        empty.images.relink(image_id, moved)
    assert empty.images.with_id(image_id).path == moved


def test_an_image_of_another_size_is_shown_without_labels(
    qtbot, empty, session, project_path, schema, images, make_image, messages
) -> None:
    make_project(project_path, schema, images)
    make_image("north.tif", 300, 200)
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: bool(messages.problems))
    assert "differs from the 600 x 400 px" in messages.problems[0]
    assert empty.image is None
    assert session.layers.labels is None
    assert not empty.editing.may_paint()
    assert "is not in the project town.landseg" in messages.texts[-1]
    empty.editing.refresh()
    assert len(messages.problems) == 1


def test_opening_a_picture_of_the_project_shows_it(qtbot, opened, session, images, asked) -> None:
    session.files.open([images[1], images[0]])
    qtbot.waitUntil(lambda: opened.image.name == "south")
    assert len(opened.project.images) == 2
    assert asked.questions == []


def test_a_project_file_opens_like_any_file(qtbot, session, empty, project_path, schema, images) -> None:
    make_project(project_path, schema, images)
    session.files.open([images[1], project_path])
    qtbot.waitUntil(lambda: empty.image is not None)
    assert empty.image.name == "south"


def test_a_map_alone_is_shown_and_not_added(
    qtbot, empty, session, runner, own_map, project_path, schema, asked
) -> None:
    make_project(project_path, schema, [])
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.project is not None)
    session.files.open([own_map])
    qtbot.waitUntil(lambda: bool(session.layers.masks))
    qtbot.waitUntil(lambda: not runner.running)
    assert session.rasters.current.path == own_map
    assert empty.project.images == ()
    assert (empty.image, asked.questions) == (None, [])


def test_images_are_added_and_removed(qtbot, opened, make_image, session, messages) -> None:
    east = make_image("east.tif")
    with qtbot.waitSignal(opened.editing.images_changed):
        opened.images.add([east, east.with_name("none.tif")])
    assert [entry.name for entry in opened.project.images] == ["north", "south", "east"]
    qtbot.waitUntil(lambda: bool(messages.problems))
    assert "none.tif" in messages.problems[0]
    with qtbot.waitSignal(opened.editing.images_changed):
        opened.images.remove(opened.image.id)
    qtbot.waitUntil(lambda: opened.image is not None)
    assert opened.image.name == session.rasters.current.path.stem == "south"


def test_predictions_lie_over_their_image_alone(qtbot, opened, session, make_raster, schema) -> None:
    transform = session.rasters.current.grid.transform
    values = np.ones((1, 400, 600), np.uint8)
    mask = make_raster("map.tif", values, transform=transform, tags={"LANDSEG_CLASSES": schema.to_json()})
    opened.project.add_prediction(opened.image.id, mask, None, None)
    opened.project.add_prediction(opened.image.id, mask.with_name("gone.tif"), None, None)
    show(qtbot, opened, "south")
    assert session.layers.masks == []
    show(qtbot, opened, "north")
    qtbot.waitUntil(lambda: bool(session.layers.masks))
    assert [layer.path for layer in session.layers.masks] == [mask]


def test_a_read_only_project_shows_other_pictures_beside_it(
    qtbot, empty, session, project_path, schema, images, make_image
) -> None:
    make_project(project_path, schema, images)
    with Project.open(project_path):
        empty.lifecycle.open(project_path)
        qtbot.waitUntil(lambda: empty.image is not None)
        session.files.open([make_image("east.tif")])
        qtbot.waitUntil(lambda: session.rasters.current.path.name == "east.tif")
        assert empty.image is None
        assert len(empty.project.images) == 2
        assert empty.lifecycle.close()
