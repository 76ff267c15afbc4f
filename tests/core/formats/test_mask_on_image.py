"""Masks on another grid, CRS or rotation than the image: the mask pixel that holds the centre decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
from affine import Affine
from rasterio.crs import CRS
from support.label_files import labels_of
from support.rasters import write_raster

from landseg_core.errors import InterchangeError
from landseg_core.formats import mask_on_image
from landseg_core.formats.import_mask import import_mask
from landseg_core.formats.mask_on_image import MaskOnImage
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

UTM, LV95, MERCATOR, DEGREES = (CRS.from_epsg(code) for code in (32632, 2056, 3857, 4326))
UTM_GRID = RasterGrid(300, 260, Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), UTM)
ROTATION = Affine.translation(399_010, 5_130_990) @ Affine.rotation(31)


def grid_in(crs: CRS, width: int, height: int, *, turn: float = 0) -> RasterGrid:
    """Return a grid in `crs` that lies about on `UTM_GRID`, some of it beyond."""
    to_crs = pyproj.Transformer.from_crs(UTM.to_wkt(), crs.to_wkt(), always_xy=True)
    (left, bottom), (right, top) = to_crs.transform(399_010, 5_130_880), to_crs.transform(399_170, 5_131_010)
    scale = Affine.scale((right - left) / width, (bottom - top) / height)
    return RasterGrid(width, height, Affine.translation(left, top) @ Affine.rotation(turn) @ scale, crs)


def expected(image: RasterGrid, mask: RasterGrid, values: np.ndarray) -> np.ndarray:
    """Return what each image pixel should get, by projecting every single centre."""
    columns, rows = np.meshgrid(np.arange(image.width) + 0.5, np.arange(image.height) + 0.5)
    x, y = image.transform @ (columns, rows)
    if image.crs and mask.crs and image.crs != mask.crs:
        x, y = pyproj.Transformer.from_crs(image.crs.to_wkt(), mask.crs.to_wkt(), always_xy=True).transform(x, y)
    pixels = np.floor(np.stack(~mask.transform @ (x, y)) + 1e-6).astype(int)
    inside = ((pixels >= 0) & (pixels < np.array([mask.width, mask.height])[:, None, None])).all(axis=0)
    labels = np.full(inside.shape, 255, np.uint8)
    labels[inside] = values[pixels[1][inside], pixels[0][inside]]
    return labels


CASES = {
    "coarser": RasterGrid(40, 30, Affine(2.5, 0, 399_010, 0, -2.5, 5_130_990), UTM),
    "finer": RasterGrid(700, 500, Affine(0.21, 0, 399_010, 0, -0.21, 5_130_990), UTM),
    "shifted by pixels": RasterGrid(300, 260, Affine(0.5, 0, 399_020, 0, -0.5, 5_130_970), UTM),
    "rotated": RasterGrid(200, 150, ROTATION @ Affine.scale(0.6, -0.6), UTM),
    "no CRS": RasterGrid(40, 30, Affine(2.5, 0, 399_010, 0, -2.5, 5_130_990), None),
    "LV95": grid_in(LV95, 210, 160),
    "Mercator, rotated": grid_in(MERCATOR, 210, 160, turn=17),
    "degrees": grid_in(DEGREES, 333, 222),
}


@pytest.mark.parametrize("name", CASES)
def test_pixel_centres_decide(name: str, new_image, tmp_path: Path) -> None:
    mask = CASES[name]
    values = np.random.default_rng(5).choice(np.array([0, 1, 4, 255], np.uint8), (mask.height, mask.width))
    path = write_raster(tmp_path / "mask.tif", values, transform=mask.transform, crs=mask.crs)
    project, image = new_image(300, 260, transform=UTM_GRID.transform, crs=UTM)
    import_mask(project, image.id, path)
    wanted = expected(image.grid, mask, values)
    assert (wanted != 255).sum() > 1000
    assert (labels_of(project, image) != wanted).mean() < 2e-4  # centres within 0.005 px of a mask pixel's edge


def test_a_rotated_image(new_image, tmp_path: Path) -> None:
    georeference = {"transform": ROTATION @ Affine.scale(0.5, -0.5), "crs": UTM}
    project, image = new_image(120, 90, **georeference)
    mask = grid_in(LV95, 400, 300)
    values = np.random.default_rng(6).choice(np.array([0, 1, 4], np.uint8), (300, 400))
    import_mask(project, image.id, write_raster(tmp_path / "m.tif", values, transform=mask.transform, crs=LV95))
    assert (labels_of(project, image) != expected(image.grid, mask, values)).mean() < 2e-4


def test_the_window_does_not_change_what_is_read(tmp_path: Path) -> None:
    mask = CASES["LV95"]
    values = np.random.default_rng(5).integers(0, 255, (mask.height, mask.width), np.uint8)
    path = write_raster(tmp_path / "mask.tif", values, transform=mask.transform, crs=mask.crs)
    with RasterSource(path) as raster:
        reader = MaskOnImage(raster, UTM_GRID)
        whole, covered = reader.read(UTM_GRID.window)
        parts = np.zeros_like(whole)
        for part in pieces(UTM_GRID.window, 64, 48):
            parts[:, *part.slices()] = reader.read(part)[0]
        assert (parts != whole)[:, covered].mean() < 2e-4
        assert reader.window.contains(window_of(covered))


def window_of(covered: np.ndarray) -> PixelWindow:
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return PixelWindow(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))


def test_a_mask_of_much_smaller_pixels_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = RasterGrid(900, 800, Affine(0.1, 0, 399_010, 0, -0.1, 5_130_990), UTM)
    values = np.random.default_rng(5).integers(0, 255, (mask.height, mask.width), np.uint8)
    path = write_raster(tmp_path / "mask.tif", values, transform=mask.transform, crs=mask.crs)
    with RasterSource(path) as raster:
        whole = MaskOnImage(raster, UTM_GRID).read(UTM_GRID.window)
        sizes: list[int] = []
        read = raster.read
        monkeypatch.setattr(mask_on_image, "_READ_PIXELS", 10_000)
        monkeypatch.setattr(raster, "read", lambda window: sizes.append(window.pixels) or read(window))
        parts = MaskOnImage(raster, UTM_GRID).read(UTM_GRID.window)
    assert len(sizes) > 50
    assert max(sizes) <= 10_000
    np.testing.assert_array_equal(whole[1], parts[1])
    np.testing.assert_array_equal(whole[0][:, whole[1]], parts[0][:, parts[1]])


def test_transparent_pixels_of_a_resampled_mask_change_nothing(new_image, tmp_path: Path) -> None:
    rgba = np.zeros((4, 20, 20), np.uint8)
    rgba[:3] = np.array([0, 0x72, 0xB2])[:, None, None]  # water
    rgba[3, :, :10] = 255
    georeference: dict[str, Any] = {"transform": Affine(1, 0, 399_000, 0, -1, 5_131_000), "crs": UTM}
    path = write_raster(tmp_path / "m.tif", rgba, photometric="rgb", alpha="yes", **georeference)
    project, image = new_image(40, 40, transform=UTM_GRID.transform, crs=UTM)
    import_mask(project, image.id, path)
    labels = labels_of(project, image)
    assert (labels[:, :20] == 4).all()
    assert (labels[:, 20:] == 255).all()


def test_a_mask_beside_the_image_is_refused(new_image, tmp_path: Path) -> None:
    georeference: dict[str, Any] = {"transform": Affine(1, 0, 500_000, 0, -1, 5_131_000), "crs": UTM}
    path = write_raster(tmp_path / "m.tif", np.zeros((20, 20), np.uint8), **georeference)
    project, image = new_image(40, 40, transform=UTM_GRID.transform, crs=UTM)
    with pytest.raises(InterchangeError, match="does not overlap the image"):
        import_mask(project, image.id, path)


def test_a_mask_of_the_same_size_with_another_georeference_is_resampled(new_image, tmp_path: Path) -> None:
    georeference: dict[str, Any] = {"transform": Affine(0.5, 0, 399_010, 0, -0.5, 5_131_000), "crs": UTM}
    path = write_raster(tmp_path / "m.tif", np.ones((40, 40), np.uint8), **georeference)
    project, image = new_image(40, 40, transform=UTM_GRID.transform, crs=UTM)
    import_mask(project, image.id, path)
    labels = labels_of(project, image)
    assert (labels[:, :20] == 255).all()
    assert (labels[:, 20:] == 1).all()


def test_a_georeference_that_is_one_point_is_refused(
    new_image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster(tmp_path / "m.tif", np.ones((40, 40), np.uint8), transform=UTM_GRID.transform, crs=UTM)
    with RasterSource(path) as raster:
        flat = RasterGrid(40, 40, Affine(0, 0, 399_000, 0, -0.5, 5_131_000), UTM)
        monkeypatch.setattr(raster, "grid", flat)
        for grid in (flat, UTM_GRID):
            with pytest.raises(InterchangeError, match="one point"):
                MaskOnImage(raster, grid)
