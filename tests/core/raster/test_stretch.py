"""Pixels of any type become a picture that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.enums import ColorInterp as Colour

from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Stretch, default_rendering, default_stretch, identity_stretch, render_rgba

Save = Callable[..., Path]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, shape, np.uint8)


def everywhere(pixels: np.ndarray) -> np.ndarray:
    return np.ones(pixels.shape[1:], bool)


def test_8_bit_colours_are_shown_as_they_are(save: Save) -> None:
    pixels = noise(3, 40, 50)
    with RasterSource(save("rgb.png", pixels, driver="PNG")) as source:
        rendering = default_rendering(source)
    assert rendering.bands == (1, 2, 3)
    assert rendering.stretch == identity_stretch(3)
    rgba = rendering.to_rgba(pixels, everywhere(pixels))
    assert (rgba[..., :3] == pixels.transpose(1, 2, 0)).all()
    assert (rgba[..., 3] == 255).all()


def test_all_else_is_stretched_from_the_2nd_to_the_98th_percentile(save: Save) -> None:
    ramp = np.arange(10_000, dtype=np.uint16).reshape(1, 100, 100)
    with RasterSource(save("ramp.tif", ramp)) as source:
        stretch = default_stretch(source)
    assert stretch.low == pytest.approx((199.98,))
    assert stretch.high == pytest.approx((9799.02,))


def test_the_stretch_knows_only_valid_numbers(save: Save) -> None:
    pixels = np.full((1, 100, 100), -9999, np.float32)
    pixels[0, :50] = np.linspace(0, 1, 5000).reshape(50, 100)
    pixels[0, 0, 0] = np.nan
    pixels[0, 0, 1] = np.inf
    with RasterSource(save("nodata.tif", pixels, nodata=-9999)) as source:
        stretch = default_stretch(source)
    assert stretch.low == pytest.approx((0.02,), abs=1e-3)
    assert stretch.high == pytest.approx((0.98,), abs=1e-3)


def test_the_stretch_of_a_large_raster_is_taken_from_all_over_it(save: Save) -> None:
    ramp = np.broadcast_to(np.arange(5000, dtype=np.uint16), (1, 1200, 5000))
    with RasterSource(save("large.tif", ramp, compress="deflate")) as source:
        stretch = default_stretch(source)
    assert stretch.low[0] == pytest.approx(0, abs=200)
    assert stretch.high[0] == pytest.approx(5000, abs=200)


def test_a_raster_without_data_has_a_stretch(save: Save) -> None:
    with RasterSource(save("nothing.tif", np.zeros((1, 20, 20), np.uint16), nodata=0)) as source:
        assert default_stretch(source) == Stretch((0.0,), (1.0,))


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_band_can_be_shown(save: Save, value: int) -> None:
    pixels = np.full((1, 20, 20), value, np.uint16)
    with RasterSource(save("constant.tif", pixels)) as source:
        rendering = default_rendering(source)
    rgba = rendering.to_rgba(pixels, everywhere(pixels))
    assert (rgba == [0, 0, 0, 255]).all()


@pytest.mark.parametrize(("bands", "shown"), [(1, (1,)), (2, (1,)), (3, (1, 2, 3)), (5, (1, 2, 3))])
def test_which_bands_are_shown(save: Save, bands: int, shown: tuple[int, ...]) -> None:
    with RasterSource(save("bands.tif", noise(bands, 20, 20), photometric="minisblack")) as source:
        assert default_rendering(source).bands == shown


def test_the_file_says_which_bands_are_colours(save: Save) -> None:
    colours = (Colour.nir, Colour.blue, Colour.green, Colour.red)
    path = save("bgr.tif", noise(4, 20, 20), colours=colours, photometric="minisblack")
    with RasterSource(path) as source:
        assert default_rendering(source).bands == (4, 3, 2)


def test_a_palette_is_expanded(save: Save) -> None:
    pixels = np.array([[[0, 1], [2, 0]]], np.uint8)
    path = save("codes.tif", pixels, palette={0: (255, 0, 0, 255), 1: (0, 9, 0, 255), 2: (5, 5, 5, 0)})
    with RasterSource(path) as source:
        rendering = default_rendering(source)
    rgba = rendering.to_rgba(pixels, np.array([[True, True], [True, False]]))
    assert rgba.tolist() == [[[255, 0, 0, 255], [0, 9, 0, 255]], [[5, 5, 5, 255], [0, 0, 0, 0]]]


DTYPES = st.sampled_from(["uint8", "int16", "uint16", "int32", "float32", "float64"])


@given(DTYPES.flatmap(lambda dtype: npst.arrays(dtype, (3, 4, 5))), npst.arrays(bool, (4, 5)), st.booleans())
def test_invalid_pixels_and_strange_numbers_are_transparent(pixels: np.ndarray, valid: np.ndarray, grey: bool) -> None:
    pixels = pixels[: 1 if grey else 3]
    rgba = render_rgba(pixels, valid, Stretch((0.0,) * 3, (100.0,) * 3))
    shown = valid & np.isfinite(pixels).all(axis=0)
    assert (rgba[..., 3] == np.where(shown, 255, 0)).all()
    assert not rgba[~shown].any()


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    npst.arrays("float32", (1, 3, 3), elements=st.floats(-1e6, 1e6, width=32)),
)
def test_brighter_pixels_are_never_darker(low: float, span: float, pixels: np.ndarray) -> None:
    rgba = render_rgba(pixels, everywhere(pixels), Stretch((low,), (low + span,)))
    order = np.argsort(pixels[0], axis=None)
    grey = rgba[..., 0].ravel()[order].astype(int)
    assert (np.diff(grey) >= 0).all()
    assert (rgba[..., 0] == rgba[..., 1]).all()
    assert (rgba[..., 0] == rgba[..., 2]).all()


@pytest.mark.imagery
def test_real_files_become_pictures(imagery: Path) -> None:
    with RasterSource(imagery / "formats" / "naip_4band_epsg26914.tif") as naip:
        assert default_rendering(naip).bands == (1, 2, 3)
        assert default_rendering(naip).stretch == identity_stretch(3)
    with RasterSource(imagery / "formats" / "uint16_1band_epsg32616.tif") as grey:
        rendering = default_rendering(grey)
        window = grey.grid.window
        rgba = rendering.to_rgba(grey.read(window), grey.read_valid(window))
        assert rgba[..., 0].std() > 30
    with RasterSource(imagery / "formats" / "palette_mask_example.png") as palette:
        rendering = default_rendering(palette)
        rgba = rendering.to_rgba(palette.read(palette.grid.window), palette.read_valid(palette.grid.window))
        assert len(np.unique(rgba.reshape(-1, 4), axis=0)) > 1
