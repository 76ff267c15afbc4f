from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.viewing import to_rgb

from landseg_core.errors import RasterError
from landseg_gui.panels.images.thumbnails import Thumbnails, make_thumbnail


@pytest.fixture
def halves(make_raster) -> Path:
    """Return a raster of 1400 x 700 px whose left half is red and whose right half is blue."""
    pixels = np.zeros((3, 700, 1400), np.uint8)
    pixels[0, :, :700] = 200
    pixels[2, :, 700:] = 150
    return make_raster("halves.tif", pixels)


def test_a_thumbnail_is_the_image_made_small(halves) -> None:
    thumbnail = make_thumbnail(halves, 96)
    pixels = to_rgb(thumbnail.image)
    assert pixels.shape == (48, 96, 3)
    assert pixels[24, 10].tolist() == [200, 0, 0]
    assert pixels[24, 90].tolist() == [0, 0, 150]
    assert thumbnail.ground_resolution == pytest.approx(0.5, rel=1e-3)


def test_an_image_smaller_than_its_thumbnail_stays_small(make_raster) -> None:
    path = make_raster("small.tif", np.full((3, 5, 9), 77, np.uint8))
    assert to_rgb(make_thumbnail(path).image).shape == (5, 9, 3)


def test_a_long_strip_keeps_a_pixel_of_height(make_raster) -> None:
    path = make_raster("strip.tif", np.full((3, 2, 1000), 77, np.uint8))
    assert (make_thumbnail(path).image.width(), make_thumbnail(path).image.height()) == (96, 1)


def test_what_is_no_raster_has_no_thumbnail(tmp_path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(RasterError):
        make_thumbnail(tmp_path / "text.tif")


def test_thumbnails_are_made_once_and_kept(qtbot, runner, halves, picture, tmp_path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    titles = []
    runner.started.connect(lambda job: titles.append(job.title))
    thumbnails = Thumbnails(runner.start)
    paths = [halves, picture, tmp_path / "text.tif"]
    thumbnails.want([(path, "auto") for path in paths])
    qtbot.waitUntil(lambda: all(thumbnails.get(path) for path in paths))
    assert thumbnails.get(paths[2]).image.isNull()
    qtbot.waitUntil(lambda: not runner.running)
    thumbnails.want([(path, "auto") for path in paths])
    assert len(titles) == 1
    thumbnails.want([(picture, "auto")])
    assert thumbnails.get(halves) is None


def test_a_new_wish_takes_the_place_of_the_former(qtbot, runner, halves, picture) -> None:
    thumbnails = Thumbnails(runner.start)
    thumbnails.want([(halves, "auto")] * 50)
    thumbnails.want([(picture, "auto")])
    qtbot.waitUntil(lambda: thumbnails.get(picture) is not None)
    qtbot.waitUntil(lambda: not runner.running)


def test_thumbnails_that_were_stopped_are_not_begun_again(qtbot, runner, halves, picture) -> None:
    titles = []
    runner.started.connect(lambda job: titles.append(job.title))
    thumbnails = Thumbnails(runner.start)
    thumbnails.want([(halves, "auto"), (picture, "auto")])
    runner.stop_all()
    qtbot.waitUntil(lambda: not runner.running)
    assert len(titles) == 1


def test_the_thumbnail_of_a_file_that_has_changed_is_made_anew(qtbot, runner, halves, make_raster) -> None:
    thumbnails = Thumbnails(runner.start)
    thumbnails.want([(halves, "auto")])
    qtbot.waitUntil(lambda: thumbnails.get(halves) is not None and not runner.running)
    make_raster("other.tif", np.full((3, 700, 1400), 77, np.uint8)).replace(halves)
    thumbnails.watch.look()
    assert thumbnails.get(halves) is not None
    qtbot.waitUntil(lambda: to_rgb(thumbnails.get(halves).image)[24, 10].tolist() == [77, 77, 77])
    halves.unlink()
    with qtbot.waitSignal(thumbnails.watch.looked):
        thumbnails.watch.look()
    assert thumbnails.get(halves) is not None


def test_an_image_with_another_alpha_has_another_thumbnail(qtbot, runner, flight) -> None:
    thumbnails = Thumbnails(runner.start)
    thumbnails.want([(flight, "auto"), (flight, "none")])
    qtbot.waitUntil(lambda: thumbnails.get(flight, "auto") is not None and thumbnails.get(flight, "none") is not None)
    left = [thumbnails.get(flight, alpha).image.pixelColor(5, 20).alpha() for alpha in ("auto", "none")]
    assert left == [0, 255]
