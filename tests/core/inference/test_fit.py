"""A model and a raster go together, or one sentence says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landseg_core.data.normalisation import Normalisation
from landseg_core.errors import ModelError
from landseg_core.inference.fit import fit_notices, require_fit
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.header import BundleHeader
from landseg_core.raster.source import RasterSource

HeaderOf = Callable[..., BundleHeader]


@pytest.fixture
def header(schema: ClassSchema) -> HeaderOf:
    def make(bands: tuple[int, ...] = (1, 2, 3), dtype: str = "uint8", resolution: float | None = None) -> BundleHeader:
        normalisation = Normalisation((0.0,) * len(bands), (1.0,) * len(bands))
        return BundleHeader("unet16", schema, bands, dtype, normalisation, resolution, {})

    return make


@pytest.fixture
def raster(tmp_path: Path, write_raster: Callable[..., Path]) -> Callable[..., RasterSource]:
    def make(bands: int, dtype: str = "uint8", **profile: object) -> RasterSource:
        return RasterSource(write_raster(tmp_path / "a.tif", np.zeros((bands, 4, 5), dtype), **profile))

    return make


@pytest.mark.parametrize(("bands", "found"), [(1, "1"), (2, "1, 2")])
def test_too_few_bands_are_named(header: HeaderOf, raster: Callable[..., RasterSource], bands: int, found: str) -> None:
    with raster(bands) as source, pytest.raises(ModelError) as caught:
        require_fit(header(), source)
    assert f"the model needs the bands 1, 2, 3, but {source.path} has only {found};" in str(caught.value)


def test_further_bands_do_no_harm(header: HeaderOf, raster: Callable[..., RasterSource]) -> None:
    with raster(5) as source:
        require_fit(header((4, 1)), source)


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
            require_fit(header(dtype=trained), source)
            return
        with pytest.raises(ModelError, match=rf"a\.tif holds {found} pixels, but the model was trained on {trained};"):
            require_fit(header(dtype=trained), source)


@pytest.mark.parametrize(("trained", "told"), [(0.5, False), (0.6, False), (0.7, True), (0.3, True), (None, False)])
def test_another_ground_resolution_is_told(
    header: HeaderOf, raster: Callable[..., RasterSource], trained: float | None, told: bool
) -> None:
    with raster(3, crs="EPSG:32632", transform=Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000)) as source:
        notices = list(fit_notices(header(resolution=trained), source))
    assert len(notices) == told
    assert all("0.50 m of ground per pixel" in notice for notice in notices)


def test_a_raster_without_a_place_tells_nothing(header: HeaderOf, raster: Callable[..., RasterSource]) -> None:
    with raster(3) as source:
        assert list(fit_notices(header(resolution=0.1), source)) == []
