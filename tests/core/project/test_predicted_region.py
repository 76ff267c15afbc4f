from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.rasters import UTM_GRID, write_raster

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import PolygonRegion
from landseg_core.project import predicted_region as module
from landseg_core.project.map_on_image import map_on_image
from landseg_core.project.predicted_region import predicted_region
from landseg_core.raster.source import RasterSource

REUSED = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, values: np.ndarray) -> Path:
    path.unlink(missing_ok=True)
    return write_raster(path, values[np.newaxis], **UTM_GRID, nodata=255)


def find(path: Path, pixel, limit=None):
    with RasterSource(path) as source:
        return predicted_region(map_on_image(source, source.grid, None), pixel, limit or source.grid.window)


@given(values=hnp.arrays(np.uint8, (30, 40), elements=st.sampled_from([0, 1, 255])), data=st.data())
@REUSED
def test_a_region_is_what_hangs_together_by_sides(tmp_path, values, data) -> None:
    pixel = data.draw(st.tuples(st.integers(0, 39), st.integers(0, 29)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FIRST_SIDE", 4)  # so that it has to grow
        found = find(write(tmp_path / "map.tif", values), pixel)
    value = values[pixel[1], pixel[0]]
    if value == 255:
        assert found is None
        return
    _, parts = cv2.connectedComponents((values == value).astype(np.uint8), connectivity=4)
    expected = parts == parts[pixel[1], pixel[0]]
    window = PixelWindow(0, 0, 40, 30)
    assert (found.region.mask(window) == expected).all()
    assert found.value == value
    assert not found.is_cut
    assert found.holds(pixel)
    assert (PolygonRegion(found.rings).mask(window) == expected).all()


def test_a_region_ends_at_the_limit_and_says_so(tmp_path) -> None:
    path = write(tmp_path / "map.tif", np.ones((60, 80), np.uint8))
    limit = PixelWindow(10, 5, 30, 40)
    found = find(path, (20, 20), limit)
    assert found.region.window == limit
    assert found.is_cut
    assert find(path, (50, 20), limit) is None
    assert not find(path, (20, 20), PixelWindow(-5, -5, 500, 500)).is_cut


def test_only_a_part_of_a_large_map_is_read(tmp_path, monkeypatch) -> None:
    values = np.zeros((3000, 3000), np.uint8)
    values[1400:1500, 1600:1700] = 1
    path = write(tmp_path / "map.tif", values)
    read, parts = RasterSource.read, []
    monkeypatch.setattr(RasterSource, "read", lambda source, window: parts.append(window) or read(source, window))
    found = find(path, (1650, 1450))
    assert found.region.window == PixelWindow(1600, 1400, 100, 100)
    assert sum(part.pixels for part in parts) <= 512**2


def test_a_ragged_outline_is_simplified(tmp_path) -> None:
    values = (np.random.default_rng(0).random((400, 400)) < 0.8).astype(np.uint8)
    values[200, 200] = 1
    found = find(write(tmp_path / "map.tif", values), (200, 200))
    assert found.region.pixels.sum() > 100_000
    assert sum(len(ring) for ring in found.rings) <= module._MOST_VERTICES


def test_a_map_of_a_part_of_the_image(tmp_path) -> None:
    path = write(tmp_path / "map.tif", np.ones((20, 30), np.uint8))
    with RasterSource(path) as source:
        values = map_on_image(source, source.grid, PixelWindow(100, 50, 30, 20))
        found = predicted_region(values, (110, 55), PixelWindow(0, 0, 500, 500))
    assert found.region.window == PixelWindow(100, 50, 30, 20)


def test_what_is_no_map_is_refused(tmp_path) -> None:
    path = write_raster(tmp_path / "image.tif", np.zeros((3, 20, 30), np.uint8), **UTM_GRID)
    with pytest.raises(RasterError, match="3 bands"):
        find(path, (3, 3))
