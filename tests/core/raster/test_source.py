"""Any raster that GDAL reads can be opened, and its windows are read as they are."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import ColorInterp as Colour

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
RGB = (Colour.red, Colour.green, Colour.blue)
UTM = CRS.from_epsg(32633)
PLACE = Affine(0.25, 0, 500_000, 0, -0.25, 5_800_000)


def noise(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(1).integers(1, 200, shape).astype(dtype)


FORMATS: dict[str, dict[str, Any]] = {
    "picture.tif": {"driver": "GTiff", "tiled": True, "blockxsize": 64, "blockysize": 64},
    "cog.tif": {"driver": "COG"},
    "picture.png": {"driver": "PNG"},
    "picture.jp2": {"driver": "JP2OpenJPEG", "quality": 100, "reversible": "YES", "YCBCR420": "NO"},
    "striped.tif": {"driver": "GTiff", "compress": "lzw"},
    "picture.bmp": {"driver": "BMP"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_without_loss_give_their_pixels(save: Save, name: str) -> None:
    pixels = noise(3, 100, 130)
    with RasterSource(save(name, pixels, **FORMATS[name])) as source:
        assert (source.grid.width, source.grid.height, source.band_count) == (130, 100, 3)
        assert (source.read(source.grid.window) == pixels).all()
        assert (source.read(PixelWindow(20, 30, 50, 40), [2]) == pixels[1:2, 30:70, 20:70]).all()
        assert source.read_valid(source.grid.window).all()


def test_a_jpeg_gives_about_its_pixels(save: Save) -> None:
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8), (3, 96, 128))
    with RasterSource(save("picture.jpg", ramp, driver="JPEG", quality=95)) as source:
        assert source.driver == "JPEG"
        assert np.abs(source.read(source.grid.window).astype(int) - ramp).max() <= 4


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"])
@pytest.mark.parametrize("bands", [1, 2, 7])
def test_any_type_and_band_count(save: Save, dtype: str, bands: int) -> None:
    pixels = (noise(bands, 20, 30).astype(int) % 100).astype(dtype)
    with RasterSource(save("any.tif", pixels)) as source:
        assert source.dtype == np.dtype(dtype)
        assert source.data_bands == tuple(range(1, bands + 1))
        assert (source.read(source.grid.window) == pixels).all()


def test_georeference_is_kept_rotated_or_not(save: Save) -> None:
    rotated = PLACE @ Affine.rotation(30)
    for name, transform in (("upright.tif", PLACE), ("rotated.tif", rotated)):
        with RasterSource(save(name, noise(1, 20, 30), crs=UTM, transform=transform)) as source:
            assert source.grid.crs == UTM
            assert source.grid.transform.almost_equals(transform)


@pytest.mark.parametrize("numbers", ["5, 0, 0, 7, 0, -1", "5, 0.5, 0.5, 7, 1, 1", "nan, 1, 0, 7, 0, -1"])
def test_a_transform_that_places_nothing_counts_as_none(save: Save, numbers: str) -> None:
    path = save("picture.png", noise(1, 20, 30), driver="PNG")
    path.with_name("picture.png.aux.xml").write_text(f"<PAMDataset><GeoTransform>{numbers}</GeoTransform></PAMDataset>")
    with RasterSource(path) as source:
        assert not source.grid.is_georeferenced
        assert source.grid.matches(source.grid.crop(source.grid.window))


def test_without_georeference_there_are_pixel_coordinates(save: Save) -> None:
    with RasterSource(save("plain.png", noise(1, 20, 30), driver="PNG")) as source:
        assert source.grid.crs is None
        assert not source.grid.is_georeferenced


def test_band_names_come_from_the_file(save: Save) -> None:
    path = save("named.tif", noise(4, 20, 30), colours=(*RGB, Colour.undefined), photometric="rgb")
    with RasterSource(path) as source:
        assert source.band_names == ("Red", "Green", "Blue", "Band 4")


# -- what holds data


def half(height: int, width: int) -> np.ndarray:
    valid = np.zeros((height, width), bool)
    valid[:, : width // 2] = True
    return valid


def test_nodata_is_not_valid(save: Save) -> None:
    pixels, valid = noise(1, 20, 30, dtype="uint16"), half(20, 30)
    pixels[0][~valid] = 0
    with RasterSource(save("nodata.tif", pixels, nodata=0)) as source:
        assert source.nodata == 0
        assert (source.read_valid(source.grid.window) == valid).all()


def test_nan_as_nodata_is_not_valid(save: Save) -> None:
    pixels, valid = noise(2, 20, 30, dtype="float32"), half(20, 30)
    pixels[:, ~valid] = np.nan
    pixels[0, 0, 0] = np.nan
    with RasterSource(save("nan.tif", pixels, nodata=np.nan)) as source:
        assert (source.read_valid(source.grid.window) == valid).all()


@pytest.mark.parametrize("name", ["alpha.png", "alpha.tif"])
def test_transparent_pixels_are_not_valid_and_alpha_is_no_data_band(save: Save, name: str) -> None:
    pixels, valid = noise(4, 20, 30), half(20, 30)
    pixels[3] = np.where(valid, 255, 0)
    driver = {"png": "PNG", "tif": "GTiff"}[name[-3:]]
    options = {"photometric": "rgb", "alpha": "yes"} if driver == "GTiff" else {}
    with RasterSource(save(name, pixels, driver=driver, **options)) as source:
        assert source.data_bands == (1, 2, 3)
        assert source.read(source.grid.window).shape == (3, 20, 30)
        assert (source.read_valid(source.grid.window) == valid).all()


@pytest.mark.parametrize("external", [False, True])
def test_a_mask_in_the_file_or_beside_it_is_used(save: Save, external: bool) -> None:
    valid = half(20, 30)
    path = save("masked.tif", noise(3, 20, 30), mask=valid, external_mask=external)
    assert path.with_name("masked.tif.msk").exists() is external
    with RasterSource(path) as source:
        assert not source.all_valid
        assert (source.read_valid(source.grid.window) == valid).all()


def test_with_nodata_a_band_called_alpha_is_data(save: Save) -> None:
    """Aerial images with near infrared are often tagged so."""
    pixels, valid = noise(4, 20, 30), half(20, 30)
    pixels[:, ~valid] = 0
    pixels[0, 0, 0] = 0
    with RasterSource(save("nir.tif", pixels, nodata=0, photometric="rgb", alpha="yes")) as source:
        assert source.data_bands == (1, 2, 3, 4)
        assert (source.read_valid(source.grid.window) == valid).all()


# -- windows


EDGE = noise(2, 40, 50)


@pytest.fixture
def edge(save: Save) -> Path:
    return save("edge.tif", EDGE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(-60, 60), st.integers(-60, 60), st.integers(1, 90), st.integers(1, 90))
def test_beyond_the_raster_pixels_are_zero_and_invalid(edge: Path, x: int, y: int, width: int, height: int) -> None:
    with RasterSource(edge) as source:
        window = PixelWindow(x, y, width, height)
        around = np.pad(EDGE, ((0, 0), (200, 200), (200, 200)))
        expected = around[:, y + 200 : y + 200 + height, x + 200 : x + 200 + width]
        assert (source.read(window) == expected).all()
        assert (source.read_valid(window) == (expected[0] > 0)).all()


@pytest.mark.parametrize("factor", [2, 4, 5])
def test_a_shrunk_window_keeps_its_place(save: Save, factor: int) -> None:
    ramp = np.broadcast_to(np.arange(400, dtype=np.uint16), (1, 400, 400))
    with RasterSource(save("ramp.tif", ramp)) as source:
        pixels = source.read(PixelWindow(40, 0, 320, 320), size=(320 // factor, 320 // factor))
        assert np.abs(pixels[0, 0] - (40 + factor * (np.arange(320 // factor) + 0.5))).max() <= factor / 2


def test_a_shrunk_window_across_the_edge_keeps_its_place(save: Save) -> None:
    ramp = np.broadcast_to(np.arange(1, 401, dtype=np.uint16), (1, 400, 400))
    with RasterSource(save("ramp.tif", ramp)) as source:
        window, size = PixelWindow(-80, -80, 320, 320), (80, 80)
        pixels, valid = source.read(window, size=size), source.read_valid(window, size=size)
        assert not valid[:20].any()
        assert not valid[:, :20].any()
        assert valid[20:, 20:].all()
        assert not pixels[0][~valid].any()
        assert np.abs(pixels[0, 20, 20:] - (1 + 4 * (np.arange(60) + 0.5))).max() <= 2


def test_overviews_can_be_opened_as_rasters(save: Save) -> None:
    with RasterSource(save("cog.tif", noise(1, 1024, 512), driver="COG", blocksize=128)) as source:
        assert source.overviews == [2, 4, 8]
        for index, factor in enumerate(source.overviews):
            with source.reopened(overview=index) as overview:
                assert (overview.grid.width, overview.grid.height) == (512 // factor, 1024 // factor)


def test_a_band_that_is_not_there_is_an_error(save: Save) -> None:
    with RasterSource(save("two.tif", noise(2, 20, 30))) as source, pytest.raises(RasterError, match="has 2 band"):
        source.read(source.grid.window, [1, 3])


# -- palettes and what cannot be shown


def test_a_palette_is_known(save: Save) -> None:
    path = save("codes.tif", noise(1, 20, 30) % 3, palette={0: (255, 0, 0, 255), 2: (1, 2, 3, 255)})
    with RasterSource(path) as source:
        assert source.colour_table is not None
        assert source.colour_table.shape == (256, 4)
        assert source.colour_table[2].tolist() == [1, 2, 3, 255]


def test_complex_numbers_are_refused(save: Save) -> None:
    path = save("radar.tif", np.ones((1, 8, 8), np.complex64))
    with pytest.raises(RasterError, match=r"complex numbers.*amplitude"):
        RasterSource(path)


def test_a_container_of_several_rasters_is_refused(tmp_path: Path, save: Save) -> None:
    path = tmp_path / "many.gpkg"
    for table in ("one", "two"):
        options = {"append_subdataset": "YES"} if path.exists() else {}
        _write_table(path, table, options)
    with pytest.raises(RasterError, match="is a container of 2 rasters"):
        RasterSource(path)


def _write_table(path: Path, table: str, options: dict[str, str]) -> None:
    import rasterio

    profile = {"driver": "GPKG", "width": 16, "height": 16, "count": 3, "dtype": "uint8", "crs": UTM}
    with rasterio.open(path, "w", **profile, transform=PLACE, raster_table=table, **options) as target:
        target.write(noise(3, 16, 16))


# -- real files


@pytest.mark.imagery
def test_real_files_open(imagery: Path) -> None:
    with RasterSource(imagery / "formats" / "naip_4band_epsg26914.tif") as naip:
        assert naip.data_bands == (1, 2, 3, 4)
        assert naip.read(naip.grid.window).shape == (4, 384, 384)
    with RasterSource(imagery / "formats" / "uint16_1band_epsg32616.tif") as grey:
        assert grey.dtype == np.uint16
    with RasterSource(imagery / "formats" / "palette_mask_example.png") as palette:
        assert palette.colour_table is not None
    with RasterSource(imagery / "ortho" / "swissimage_brig_8704x6656.tif") as orthophoto:
        assert orthophoto.read(PixelWindow(4096, 3072, 512, 512)).std() > 10


def test_a_file_that_claims_very_many_bands_is_refused_at_once(tmp_path: Path) -> None:
    """A TIFF of 4 px: its header alone says 65,535 bands."""
    entries = [(256, 2), (257, 2), (258, 8), (259, 1), (262, 1), (273, 134), (277, 65535), (278, 2), (279, 0), (284, 1)]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, value in entries:
        number = 4 * 65535 if tag == 279 else value
        head += struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, number)
    path = tmp_path / "many.tif"
    path.write_bytes(head + struct.pack("<I", 0) + bytes(4 * 65535))
    with pytest.raises(RasterError, match=r"many\.tif claims to have 65535 bands, more than 1000"):
        RasterSource(path)
