"""The shapes that only tools need: several areas at once, and previews."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from support.viewing import grab_rgb

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import AreasRegion, PolygonRegion
from landseg_gui.tools.mask_preview import MaskPreview


def test_areas_that_overlap_are_one() -> None:
    square, other = ((0, 0), (10, 0), (10, 10), (0, 10)), ((5, 5), (20, 5), (20, 20), (5, 20))
    region = AreasRegion([square, other])
    window = PixelWindow(-3, -3, 40, 40)
    expected = PolygonRegion([square]).mask(window) | PolygonRegion([other]).mask(window)
    assert (region.mask(window) == expected).all()
    assert expected[8 + 3, 8 + 3]
    assert region.bounds.contains(PixelWindow(0, 0, 20, 20))


def test_a_preview_lies_where_its_mask_is(sitting) -> None:
    mask = np.zeros((10, 12), bool)
    mask[2:9, 3:10] = True
    mask[4:7, 5:8] = False
    preview = MaskPreview(sitting.viewport.canvas.scene)
    before = grab_rgb(sitting.viewport)
    preview.show(mask, 700, 500, 4, QColor(255, 0, 0))
    seen = grab_rgb(sitting.viewport)
    red = (seen == (255, 0, 0)).all(-1)
    expected = np.zeros_like(red)
    expected[200:240, 300:348] = mask.repeat(4, 0).repeat(4, 1)  # the viewport's corner is at (400, 300)
    assert (red == expected).all()
    preview.clear()
    assert (grab_rgb(sitting.viewport) == before).all()
