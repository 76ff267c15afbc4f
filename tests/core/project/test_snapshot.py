"""The labels that a run is trained on: a copy in its folder, of one moment, as large as what is painted."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from support.projects import class_values, paint_rectangle

from landseg_core.errors import DatasetError, JobStopped, RasterError, TrainingError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.project.project import Project
from landseg_core.project.snapshot import labels_of_run, load_snapshot, snapshot, unique_stems
from landseg_core.project.sparse_mask import read_sparse_mask, write_sparse_mask


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def notices(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


def test_masks_are_the_labels_on_the_images_grids(
    make_project: Callable[..., Project], schema: ClassSchema, tmp_path: Path
) -> None:
    project = make_project(sizes=[(700, 600), (1100, 513)])
    paint_rectangle(project, 4, (500, 500, 620, 600))
    paint_rectangle(project, 0, (0, 0, 30, 30))
    paint_rectangle(project, 1, (1000, 400, 1100, 513), image_id=2)
    taken = snapshot(project, tmp_path / "run" / "labels")
    assert taken.label_state == project.history.state
    assert taken.schema == schema
    assert [(mask.image_id, mask.stem, mask.image.name) for mask in taken.masks] == [
        (1, "image0", "image0.tif"),
        (2, "image1", "image1.tif"),
    ]
    for mask, image in zip(taken.masks, project.images, strict=True):
        np.testing.assert_array_equal(read(mask.mask), class_values(project, image.id))
        assert mask_schema(mask.mask) == schema
        with rasterio.open(mask.mask) as dataset:
            assert (dataset.nodata, dataset.transform, dataset.crs) == (255, image.grid.transform, image.grid.crs)


def test_later_strokes_are_not_in_it(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    before = class_values(project)
    taken = snapshot(project, tmp_path / "labels")
    paint_rectangle(project, 1, (0, 0, 700, 600))
    np.testing.assert_array_equal(read(taken.masks[0].mask), before)


def test_no_transaction_stays_open(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    snapshot(project, tmp_path / "labels")
    writer = project._file.writer()
    assert writer._watch.log_bytes
    writer._checkpoint()
    assert not writer._watch.log_bytes  # no reader was in its way


def test_a_stroke_at_the_last_moment_is_in_both_labels_and_state(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint_rectangle(project)
    strokes = iter([(300, 300, 400, 400), (0, 500, 50, 600)])
    look = project.read_transaction

    def paint_and_look() -> AbstractContextManager:
        for box in [next(strokes, None)]:
            if box:
                paint_rectangle(project, 1, box)
        return look()

    monkeypatch.setattr(project, "read_transaction", paint_and_look)
    taken = snapshot(project, tmp_path / "labels")
    assert taken.label_state == project.history.state
    np.testing.assert_array_equal(read(taken.masks[0].mask), class_values(project))


def test_painting_continues_while_another_thread_copies(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    thread = threading.Thread(target=snapshot, args=(project, tmp_path / "labels"))
    thread.start()
    for number in range(20):
        paint_rectangle(project, 1, (10 * number, 0, 10 * number + 9, 600))
    thread.join(30)
    copied = read(tmp_path / "labels" / "image0.tif")
    painted = copied != 255
    assert painted.any()
    assert set(copied[:, :200].T[copied[5, :200] == 1].ravel()) <= {1}  # a stroke is in it as a whole, or not at all
    assert (class_values(project)[painted] != 255).all()


def test_images_without_labels_and_missing_ones_are_left_out(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project(sizes=[(700, 600)] * 3)
    paint_rectangle(project)
    paint_rectangle(project, image_id=3)
    path = project.path
    project.close()
    (tmp_path / "image2.tif").unlink()
    events: list[Event] = []
    with Project.open(path) as again:
        taken = snapshot(again, tmp_path / "labels", events.append)
    assert [mask.stem for mask in taken.masks] == ["image0"]
    gone, bare = notices(events)
    assert gone.startswith("the image image2.tif cannot be found and is left out")
    assert bare == "one of 2 images has no labels and is left out"


def test_labels_on_images_that_are_gone_are_not_said_to_be_none(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project(sizes=[(700, 600)] * 2)
    paint_rectangle(project)
    path = project.path
    project.close()
    (tmp_path / "image0.tif").unlink()
    (tmp_path / "image1.tif").unlink()
    events: list[Event] = []
    with Project.open(path) as again, pytest.raises(DatasetError, match="has no labels on images that can be found"):
        snapshot(again, tmp_path / "labels", events.append)
    assert next(iter(notices(events))).startswith("2 images cannot be found and are left out: image0.tif, image1.tif;")


def test_without_any_labels_nothing_is_made(project: Project, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"project\.landseg has no labels to train on yet; paint"):
        snapshot(project, tmp_path / "run" / "labels")
    assert not (tmp_path / "run").exists()
    paint_rectangle(project)
    paint_rectangle(project, 255)
    with pytest.raises(DatasetError, match="no labels"):
        snapshot(project, tmp_path / "run" / "labels")


def test_a_new_snapshot_replaces_the_old_one(make_project: Callable[..., Project], tmp_path: Path) -> None:
    project = make_project(sizes=[(700, 600)] * 2)
    paint_rectangle(project, image_id=1)
    snapshot(project, tmp_path / "labels")
    paint_rectangle(project, 255, image_id=1)
    paint_rectangle(project, image_id=2)
    snapshot(project, tmp_path / "labels")
    assert {path.name for path in (tmp_path / "labels").iterdir()} == {"image1.tif", "labels.json"}


def test_a_stop_leaves_everything_as_it_was(make_project: Callable[..., Project], tmp_path: Path) -> None:
    project = make_project(sizes=[(700, 600)] * 2)
    paint_rectangle(project, image_id=1)
    snapshot(project, tmp_path / "labels")
    before = {path: path.read_bytes() for path in (tmp_path / "labels").iterdir()}
    paint_rectangle(project, 1, (0, 0, 700, 600))
    paint_rectangle(project, image_id=2)
    control = JobControl()

    def stop(event: Event) -> None:
        if isinstance(event, Progress):
            control.stop()

    with pytest.raises(JobStopped):
        snapshot(project, tmp_path / "labels", stop, control)
    with pytest.raises(JobStopped):
        snapshot(project, tmp_path / "new" / "labels", stop, control)
    assert {path: path.read_bytes() for path in (tmp_path / "labels").iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_progress_counts_tiles(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project, 4, (0, 0, 700, 600))
    events: list[Event] = []
    snapshot(project, tmp_path / "labels", events.append)
    assert [(event.done, event.total) for event in events if isinstance(event, Progress)] == [
        (number, 4) for number in range(1, 5)
    ]


def test_a_snapshot_is_found_again_with_images_where_they_are_now(project: Project, tmp_path: Path) -> None:
    paint_rectangle(project)
    taken = snapshot(project, tmp_path / "labels")
    assert load_snapshot(tmp_path / "labels", {}) == taken
    moved = load_snapshot(tmp_path / "labels", {1: Path("/elsewhere/image0.tif"), 7: Path("/other.tif")})
    assert [mask.image for mask in moved.masks] == [Path("/elsewhere/image0.tif")]
    assert moved.masks[0].mask == taken.masks[0].mask


@pytest.mark.parametrize("text", [None, "", "{}", '{"label_state": 3}', "[]"])
def test_a_folder_without_a_whole_snapshot_cannot_be_resumed(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "labels.json").write_text(text)
    with pytest.raises(TrainingError, match=r"labels\.json cannot be read.*start a new run"):
        load_snapshot(tmp_path, {})


@dataclass
class _Image:
    id: int
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem


def test_names_are_unique() -> None:
    images = [_Image(1, Path("a/tile.tif")), _Image(2, Path("b/Tile.tif")), _Image(5, Path("a/town.tif"))]
    assert unique_stems(images) == {1: "tile-1", 2: "Tile-2", 5: "town"}
    images.append(_Image(9, Path("tile-1.tif")))
    assert unique_stems(images) == {1: "tile-1", 2: "Tile-2", 5: "town-5", 9: "tile-1-9"}


def test_labels_of_a_failed_run_go_unless_there_is_something_to_go_on_with(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "run-001"

    def fail() -> None:
        with labels_of_run(run, [run / "model"]) as folder:
            folder.mkdir(parents=True)
            (folder / "a.tif").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "runs").exists()
    run.mkdir(parents=True)
    (run / "model").touch()
    with pytest.raises(RuntimeError):
        fail()
    assert (run / "labels" / "a.tif").exists()


# --- sparse masks

HUGE = RasterGrid(100_000, 100_000, Affine(0.1, 0, 399_000, 0, -0.1, 5_131_000), rasterio.CRS.from_epsg(32633))


def test_three_tiles_of_ten_gigapixels_take_the_room_of_three_tiles(tmp_path: Path, schema: ClassSchema) -> None:
    rng = np.random.default_rng(4)
    tiles = {TileKey(0, row, column): rng.choice(np.array([1, 4, 0, 255], np.uint8), (512, 512))
             for row, column in [(0, 0), (97, 12), (195, 195)]}  # fmt: skip
    tiles[TileKey(0, 195, 195)][100_000 - 195 * 512 :] = 255
    tiles[TileKey(0, 195, 195)][:, 100_000 - 195 * 512 :] = 255
    path = tmp_path / "huge.tif"
    tracemalloc.start()
    try:
        write_sparse_mask(path, path, HUGE, schema, tiles.items())
        found = dict(read_sparse_mask(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20
    assert path.stat().st_size < 2**20
    assert found.keys() == tiles.keys()
    for key, tile in tiles.items():
        np.testing.assert_array_equal(found[key], tile)
    with rasterio.open(path) as dataset:
        assert (dataset.width, dataset.height, dataset.crs) == (100_000, 100_000, HUGE.crs)
        assert (dataset.read(1, window=rasterio.windows.Window(5000, 5000, 700, 700)) == 255).all()


def test_tiles_without_labels_are_not_written(tmp_path: Path, schema: ClassSchema) -> None:
    grid = RasterGrid(600, 600, Affine.identity(), None)
    empty, one = np.full((512, 512), 255, np.uint8), np.full((512, 512), 4, np.uint8)
    path = tmp_path / "mask.tif"
    write_sparse_mask(path, path, grid, schema, [(TileKey(0, 0, 0), empty), (TileKey(0, 0, 1), one)])
    ((key, tile),) = read_sparse_mask(path)
    assert key == TileKey(0, 0, 1)
    assert (tile[:, :88] == 4).all()
    assert (tile[:, 88:] == 255).all()


def test_a_damaged_mask_is_reported(tmp_path: Path, schema: ClassSchema) -> None:
    path = tmp_path / "mask.tif"
    tile = np.random.default_rng(0).choice(np.array([1, 4], np.uint8), (512, 512))
    write_sparse_mask(path, path, RasterGrid(512, 512, Affine.identity(), None), schema, [(TileKey(0, 0, 0), tile)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RasterError, match=r"mask\.tif cannot be read"):
        list(read_sparse_mask(path))
    path.unlink()
    with pytest.raises(RasterError, match=r"mask\.tif cannot be read"):
        list(read_sparse_mask(path))
