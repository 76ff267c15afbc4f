from __future__ import annotations

import numpy as np
import pytest
from support.rasters import coordinate_pixels
from support.viewing import image_layer, wait_until_sharp

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.stretch import Rendering, Stretch
from landseg_gui.viewer.tiles.feed import TileFeed
from landseg_gui.viewer.viewport import Viewport


def test_at_full_resolution_it_is_the_raster_itself(qtbot, shown: Viewport) -> None:
    shown.centre_on(750.4, 550.7, 1.37)
    wait_until_sharp(qtbot, shown)
    rgb, window, level = shown.read_view()
    assert (window, level) == (shown.view_window(), 0)
    assert np.array_equal(rgb, coordinate_pixels()[(slice(None), *window.slices())].transpose(1, 2, 0))


def test_zoomed_out_it_has_the_pixels_of_the_level_drawn(qtbot, shown: Viewport, layers) -> None:
    shown.centre_on(300, 200, 0.3)
    wait_until_sharp(qtbot, shown)
    rgb, window, level = shown.read_view()
    assert (window, level) == (PixelWindow(0, 0, 1468, 1034), 1)
    assert rgb.shape == (517, 734, 3)
    shown.fit()
    wait_until_sharp(qtbot, shown)
    rgb, window, level = shown.read_view()
    assert window == PixelWindow(0, 0, 1500, 1100)
    overview = np.asarray(coordinate_pixels()).reshape(3, 550, 2, 750, 2).mean(axis=(2, 4))
    assert np.abs(rgb - overview.transpose(1, 2, 0)).max() <= 1


def test_it_looks_as_displayed(qtbot, shown: Viewport, layers) -> None:
    shown.centre_on(750, 550, 1.0)
    layers.image.set_rendering(Rendering((3, 2, 1), Stretch((0.0,) * 3, (120.0, 255.0, 255.0))))
    wait_until_sharp(qtbot, shown)
    qtbot.waitUntil(lambda: shown.read_view().rgb[0, 0, 0] == 127, timeout=10_000)
    rgb, window, _level = shown.read_view()
    assert (rgb[..., 2] == (np.arange(window.x, window.right) % 256)[np.newaxis]).all()


def test_coarser_tiles_stand_in_for_those_that_are_still_to_come(qtbot, shown: Viewport, layers) -> None:
    """The whole picture is there at half size when the view goes to 1:1."""
    shown.fit()
    wait_until_sharp(qtbot, shown)
    shown.centre_on(750, 550, 1.0)
    rgb, window, level = shown.read_view()
    assert (rgb.shape, window, level) == ((500, 700, 3), PixelWindow(400, 300, 700, 500), 0)
    sharp = coordinate_pixels()[(slice(None), *window.slices())].transpose(1, 2, 0).astype(int)
    assert np.median(np.abs(rgb - sharp)) <= 1


def test_there_may_be_nothing_to_read(viewport: Viewport, layers, make_raster, monkeypatch) -> None:
    assert viewport.read_view() is None
    layers.set_image(image_layer(make_raster("small.tif", coordinate_pixels(300, 200))))
    monkeypatch.setattr(TileFeed, "best", lambda _feed, _key: None)
    assert viewport.read_view() is None
    monkeypatch.undo()
    viewport.centre_on(9000, 9000, 1.0)
    assert viewport.read_view() is None


@pytest.mark.parametrize("size", [(301, 203), (1025, 2)])
def test_the_window_ends_at_the_rasters_edge(
    qtbot, viewport: Viewport, layers, make_raster, size: tuple[int, int]
) -> None:
    layers.set_image(image_layer(make_raster("odd.tif", coordinate_pixels(*size))))
    viewport.zoom_to(0.25)
    wait_until_sharp(qtbot, viewport)
    rgb, window, level = viewport.read_view()
    assert window == PixelWindow(0, 0, *size)
    assert rgb.shape[:2] == (-(-size[1] >> level), -(-size[0] >> level))
