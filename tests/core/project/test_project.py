"""A project: steps, areas, classes, runs, predictions, copies."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from support.projects import class_values, paint_rectangle

from landseg_core.errors import JobStopped, ProjectError
from landseg_core.events import Event, JobControl, Progress
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.project import history
from landseg_core.project.check import check_project
from landseg_core.project.project import Project

Make = Callable[..., Project]


def test_a_new_project_is_empty_and_one_file(make_project: Make, schema: ClassSchema, tmp_path: Path) -> None:
    project = make_project("ä 'name' 100% ?#&", sizes=())
    assert (project.schema, project.images, project.history.steps, project.history.position) == (schema, (), (), 0)
    assert (project.undo(), project.redo(), project.read_only_reason, project.notices) == (None, None, None, ())
    project.close()
    project.close()
    assert [path.name for path in tmp_path.iterdir()] == ["ä 'name' 100% ?#&.landseg"]
    assert check_project(project.path) == []


def test_a_project_never_replaces_a_file(tmp_path: Path, schema: ClassSchema) -> None:
    path = tmp_path / "x.landseg"
    path.write_text("mine")
    with pytest.raises(ProjectError, match="exists already"):
        Project.create(path, schema)
    with pytest.raises(ProjectError, match="does not exist"):
        Project.create(tmp_path / "nowhere" / "x.landseg", schema)
    assert path.read_text() == "mine"


def test_a_closed_project_says_so(project: Project) -> None:
    labels = project.labels(1)
    project.close()
    with pytest.raises(ProjectError, match="has been closed"):
        labels.tile(TileKey(0, 0, 0))
    with pytest.raises(ProjectError, match="it is closed"):
        project.set_areas(1, [], "Areas")
    with pytest.raises(ProjectError, match="has been closed"), project.read_transaction():
        pass


def test_undo_works_before_an_edit_is_stored_and_after_a_restart(project: Project) -> None:
    with project._file.writer().borrow():  # nothing is stored meanwhile
        paint_rectangle(project, 4)
        paint_rectangle(project, 1)
        assert project.waiting == 2
        project.undo()
        assert (class_values(project) == 4).sum() == 6000
        project.undo()
        assert (class_values(project) == 255).all()
        project.redo()
        assert project.waiting == 5
    project.close()
    with Project.open(project.path) as again:
        assert again.class_pixels(1) == {4: 6000}
        assert (again.history.next_undo, again.history.next_redo) == again.history.steps
        assert again.undo() == again.history.steps[0]
        assert (class_values(again) == 255).all()
        assert again.redo() == again.history.steps[0]
        assert again.redo() == again.history.steps[1]
        assert (class_values(again) == 1).sum() == 6000
        assert again.history.state == "2/2"
    assert check_project(project.path) == []


def test_the_space_of_deleted_steps_is_reused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_STEPS", 5)
    sizes = []
    for number in range(60):
        noise = np.random.default_rng(number).choice(np.array([0, 1, 4], np.uint8), (200, 200))
        edit = project.labels(1).begin()
        edit.put(PixelWindow(0, 0, 200, 200), noise, np.ones(noise.shape, bool))
        finished = edit.finish()
        assert finished is not None
        project.record(1, finished, f"Noise {number}")
        if number in (20, 59):
            project.flush()
            with closing(sqlite3.connect(project.path)) as connection:
                sizes.append(connection.execute("PRAGMA page_count").fetchone()[0])
    assert [step.name for step in project.history.steps] == [f"Noise {number}" for number in range(55, 60)]
    assert sizes[1] <= sizes[0] + 2
    assert all(step.bytes > 5000 for step in project.history.steps[:4])
    project.close()
    assert check_project(project.path) == []


def test_working_areas_are_steps(project: Project) -> None:
    ring = ((0.0, 0.0), (10.5, 0.0), (3.0, 8.0))
    project.set_areas(1, [ring], "Add area")
    project.set_areas(1, [ring, ring], "Add area")
    project.undo()
    assert project.areas(1) == (ring,)
    for wrong in ([ring[:2]], [((0, 0), (1, float("nan")), (2, 2))]):
        with pytest.raises(ProjectError, match="at least three corners"):
            project.set_areas(1, wrong, "Wrong")
    with pytest.raises(ProjectError, match="no image number 9"):
        project.set_areas(9, [ring], "Wrong")
    project.close()
    with Project.open(project.path) as again:
        assert again.areas(1) == (ring,)
        again.undo()
        assert again.areas(1) == ()


def test_deleting_a_class_moves_its_labels_in_all_images(make_project: Make) -> None:
    project = make_project(sizes=((700, 600), (100, 90)))
    paint_rectangle(project, 4)
    paint_rectangle(project, 1, (0, 0, 50, 50), image_id=2)
    paint_rectangle(project, 4, (50, 0, 100, 50), image_id=2)
    rest = ClassSchema(classes=tuple(item for item in project.schema.classes if item.value != 4))
    with pytest.raises(ProjectError, match="labels of value 4 would be left without a class"):
        project.change_schema(rest, "Delete water")
    with pytest.raises(ProjectError, match="labels of value 4 would be left without a class"):
        project.change_schema(rest, "Delete water", {4: 9})
    project.change_schema(rest, "Delete water", {4: 1})
    assert (project.class_pixels(1), project.class_pixels(2)) == ({1: 6000}, {1: 5000})
    assert project.history.next_undo is not None
    assert (project.history.next_undo.name, project.history.next_undo.image_id) == ("Delete water", None)
    project.undo()
    assert project.schema.values == (1, 4, 0)
    assert (project.class_pixels(1), project.class_pixels(2)) == ({4: 6000}, {1: 2500, 4: 2500})
    project.redo()
    project.close()
    assert check_project(project.path) == []
    with Project.open(project.path) as again:
        assert again.schema == rest
        assert set(np.unique(class_values(again, 2))) == {1, 255}


def test_a_new_class_is_a_step(project: Project) -> None:
    before = project.schema
    forest = LandClass(value=9, name="Wald \udcff".encode(errors="replace").decode(), colour="#009e73")
    after = ClassSchema(classes=(*before.classes, forest))
    project.change_schema(after, "Add \udcff")
    project.undo()
    assert project.schema == before
    project.redo()
    project.close()
    with Project.open(project.path) as again:
        assert (again.schema, again.history.steps[0].name) == (after, "Add ?")


def test_a_run_is_taken_out_of_the_list_and_its_folder_stays(project: Project, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        project.add_run(tmp_path / name, "unet16", ["land"], project.history.state, {})
    project.remove_run(project.runs[0].id)
    project.close()
    with Project.open(project.path) as again:
        assert [run.folder.name for run in again.runs] == ["b"]
    assert (tmp_path / "a").is_dir()


def test_runs_predictions_and_view_state_stay_and_move_with_the_folder(
    project: Project, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mask = tmp_path / "maps" / "mask.tif"
    mask.parent.mkdir()
    mask.touch()
    project.add_run(tmp_path / "run", "unet16", ["land", "water"], project.history.state, {"miou": 0.5})
    project.add_prediction(1, mask, None, tmp_path / "run" / "best.safetensors")
    gone = project.add_prediction(1, tmp_path / "other.tif", None, None)
    newer = project.add_prediction(1, mask, tmp_path / "confidence.tif", None)
    project.remove_prediction(gone.id)
    project.set_view_state("window", {"zoom": 0.5, "layers": (1, 2)})
    assert project.view_state("window") == {"zoom": 0.5, "layers": [1, 2]}
    assert project.predictions(1) == (newer,)
    assert project.predictions(2) == ()
    with pytest.raises(ProjectError, match="no image number 9"):
        project.add_prediction(9, mask, None, None)
    project.close()
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.move(tmp_path, moved)
    tmp_path.mkdir()
    with Project.open(moved / "project.landseg") as again:
        assert again.runs[0].folder == moved / "run"
        assert (again.runs[0].classes, again.runs[0].metrics, again.runs[0].label_state) == (
            ("land", "water"),
            {"miou": 0.5},
            "0/0",
        )
        (prediction,) = again.predictions(1)
        assert (prediction.mask, prediction.confidence) == (moved / "maps/mask.tif", moved / "confidence.tif")
        assert not prediction.missing
        assert not again.images[0].missing
        assert again.view_state("window") == {"zoom": 0.5, "layers": [1, 2]}
        assert again.view_state("nothing") is None


def test_a_read_transaction_stays_as_it_was_while_painting_continues(project: Project) -> None:
    paint_rectangle(project)
    with project.read_transaction() as view:
        paint_rectangle(project, 1)
        project.flush()
        assert view.schema == project.schema
        ((key, tile),) = view.tiles(1)
        assert (key, np.count_nonzero(tile == 4), np.count_nonzero(tile == 1)) == (TileKey(0, 0, 0), 6000, 0)
        assert view.tile(1, TileKey(0, 1, 1)) is None
    with project.read_transaction() as view, pytest.raises(OSError, match="mine"):
        raise OSError("mine")


def test_a_copy_is_a_whole_project_wherever_it_lies(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    events: list[Event] = []
    copy = tmp_path / "deep" / "folder" / "copy.landseg"
    copy.parent.mkdir(parents=True)
    project.add_prediction(1, tmp_path / "mask.tif", None, None)
    project.save_copy(copy, events.append)
    assert isinstance(events[-1], Progress)
    assert events[-1].fraction == 1
    paint_rectangle(project, 1)
    with Project.open(copy) as other:
        assert (other.images[0].path, other.images[0].missing) == (project.images[0].path, False)
        assert other.predictions(1)[0].mask == tmp_path / "mask.tif"
        assert (class_values(other) == 4).sum() == 6000
        other.undo()
    assert [path.name for path in copy.parent.iterdir()] == ["copy.landseg"]
    with pytest.raises(ProjectError, match="exists already"):
        project.save_copy(copy)
    with pytest.raises(ProjectError, match="is being read"):
        project.save_copy(project.path, overwrite=True)
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        project.save_copy(tmp_path / "stopped.landseg", control=control)
    assert not list(tmp_path.glob("*stopped*"))


def test_reading_from_many_threads_while_painting(project: Project) -> None:
    failures: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            project.labels(1).reload()
            values = np.unique(project.labels(1).read(PixelWindow(0, 0, 700, 600)))
            if not {*values.tolist()} <= {1, 4, 255}:
                failures.append(str(values))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        paint_rectangle(project, (1, 4)[number % 2], (0, 0, 600, 20 * number + 20))
    project.flush()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    project.close()
    assert check_project(project.path) == []


def test_a_resumed_run_is_one_run(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for figures in ({"epochs": 1}, {"epochs": 3}):
        project.add_run(folder, "unet16", ["a"], project.history.state, figures)
    project.close()
    with Project.open(project.path) as again:
        assert [run.metrics for run in again.runs] == [{"epochs": 3}]


def test_a_project_whose_file_is_gone_is_reported(project: Project) -> None:
    project.flush()
    project.path.rename(project.path.with_name("elsewhere.landseg"))
    with pytest.raises(ProjectError, match="no longer exists"), project.read_transaction():
        pass
    project.path.with_name("elsewhere.landseg").rename(project.path)
