from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.open_project import labelled_pixels, make_project, paint_square

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project
from landseg_gui.session.lifecycle import LifeCycle, OpenOutcome
from landseg_gui.viewer.frame import ViewFrame


def test_a_session_begins_without_a_project(empty) -> None:
    assert (empty.project, empty.image, empty.labels, empty.schema) == (None, None, None, None)
    assert empty.paint.active_value == UNLABELLED
    assert empty.title() == ""
    assert empty.saving.state.text == ""
    assert empty.lifecycle.close()


def test_a_new_project_shows_its_first_image_with_labels(opened, session, project_path, schema, messages) -> None:
    assert opened.project.path == project_path
    assert [entry.name for entry in opened.project.images] == ["north", "south"]
    assert opened.title() == "town.landseg: north"
    assert session.rasters.current.path.name == "north.tif"
    assert session.layers.labels.raster is opened.labels
    assert opened.paint.active_value == schema.values[0]
    assert messages.problems == []


def test_the_project_and_not_its_images_becomes_a_recent_file(
    qtbot, empty, session, project_path, schema, images
) -> None:
    recent = []
    session.opened.connect(recent.append)
    empty.lifecycle.create(project_path, schema, images)
    qtbot.waitUntil(lambda: empty.image is not None)
    assert recent == [project_path]


def test_a_picture_that_is_open_becomes_the_first_image_and_stays(
    qtbot, empty, session, project_path, schema, images
) -> None:
    session.files.open_raster(images[1])
    qtbot.waitUntil(lambda: session.rasters.current is not None)
    shown = session.layers.image
    empty.lifecycle.create(project_path, schema, [images[1]])
    qtbot.waitUntil(lambda: empty.image is not None)
    assert session.layers.image is shown
    assert session.layers.labels is not None


def test_a_bad_image_is_told_and_the_others_are_in_the_project(
    qtbot, empty, project_path, schema, images, messages
) -> None:
    bad = project_path.with_name("bad.tif")
    bad.write_text("no raster")
    empty.lifecycle.create(project_path, schema, [bad, images[0]])
    qtbot.waitUntil(lambda: empty.image is not None)
    assert [entry.name for entry in empty.project.images] == ["north"]
    assert any("bad.tif" in sentence for sentence in messages.problems)


def test_nothing_is_ever_overwritten(qtbot, empty, project_path, schema, images, messages) -> None:
    project_path.write_text("somebody's work")
    empty.lifecycle.create(project_path, schema, images)
    qtbot.waitUntil(lambda: empty.lifecycle.state is LifeCycle.CLOSED)
    assert empty.project is None
    assert project_path.read_text() == "somebody's work"
    assert "exists already" in messages.problems[0]


def test_a_file_that_is_no_project_leaves_the_present_one(qtbot, opened, tmp_path, messages) -> None:
    bad = tmp_path / "bad.landseg"
    bad.write_text("text")
    present = opened.project
    opened.lifecycle.open(bad)
    qtbot.waitUntil(lambda: opened.lifecycle.state is LifeCycle.OPEN)
    assert opened.project is present
    assert "bad.landseg is not a landseg project" in messages.problems[0]


def test_another_project_takes_the_place_of_the_first(qtbot, opened, project_path, schema, make_image) -> None:
    paint_square(opened, 50)
    first, other = opened.project, project_path.with_name("other.landseg")
    opened.lifecycle.create(other, schema, [make_image("east.tif")])
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.name == "east")
    assert opened.project.path == other
    assert labelled_pixels(opened) == 0
    with Project.open(project_path) as again:
        assert sum(again.class_pixels(first.images[0].id).values()) == 2500


def test_the_same_project_is_not_opened_twice(opened, project_path, messages) -> None:
    present = opened.project
    assert opened.lifecycle.open(project_path) is OpenOutcome.ALREADY_OPEN
    assert opened.project is present
    assert messages.texts == ["town.landseg is already open."]


def test_the_state_of_the_window_outlives_it(qtbot, opened, project_path, schema, session, frames) -> None:
    opened.images.show(opened.project.images[1].id)
    qtbot.waitUntil(lambda: opened.image.name == "south")
    frames.append(ViewFrame(left=10, top=20, scale=2.0, width=200, height=100))
    opened.paint.active_value = schema.values[2]
    paint_square(opened, 30)
    assert opened.lifecycle.close()
    assert session.layers.labels is None
    seen = []
    opened.images.view_wanted.connect(lambda *project_path: seen.append(project_path))
    opened.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: opened.image is not None)
    assert opened.image.name == "south"
    assert opened.paint.active_value == schema.values[2]
    assert seen == [(60, 45, 2.0)]
    assert opened.editing.undo_text() == "Undo Rectangle"
    assert opened.project.class_pixels(opened.image.id) == {schema.values[2]: 900}


def test_a_clean_close_leaves_one_file_and_no_project(opened, project_path) -> None:
    paint_square(opened, 50)
    changed = []
    opened.project_changed.connect(lambda: changed.append(opened.project))
    assert opened.lifecycle.close()
    assert changed == [None]
    assert {path.name for path in project_path.parent.iterdir() if path.is_file()} == {
        "north.tif",
        "south.tif",
        "town.landseg",
    }


_SECOND = """
import sys
import threading
from pathlib import Path
from landseg_core.project.project import Project
with Project.open(Path(sys.argv[1])) as project:
    print(project.read_only, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_process(project_path, schema, images):
    """Hold the project open in another process."""
    make_project(project_path, schema, images)
    command = [sys.executable, "-c", _SECOND, str(project_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "False\n"
        yield process
        if process.poll() is None:
            process.communicate("\n", timeout=20)


def test_a_second_window_is_read_only_and_says_so(qtbot, other_process, empty, project_path, messages) -> None:
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.image is not None)
    assert empty.project.read_only
    assert "is read-only: it is open in another window or program" in messages.texts[0]
    assert empty.saving.state.text == "Read-only"
    assert not empty.editing.may_paint()
    assert empty.editing.begin() is None
    assert empty.editing.run("Edit", lambda *_: None) is None
    assert empty.images.add([project_path]) is None
    assert "read-only" in messages.texts[-1]
    assert empty.lifecycle.close()


def test_the_lock_dies_with_its_process(qtbot, other_process, empty, project_path) -> None:
    other_process.kill()
    other_process.wait(20)
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.image is not None)
    assert not empty.project.read_only
    paint_square(empty, 20)
    assert labelled_pixels(empty) == 400


def test_a_copy_is_a_project_of_its_own(qtbot, opened, tmp_path, messages) -> None:
    paint_square(opened, 50)
    copy = tmp_path / "copy.landseg"
    with qtbot.waitSignal(opened.saving.save_copy(copy).ended):
        pass
    assert messages.texts == [f"Saved a copy to {copy}."]
    with Project.open(copy) as project:
        assert sum(project.class_pixels(project.images[0].id).values()) == 2500
    with qtbot.waitSignal(opened.saving.save_copy(copy).ended):
        pass
    assert "exists already" in messages.problems[0]
    with qtbot.waitSignal(opened.saving.save_copy(copy, overwrite=True).ended):
        pass
    with qtbot.waitSignal(opened.saving.save_copy(opened.project.path, overwrite=True).ended):
        pass
    assert len(messages.texts) == 2
    assert len(messages.problems) == 2


def test_damage_is_told_when_it_shows(qtbot, opened, messages) -> None:
    opened.project._file.add_notice("a tile of north is damaged")
    opened.saving.show_damage()
    opened.saving.show_damage()
    assert messages.problems == ["A tile of north is damaged."]


def test_much_damage_is_told_in_few_sentences(opened, messages) -> None:
    for number in range(40):
        opened.project._file.add_notice(f"tile {number} is damaged")
    opened.saving.show_damage()
    assert len(messages.problems) == 6
    assert messages.problems[-1] == "35 more parts of the project are damaged."


class LongWork:
    """Work that goes on until it is stopped."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def __call__(self, _on_event, control) -> None:
        assert self._over.wait(20)
        control.checkpoint()

    def stop(self, job) -> None:
        job.stop()
        self._over.set()


def test_closing_waits_for_a_job_that_changes_the_project(qtbot, opened, messages) -> None:
    work = LongWork()
    job = opened.editing.run("Long", work)
    assert not opened.lifecycle.close()
    assert opened.project is not None
    assert "wait" in messages.texts[-1]
    with qtbot.waitSignal(job.ended):
        work.stop(job)
    assert opened.lifecycle.close()


def test_closing_waits_for_a_stroke(opened) -> None:
    edit = opened.editing.begin()
    assert not opened.lifecycle.close()
    edit.revert()
    assert opened.lifecycle.close()


def test_a_large_region_is_one_step_of_a_job(qtbot, opened, schema) -> None:
    paint_square(opened, 50, value=schema.values[1])
    opened.paint.set_locked(schema.values[1], locked=True)
    job = opened.editing.paint_large(RectangleRegion((-10, -10), (100, 100)), schema.values[0], "Rectangle: large")
    with qtbot.waitSignals([job.ended, opened.editing.history_changed]):
        pass
    assert opened.project.class_pixels(opened.image.id) == {schema.values[0]: 7500, schema.values[1]: 2500}
    assert opened.editing.undo_text() == "Undo Rectangle: large"
    opened.editing.undo()
    qtbot.waitUntil(lambda: opened.project.history.position == 1)
    assert labelled_pixels(opened) == 2500


def test_only_one_edit_of_the_whole_project_at_a_time(qtbot, opened, messages, schema) -> None:
    work = LongWork()
    job = opened.editing.run("Long", work)
    assert opened.editing.busy
    assert opened.editing.run("Second", lambda *_: None) is None
    assert opened.editing.begin() is None
    assert "is busy" in messages.texts[-1]
    with qtbot.waitSignal(job.ended):
        work.stop(job)
    assert messages.texts[-1] == "Stopped: Long. Nothing has changed."
    assert not opened.editing.busy


def test_other_classes_are_told_and_shown(qtbot, opened, session, schema) -> None:
    fewer = schema.model_copy(update={"classes": schema.classes[1:]})
    opened.paint.active_value = schema.values[0]
    opened.paint.set_locked(schema.values[0], locked=True)
    project = opened.project
    with qtbot.waitSignal(opened.editing.schema_changed):
        opened.editing.run(
            "Classes", lambda on_event, control: project.change_schema(fewer, "Classes", {}, on_event, control)
        )
    assert opened.schema == session.layers.labels.schema == fewer
    assert opened.paint.active_value == schema.values[1]
    assert opened.paint.locked == frozenset()
    with qtbot.waitSignal(opened.editing.schema_changed):
        opened.editing.undo()
    assert session.layers.labels.schema == schema


def test_areas_and_predictions_are_told(qtbot, opened, tmp_path) -> None:
    with qtbot.waitSignal(opened.editing.areas_changed), qtbot.assertNotEmitted(opened.editing.predictions_changed):
        opened.project.set_areas(opened.image.id, [((0, 0), (9, 0), (9, 9))], "Working area")
        opened.editing.refresh()
    with qtbot.waitSignal(opened.editing.predictions_changed), qtbot.assertNotEmitted(opened.editing.areas_changed):
        opened.project.add_prediction(opened.image.id, tmp_path / "map.tif", None, None)
        opened.editing.refresh()


def test_a_failing_edit_is_told(qtbot, opened, messages) -> None:
    image, project = opened.image, opened.project
    job = opened.editing.run("Relink", lambda *_: project.relink(image.id, Path("/nowhere.tif")))
    with qtbot.waitSignal(job.ended):
        pass
    assert "nowhere.tif" in messages.problems[0]


def test_a_damaged_tile_is_told_once_it_has_been_read(qtbot, empty, project_path, schema, images, messages) -> None:
    with Project.create(project_path, schema) as project:
        image = project.add_image(images[0])
        edit = project.labels(image.id).begin()
        edit.paint(RectangleRegion((0, 0), (50, 50)), schema.values[0])
        project.record(image.id, edit.finish(), "Rectangle")
    with contextlib.closing(sqlite3.connect(project_path)) as connection, connection:
        connection.execute("UPDATE tiles SET data = x'00'")
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.image is not None)
    empty.labels.read(PixelWindow(0, 0, 100, 100))
    qtbot.waitUntil(lambda: bool(messages.problems))
    assert "A tile of north (level 0, row 0, column 0) is damaged" in messages.problems[0]
