"""A model and a raster are compatible, or one sentence says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.errors import ModelError
from landseg_core.inference.compatibility import band_notices, compatibility_notices, input_size
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.compatibility import check_compatible
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource

HeaderOf = Callable[..., BundleHeader]


@pytest.fixture
def header(schema: ClassSchema) -> HeaderOf:
    def make(
        bands: tuple[int, ...] = (1, 2, 3),
        dtype: str = "uint8",
        resolution: float | None = None,
        names: tuple[str, ...] = (),
    ) -> BundleHeader:
        normalisation = Normalisation((0.0,) * len(bands), (1.0,) * len(bands))
        return BundleHeader("unet16", schema, bands, dtype, normalisation, resolution, {}, band_names=names)

    return make


@pytest.fixture
def named(tmp_path: Path) -> Callable[..., RasterSource]:
    def make(*names: str) -> RasterSource:
        path = write_raster(tmp_path / "named.tif", np.zeros((len(names), 4, 5), np.uint8), photometric="minisblack")
        with open_dataset(path, mode="r+") as dataset:
            dataset.descriptions = names
        return RasterSource(path)

    return make


@pytest.fixture
def raster(tmp_path: Path) -> Callable[..., RasterSource]:
    def make(bands: int, dtype: str = "uint8", **profile: object) -> RasterSource:
        return RasterSource(write_raster(tmp_path / "a.tif", np.zeros((bands, 4, 5), dtype), **profile))

    return make


@pytest.mark.parametrize(("bands", "found"), [(1, "1"), (2, "1, 2")])
def test_too_few_bands_are_named(header: HeaderOf, raster: Callable[..., RasterSource], bands: int, found: str) -> None:
    with raster(bands) as source, pytest.raises(ModelError) as caught:
        check_compatible(header(), source)
    assert f"the model needs the bands 1, 2, 3, but {source.path} has only {found};" in str(caught.value)


def test_further_bands_do_no_harm(header: HeaderOf, raster: Callable[..., RasterSource]) -> None:
    with raster(5) as source:
        check_compatible(header((4, 1)), source)


@pytest.mark.parametrize(
    ("trained", "found", "fits"),
    [
        ("uint8", "uint8", True),
        ("uint8", "uint16", False),
        ("uint16", "uint8", False),
        ("uint16", "int16", False),
        ("float32", "uint16", False),
        ("float32", "float64", True),
    ],
)
def test_pixels_must_be_of_the_kind_that_was_trained_on(
    header: HeaderOf, raster: Callable[..., RasterSource], trained: str, found: str, fits: bool
) -> None:
    with raster(3, found) as source:
        if fits:
            check_compatible(header(dtype=trained), source)
            return
        with pytest.raises(ModelError, match=rf"a\.tif has {found} pixels, but the model was trained on {trained};"):
            check_compatible(header(dtype=trained), source)


@pytest.mark.parametrize(
    ("trained", "told"), [(0.5, False), (0.54, False), (0.46, False), (0.57, True), (0.3, True), (None, False)]
)
def test_another_ground_resolution_is_told(
    header: HeaderOf, raster: Callable[..., RasterSource], trained: float | None, told: bool
) -> None:
    with raster(3, crs="EPSG:32632", transform=Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000)) as source:
        notices = list(compatibility_notices(header(resolution=trained), source))
        as_it_is = list(compatibility_notices(header(resolution=trained), source, "own"))
        size = input_size(header(resolution=trained), source)
    assert len(notices) == len(as_it_is) == told == (size is not None)
    assert all("0.5 m of ground per pixel: it is resampled to the model's" in notice for notice in notices)
    assert all("seen as it is" in notice for notice in as_it_is)


def test_fine_ground_resolutions_are_told_apart(header: HeaderOf, raster: Callable[..., RasterSource]) -> None:
    with raster(3, crs="EPSG:32632", transform=Affine(0.024, 0, 500_000, 0, -0.024, 5_000_000)) as source:
        (notice,) = compatibility_notices(header(resolution=0.02), source)
    assert "shows 0.024 m of ground per pixel: it is resampled to the model's 0.02 m" in notice


def test_a_raster_without_a_place_tells_nothing(header: HeaderOf, raster: Callable[..., RasterSource]) -> None:
    with raster(3) as source:
        assert list(compatibility_notices(header(resolution=0.1), source)) == []


NRG = ("Near infrared", "Red", "Green")


def test_bands_are_found_by_name(header: HeaderOf, named: Callable[..., RasterSource]) -> None:
    model = header((4, 1, 2), names=NRG)
    with named("red", "GREEN", "Blue", "near infrared") as source:
        assert check_compatible(model, source) == (4, 1, 2)
        assert list(band_notices(model, source, (4, 1, 2))) == []
    with named("Green", "Blue", "Red", "Something", "Near Infrared") as source:
        assert check_compatible(model, source) == (5, 3, 1)
        (notice,) = band_notices(model, source, (5, 3, 1))
    assert "its bands 5, 3, 1 are the model's 4 (Near infrared), 1 (Red), 2 (Green)" in notice


@pytest.mark.parametrize("names", [("b8", "b4", "b3"), ("x", "x", "y"), ("", "", "")])
def test_names_that_say_nothing_leave_it_to_the_numbers(
    header: HeaderOf, named: Callable[..., RasterSource], names: tuple[str, ...]
) -> None:
    with named(*names) as source:
        assert check_compatible(header((2, 1, 3), names=("Near infrared", "Red", "Green")), source) == (2, 1, 3)


def test_another_colour_under_the_same_number_is_refused(header: HeaderOf, named: Callable[..., RasterSource]) -> None:
    with named("Red", "Green", "Blue") as source, pytest.raises(ModelError) as caught:
        check_compatible(header(names=NRG), source)
    assert "needs the bands 1 (Near infrared), 2 (Red), 3 (Green), but" in str(caught.value)
    assert "has only 1 (Red), 2 (Green), 3 (Blue)" in str(caught.value)


def test_bands_can_be_chosen(header: HeaderOf, named: Callable[..., RasterSource]) -> None:
    with named("Red", "Green", "Blue", "b8") as source:
        assert check_compatible(header(names=NRG), source, ("b8", "1", "green")) == (4, 1, 2)
        with pytest.raises(ModelError, match=r"2 bands are chosen, but the model needs 3: 1 \(Near infrared\), 2"):
            check_compatible(header(names=NRG), source, ("4", "1"))
        with pytest.raises(ModelError, match=r"no band 'b9'; it has 1 \(Red\), .* 4 \(b8\).* needs the bands 1 \(Near"):
            check_compatible(header(names=NRG), source, ("b9", "1", "2"))
