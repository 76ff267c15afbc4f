"""Small rasters and classes for the tests of the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from hypothesis import settings
from support.rasters import write_raster

from landseg_core.labels.classes import ClassSchema

# A busy machine is no reason for a test to fail.
settings.register_profile("landseg", deadline=None)
settings.load_profile("landseg")


@pytest.fixture
def schema() -> ClassSchema:
    """Return three classes whose values are not their indices."""
    return ClassSchema.model_validate(
        {
            "classes": [
                {"value": 1, "name": "land", "colour": "#d9d4c7"},
                {"value": 4, "name": "water", "colour": "#0072b2"},
                {"value": 0, "name": "road", "colour": "#f0e442"},
            ]
        }
    )


@pytest.fixture
def north_up() -> Affine:
    """Return a transform of half a metre per pixel."""
    return Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000)


@pytest.fixture
def write_pair(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Return a writer of an image and its mask in `images/` and `masks/`: random RGB, and values 1, 4, 0 in columns."""

    def write(
        stem: str,
        size: tuple[int, int] = (40, 30),
        *,
        mask: npt.NDArray[Any] | None = None,
        image: npt.NDArray[Any] | None = None,
        **profile: Any,
    ) -> tuple[Path, Path]:
        width, height = size
        colours = np.random.default_rng(len(stem)).integers(1, 255, (3, height, width), np.uint8)
        values = np.tile(np.array([1, 4, 0], np.uint8), (height, -(-width // 3)))[:, :width]
        return (
            write_raster(tmp_path / "images" / f"{stem}.tif", colours if image is None else image, **profile),
            write_raster(tmp_path / "masks" / f"{stem}.png", values if mask is None else mask),
        )

    return write
