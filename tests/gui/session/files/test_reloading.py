"""A layer shows what is on disk, or says that it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news
from support.rasters import TRANSFORM, coordinate_pixels

from landseg_core.geo.tiling import TileKey
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session

MakeRaster = Callable[..., Path]
HEIGHT, WIDTH = 1100, 1500


@pytest.fixture
def session(runner: JobRunner, qtbot: QtBot, picture: Path, own_map: Path) -> Session:
    """Return a session with a picture and a map over it."""
    session = Session(runner)
    session.files.open_raster(picture)
    qtbot.waitUntil(lambda: session.rasters.current is not None)
    session.files.add_mask(own_map)
    qtbot.waitUntil(lambda: session.layers.masks != [] and not runner.running)
    return session


def look(session: Session, qtbot: QtBot, runner: JobRunner) -> None:
    """Look at the files, and wait until what follows has been done."""
    watch = session.reloader.watch
    qtbot.waitUntil(lambda: not watch.looking)
    with qtbot.waitSignal(watch.looked):
        watch.look()
    qtbot.waitUntil(lambda: not runner.running)


def replace(make_raster: MakeRaster, path: Path, pixels: np.ndarray, **options: object) -> None:
    make_raster("other.tif", pixels, **options).replace(path)


def shown(layer) -> int:
    return int(layer.reader.read_tile(TileKey(0, 1, 1))[0][0, 0, 0])


def test_a_map_that_is_replaced_is_shown_anew_in_its_place(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, own_map: Path, plain_mask: Path, schema
) -> None:
    session.files.add_mask(plain_mask)
    qtbot.waitUntil(lambda: len(session.layers.masks) == 2 and not runner.running)
    former = session.layers.masks[1]
    former.opacity, former.visible = 0.25, False
    former.set_class_visible(2, visible=False)
    former.set_colour(4, "#010203")
    values = np.full((1, HEIGHT, WIDTH), 4, np.uint8)
    replace(make_raster, own_map, values, nodata=255, tags={"LANDSEG_CLASSES": schema.to_json()})
    look(session, qtbot, runner)
    layer = session.layers.masks[1]
    assert layer is not former
    assert shown(layer) == 4
    assert (layer.path, layer.opacity, layer.visible) == (own_map, 0.25, False)
    assert not layer.is_class_visible(2)
    assert layer.class_of(4).colour == "#010203"
    assert session.layers.masks[0].path == plain_mask


def test_a_plain_mask_keeps_the_classes_given_to_it(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, plain_mask: Path, schema
) -> None:
    session.files.add_mask(plain_mask, schema, "Mine")
    qtbot.waitUntil(lambda: len(session.layers.masks) == 2 and not runner.running)
    replace(make_raster, plain_mask, np.full((1, HEIGHT, WIDTH), 2, np.uint8), nodata=255)
    look(session, qtbot, runner)
    layer = session.layers.masks[0]
    assert (shown(layer), layer.schema, layer.name) == (2, schema, "Mine")


def test_a_picture_that_is_replaced_is_read_anew_under_its_masks(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, picture: Path
) -> None:
    masks, messages = list(session.layers.masks), []
    collect_news(session.notifier, messages)
    before = pyramid_path(session.rasters.current)
    replace(make_raster, picture, np.full((3, HEIGHT, WIDTH), 77, np.uint8))
    look(session, qtbot, runner)
    assert shown(session.layers.image) == 77
    assert session.layers.masks == masks
    assert pyramid_path(session.rasters.current) != before
    assert messages == ["picture.tif has changed on disk and was reloaded."]


def test_statistics_are_those_of_the_new_picture(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster
) -> None:
    ramp = np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(1, HEIGHT, WIDTH)
    path = make_raster("heights.tif", ramp)
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(path)
    qtbot.waitUntil(lambda: not runner.running)
    replace(make_raster, path, ramp * 10)
    look(session, qtbot, runner)
    assert session.layers.image.rendering.stretch.high[0] == pytest.approx(ramp.max() * 9.8, rel=0.02)


def test_a_picture_of_another_place_is_another_picture(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, picture: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    elsewhere = TRANSFORM @ Affine.translation(10, 0)
    replace(make_raster, picture, coordinate_pixels(), transform=elsewhere)
    look(session, qtbot, runner)
    assert session.rasters.current.grid.transform == elsewhere
    assert session.layers.masks == []
    assert any("picture.tif has changed on disk, with its size or position" in problem for problem in problems)


@pytest.mark.parametrize("which", ["picture", "own_map"])
def test_a_file_that_is_gone_is_told_once_and_may_come_back(
    session: Session, qtbot: QtBot, runner: JobRunner, which: str, request: pytest.FixtureRequest
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    path = request.getfixturevalue(which)
    path.rename(path.with_name("away.tif"))
    for _ in range(4):
        look(session, qtbot, runner)
    (problem,) = problems
    assert f"{path.name}: the file {path} was deleted, moved or renamed." in problem
    layer = next(one for one in session.layers.present() if one.path == path)
    assert layer.note == "missing on disk"
    path.with_name("away.tif").rename(path)
    with qtbot.waitSignal(layer.reread):
        look(session, qtbot, runner)
    assert layer.note == ""
    assert shown(layer) >= 0


def test_a_map_that_no_longer_fits_says_so(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, own_map: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    replace(make_raster, own_map, np.zeros((1, 30, 40), np.uint8), transform=Affine(3, 0, 0, 0, -3, 0))
    for _ in range(3):
        look(session, qtbot, runner)
    (problem,) = problems
    assert problem.startswith("map.tif has changed on disk and cannot be reloaded. ")
    assert session.layers.masks[0].note == "changed on disk"


def test_a_file_half_written_is_shown_when_it_is_whole(
    session: Session, qtbot: QtBot, runner: JobRunner, make_raster: MakeRaster, own_map: Path
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    whole = make_raster("other.tif", np.full((1, HEIGHT, WIDTH), 2, np.uint8), nodata=255).read_bytes()
    own_map.write_bytes(whole[: len(whole) // 2])
    look(session, qtbot, runner)
    own_map.write_bytes(whole)
    look(session, qtbot, runner)
    assert problems == []
    assert shown(session.layers.masks[0]) == 2


def test_a_tile_of_a_file_that_has_changed_makes_the_window_look(
    window, qtbot: QtBot, make_raster: MakeRaster, picture: Path
) -> None:
    window.session.files.open_raster(picture)
    qtbot.waitUntil(
        lambda: window.session.rasters.current is not None and window.viewport.canvas.is_sharp, timeout=20_000
    )
    layer = window.session.layers.image
    replace(make_raster, picture, np.full((3, HEIGHT, WIDTH), 77, np.uint8))
    frame = window.viewport.frame
    layer.reread.emit()
    qtbot.waitUntil(lambda: window.session.layers.image is not layer, timeout=20_000)
    qtbot.waitUntil(lambda: window.viewport.canvas.is_sharp and not window.runner.running, timeout=20_000)
    assert window.viewport.frame == frame
