from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from support.rasters import coordinate_pixels

from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_gui.session.session import Session
from landseg_gui.text import pixels


@pytest.fixture
def opened(qtbot: QtBot, session: Session, picture) -> Session:
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(picture)
    return session


def test_a_session_begins_empty(session) -> None:
    assert session.rasters.current is None
    assert session.model.path is None
    assert session.layers.drawn() == []


def test_opening_tells_the_file(qtbot, session, picture) -> None:
    files = []
    session.opened.connect(files.append)
    with qtbot.waitSignals([session.rasters.changed, session.layers.changed]):
        session.files.open_raster(str(picture))
    assert files == [picture]
    assert session.rasters.current.path == picture


def test_a_raster_without_overviews_gets_them_in_the_background(qtbot, session, wide_picture) -> None:
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(wide_picture)
    with qtbot.waitSignal(session.layers.image.reread):
        assert "Build overviews of wide.tif" in [job.title for job in session.background_jobs]
    qtbot.waitUntil(lambda: not session.background_jobs)
    assert not PyramidReader(RasterSource(wide_picture)).needs_pyramid
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(wide_picture)
    assert [job for job in session.background_jobs if "overviews" in job.title] == []


def test_another_picture_ends_the_overviews_of_the_first(qtbot, session, wide_picture, picture) -> None:
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(wide_picture)
    (overviews,) = [job for job in session.background_jobs if "overviews" in job.title]
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(picture)
    assert overviews.control.stop_requested or not overviews.running
    qtbot.waitUntil(lambda: not session.background_jobs)


def test_a_mask_becomes_a_layer(qtbot, opened, own_map, schema) -> None:
    with qtbot.waitSignal(opened.layers.changed):
        opened.files.add_mask(own_map, name="Prediction")
    (mask,) = opened.layers.masks
    assert (mask.name, mask.schema, mask.path) == ("Prediction", schema, own_map)


def test_guessed_classes_are_told(qtbot, opened, plain_mask) -> None:
    with qtbot.waitSignal(opened.notifier.posted) as heard:
        opened.files.add_mask(plain_mask)
    assert "does not define its classes" in heard.args[0].text


def test_255_that_is_not_shown_is_told(qtbot, opened, make_raster, mask_values) -> None:
    with qtbot.waitSignal(opened.notifier.posted) as heard:
        opened.files.add_mask(make_raster("binary.tif", np.where(mask_values == 255, 255, 0).astype(np.uint8)))
    count = int((mask_values == 255).sum())
    assert f"{pixels(count)} with the value 255 count as unlabelled and are not shown" in heard.args[0].text


@pytest.mark.parametrize("file", ["gone.tif", "text.tif"])
def test_a_bad_file_is_a_sentence_and_changes_nothing(qtbot, opened, tmp_path, picture, file) -> None:
    (tmp_path / "text.tif").write_text("this is no raster")
    with qtbot.waitSignal(opened.notifier.posted) as heard:
        opened.files.open_raster(tmp_path / file)
    assert file in heard.args[0].text
    assert opened.rasters.current.path == picture


def test_a_mask_that_comes_too_late_is_refused(qtbot, opened, own_map, make_raster) -> None:
    other = make_raster("other.tif", coordinate_pixels(300, 200))
    job = opened.files.add_mask(own_map)
    outcome = []
    job.finished.disconnect()  # hold the mask back until another picture is there
    job.finished.connect(outcome.append)
    with qtbot.waitSignal(job.ended):
        pass
    with qtbot.waitSignal(opened.rasters.changed):
        opened.files.open_raster(other)
    with qtbot.waitSignal(opened.notifier.posted) as heard:
        opened.rasters.show_mask(outcome[0].masks[0], owner=None)
    assert "does not match the image that is open now" in heard.args[0].text
    assert opened.layers.masks == []


def test_the_model_is_told(qtbot, session, tmp_path) -> None:
    with qtbot.waitSignal(session.model.changed):
        session.model.path = tmp_path
    assert session.model.path == tmp_path
