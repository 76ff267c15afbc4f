"""A band tagged as alpha tells where a raster holds data, whatever its place and type, unless the user decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.enums import ColorInterp as Colour
from rasterio.enums import Resampling

from landseg_core.errors import RasterError
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.info import describe
from landseg_core.raster.near_infrared import near_infrared_notice
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.pyramid.quicklook import quicklook
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_stretch
from landseg_core.raster.views import pixel_view

Save = Callable[..., Path]
RGB = (Colour.red, Colour.green, Colour.blue)
PLACE = {"crs": "EPSG:32632", "transform": Affine(0.25, 0, 400_000, 0, -0.25, 5_100_000)}
LAYOUTS = {
    "four colours": (*RGB, Colour.nir, Colour.alpha),
    "five colours": (Colour.blue, Colour.green, Colour.red, Colour.undefined, Colour.nir, Colour.alpha),
    "alpha first": (Colour.alpha, *RGB),
    "alpha in the middle": (Colour.red, Colour.alpha, Colour.green, Colour.blue),
    "grey": (Colour.gray, Colour.alpha),
    "three colours": (*RGB, Colour.alpha),
}


def flown_area(height: int, width: int) -> np.ndarray:
    """Return (H, W): True in the middle."""
    flown = np.zeros((height, width), bool)
    flown[height // 4 : -height // 4, width // 4 : -width // 4] = True
    return flown


def with_alpha(layout: tuple[Colour, ...], dtype: str, flown: np.ndarray, outside: float = 0) -> np.ndarray:
    """Return (C, H, W) pixels, 100 in the flown area and `outside` beyond, with an alpha band where `layout` says."""
    opaque = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 255
    bands = [np.where(flown, opaque if colour == Colour.alpha else 100, 0) for colour in layout]
    outer = [
        band if c == Colour.alpha else np.where(flown, band, outside) for band, c in zip(bands, layout, strict=True)
    ]
    return np.stack(outer).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_band_tagged_as_alpha_is_validity_and_no_data(save: Save, layout: tuple[Colour, ...], dtype: str) -> None:
    flown = flown_area(40, 60)
    path = save("a.tif", with_alpha(layout, dtype, flown), colours=layout)
    with RasterSource(path) as source:
        alpha = layout.index(Colour.alpha) + 1
        assert source.alpha_bands == (alpha,)
        assert source.data_bands == tuple(band for band in range(1, len(layout) + 1) if band != alpha)
        assert (source.read_valid(source.grid.window) == flown).all()
        assert not source.all_valid


def test_nan_as_alpha_is_no_data(save: Save) -> None:
    pixels = np.ones((4, 2, 3), np.float32)
    pixels[3] = [[1, 0, np.nan], [0.5, -1, 1]]
    with RasterSource(save("f.tif", pixels, colours=(*RGB, Colour.alpha))) as source:
        assert source.read_valid(source.grid.window).tolist() == [[True, False, False], [True, False, True]]


def test_of_several_alpha_bands_all_must_say_that_there_is_data(save: Save) -> None:
    pixels = np.ones((4, 1, 4), np.uint8)
    pixels[1], pixels[3] = [[0, 255, 0, 255]], [[0, 0, 255, 255]]
    path = save("two.tif", pixels, colours=(Colour.gray, Colour.alpha, Colour.undefined, Colour.alpha))
    with RasterSource(path) as source:
        assert (source.alpha_bands, source.data_bands) == ((2, 4), (1, 3))
        assert source.read_valid(source.grid.window).tolist() == [[False, False, False, True]]


def test_alpha_and_a_mask_in_the_file_both_count(save: Save) -> None:
    flown, mask = flown_area(20, 20), np.ones((20, 20), bool)
    mask[:10] = False
    path = save(
        "m.tif", with_alpha(LAYOUTS["four colours"], "uint8", flown), colours=LAYOUTS["four colours"], mask=mask
    )
    with RasterSource(path) as source:
        assert (source.read_valid(source.grid.window) == (flown & mask)).all()
    with RasterSource(path, alpha="none") as source:
        assert (source.read_valid(source.grid.window) == mask).all()


def test_a_raster_of_nothing_but_alpha_is_data(save: Save) -> None:
    with RasterSource(save("a.tif", np.zeros((1, 4, 5), np.uint8), colours=(Colour.alpha,))) as source:
        assert (source.alpha_bands, source.data_bands, source.all_valid) == ((), (1,), True)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_without_alpha_the_band_is_data_and_everything_valid(save: Save, layout: tuple[Colour, ...]) -> None:
    path = save("a.tif", with_alpha(layout, "uint8", flown_area(20, 30)), colours=layout)
    with RasterSource(path, alpha="none") as source:
        assert source.data_bands == tuple(range(1, len(layout) + 1))
        assert source.all_valid
        assert source.read_valid(source.grid.window).all()


@pytest.mark.parametrize("wanted", ["2", " 2 ", "Coverage", "COVERAGE"])
def test_any_band_can_be_chosen_by_number_or_name(save: Save, wanted: str) -> None:
    path = save("a.tif", with_alpha(LAYOUTS["three colours"], "uint8", flown_area(20, 30)), **PLACE)
    with rasterio.open(path, "r+") as file:
        file.set_band_description(2, "Coverage")
    with RasterSource(path, alpha=wanted) as source:
        assert (source.alpha_bands, source.data_bands) == ((2,), (1, 3, 4))
        assert (source.read_valid(source.grid.window) == flown_area(20, 30)).all()


def test_a_chosen_band_replaces_the_one_that_is_tagged(save: Save) -> None:
    flown = flown_area(20, 30)
    pixels = with_alpha((*RGB, Colour.nir, Colour.undefined), "uint8", flown)
    path = save("nir.tif", pixels, colours=(*RGB, Colour.alpha, Colour.undefined))
    with RasterSource(path, alpha="5") as source:
        assert (source.alpha_bands, source.data_bands) == ((5,), (1, 2, 3, 4))
        assert (source.read_valid(source.grid.window) == flown).all()


def test_with_nodata_a_tagged_band_is_data_and_a_chosen_one_counts_beside_it(save: Save) -> None:
    pixels = np.full((4, 1, 4), 7, np.uint8)
    pixels[:, 0, 0] = 0
    pixels[3, 0, 1] = 0
    path = save("nir.tif", pixels, nodata=0, colours=(*RGB, Colour.alpha))
    for choice in ("auto", "none"):
        with RasterSource(path, alpha=choice) as source:
            assert (source.alpha_bands, source.data_bands) == ((), (1, 2, 3, 4))
            assert source.read_valid(source.grid.window).tolist() == [[False, True, True, True]]
    with RasterSource(path, alpha="4") as source:
        assert source.read_valid(source.grid.window).tolist() == [[False, False, True, True]]


def test_near_infrared_of_naip_stays_data(imagery: Path) -> None:
    with RasterSource(imagery / "formats/naip_4band_epsg26914.tif") as source:
        assert (source.alpha_bands, source.data_bands) == ((), (1, 2, 3, 4))


@pytest.mark.parametrize("wanted", ["0", "6", "-1", "thermal", "1,2"])
def test_a_band_that_is_not_there_is_told_in_one_sentence(save: Save, wanted: str) -> None:
    path = save("a.tif", np.ones((5, 3, 3), np.uint8), colours=LAYOUTS["four colours"])
    with pytest.raises(RasterError, match=r"no band '.*' to use as alpha; it has 1 \(Red\), .* 5 \(Alpha\)"):
        RasterSource(path, alpha=wanted)


def test_the_only_band_cannot_be_alpha(save: Save) -> None:
    with pytest.raises(RasterError, match="only one band"):
        RasterSource(save("a.tif", np.ones((1, 3, 3), np.uint8)), alpha="1")


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_overviews_in_the_file_keep_to_the_choice(save: Save, layout: tuple[Colour, ...], *, external: bool) -> None:
    path = save("a.tif", with_alpha(layout, "uint8", flown_area(64, 64)), colours=layout, **PLACE)
    with rasterio.Env(TIFF_USE_OVR=external), rasterio.open(path, "r+") as file:
        file.build_overviews([2], Resampling.nearest)
    with RasterSource(path) as source, source.reopened(overview=0) as half:
        assert half.data_bands == source.data_bands
        assert (half.read_valid(half.grid.window) == flown_area(32, 32)).all()
    with RasterSource(path, alpha="none") as source, source.reopened(overview=0) as half:
        assert half.read_valid(half.grid.window).all()


def test_a_cached_pyramid_is_that_of_the_choice(save: Save) -> None:
    layout = LAYOUTS["four colours"]
    flown = flown_area(2048, 2048)
    path = save("a.tif", with_alpha(layout, "uint8", flown, outside=200), colours=layout, compress="deflate")
    with RasterSource(path) as auto, RasterSource(path, alpha="none") as none, RasterSource(path, alpha="5") as five:
        assert pyramid_path(auto) != pyramid_path(none)
        assert pyramid_path(auto) == pyramid_path(five)
        for source, expected in ((auto, flown[2::4, 2::4]), (none, np.ones((512, 512), bool))):
            build_pyramid(source)
            reader = PyramidReader(source)
            pixels, valid = reader.read_tile(TileKey(2, 0, 0))
            assert (valid == expected).all()
            assert set(np.unique(pixels[:4, valid])) == ({100} if source is auto else {100, 200})
            reader.close()


def test_the_quicklook_leaves_transparent_ground_out(save: Save) -> None:
    layout, flown = LAYOUTS["four colours"], flown_area(1024, 1024)
    with RasterSource(save("a.tif", with_alpha(layout, "uint8", flown, outside=200), colours=layout)) as source:
        pixels, valid = quicklook(source, source.data_bands, (64, 64), categorical=False)
    assert 0 < valid.mean() < 1
    assert (pixels[:, valid] == 100).all()


def test_info_names_the_alpha_band(save: Save) -> None:
    path = save(
        "a.tif", with_alpha(LAYOUTS["four colours"], "uint8", flown_area(8, 8)), colours=LAYOUTS["four colours"]
    )
    for choice, expected in (("auto", 5), ("none", None), ("2", 2)):
        with RasterSource(path, alpha=choice) as source:
            assert describe(source)["alpha"] == expected


def alpha_band(kind: str, dtype: str = "uint8") -> np.ndarray:
    """Return (H, W) of a band called alpha: near infrared, flat or soft-edged."""
    rng = np.random.default_rng(0)
    distance = np.hypot(*(np.mgrid[:300, :400] - np.array([150, 200])[:, None, None]))
    kinds = {
        "near infrared": np.clip(rng.normal(0.4, 0.15, (300, 400)), 0.01, 1),
        "flat": (distance < 120) * 1.0,
        "opaque": np.ones((300, 400)),
        "soft edge": np.clip((140 - distance) / 30, 0, 1),
        "lossy": np.clip((distance < 120) + rng.normal(0, 0.004, (300, 400)), 0, 1),
    }
    scale = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1
    return (kinds[kind] * scale).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("kind", "doubtful"), [("near infrared", True), ("flat", False), ("opaque", False)])
def test_alpha_that_looks_like_near_infrared_is_told(save: Save, kind: str, dtype: str, *, doubtful: bool) -> None:
    pixels = np.stack([np.full((300, 400), 9, dtype)] * 3 + [alpha_band(kind, dtype)])
    path = save("a.tif", pixels, colours=(*RGB, Colour.alpha))
    with RasterSource(path) as source:
        notice = near_infrared_notice(source)
        assert (notice is not None) == doubtful
        assert notice is None or "band 4 is tagged as alpha" in notice
    for choice in ("none", "4"):
        with RasterSource(path, alpha=choice) as source:
            assert near_infrared_notice(source) is None


@pytest.mark.parametrize("kind", ["soft edge", "lossy"])
def test_soft_edges_and_lossy_compression_are_alpha(save: Save, kind: str) -> None:
    pixels = np.stack([np.full((300, 400), 9, np.uint8)] * 3 + [alpha_band(kind)])
    for name, options in (("a.tif", {"colours": (*RGB, Colour.alpha)}), ("a.png", {"driver": "PNG"})):
        with RasterSource(save(name, pixels, **options)) as source:
            assert near_infrared_notice(source) is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_transparent_pixels_never_count(save: Save, data: st.DataObject) -> None:
    colours = data.draw(st.lists(st.sampled_from([*RGB, Colour.nir, Colour.undefined]), min_size=1, max_size=6))
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "int16", "float32"]))
    place = data.draw(st.integers(0, len(colours)))
    layout = (*colours[:place], Colour.alpha, *colours[place:])
    shape = data.draw(st.tuples(st.integers(2, 30), st.integers(2, 30)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    flown = rng.random(shape) < 0.5
    pixels = with_alpha(layout, dtype, flown)
    for outside in (0, 99, 120):
        bands = np.where(flown, pixels, outside)
        bands[place] = pixels[place]
        path = save(f"{len(list(save('x.tif', pixels).parent.iterdir()))}.tif", bands.astype(dtype), colours=layout)
        with RasterSource(path) as source:
            assert (source.read_valid(source.grid.window) == flown).all()
            seen, valid = pixel_view(source, source.data_bands).read(source.grid.window)
            assert (seen == np.where(flown, np.delete(pixels, place, axis=0), 0)).all()
            assert (valid == flown).all()
            size = (-(-shape[1] // 2), -(-shape[0] // 2))
            half = pixel_view(source, source.data_bands, size)
            values, there = half.read(half.grid.window)
            assert np.allclose(values[:, there], 100)
            if flown.any():
                assert set(default_stretch(source, source.data_bands[:1]).high) == {100.0}


def test_a_large_file_that_is_decoded_as_a_whole_is_not_looked_at(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.stack([np.full((300, 400), 9, np.uint8)] * 3 + [alpha_band("near infrared")])
    with RasterSource(save("a.png", pixels, driver="PNG")) as source:
        assert near_infrared_notice(source) is not None
        monkeypatch.setattr("landseg_core.raster.near_infrared._MOST_DECODED", 100_000)
        assert near_infrared_notice(source) is None
