"""The shapes that only tools need: masks of a coarser level, several areas at once, and previews."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PySide6.QtGui import QColor
from support.viewing import grab_rgb

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import AreasRegion, CoarseRegion, PolygonRegion
from landseg_gui.tools.mask_preview import MaskPreview

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@given(mask=MASKS, scale=st.sampled_from([1, 2, 4, 8]), x=st.integers(0, 40), y=st.integers(0, 40))
def test_a_coarse_region_is_the_enlarged_mask(mask, scale: int, x: int, y: int) -> None:
    region = CoarseRegion(x, y, scale, mask)
    everything = np.zeros((150, 150), bool)
    everything[y : y + mask.shape[0] * scale, x : x + mask.shape[1] * scale] = mask.repeat(scale, 0).repeat(scale, 1)
    assert (region.mask(PixelWindow(0, 0, 150, 150)) == everything).all()
    part = PixelWindow(17, 9, 40, 31)
    assert (region.mask(part) == everything[part.slices()]).all()


@given(mask=MASKS)
def test_trimming_changes_no_pixel(mask) -> None:
    region = CoarseRegion(5, 7, 4, mask)
    trimmed = region.trimmed()
    window = PixelWindow(0, 0, 60, 60)
    if trimmed is None:
        assert not mask.any()
    else:
        assert (trimmed.mask(window) == region.mask(window)).all()
        assert trimmed.pixels.any(0)[[0, -1]].all()
        assert trimmed.pixels.any(1)[[0, -1]].all()


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
