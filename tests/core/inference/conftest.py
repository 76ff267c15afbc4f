"""Networks whose answer is known, and a place to gather it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.layout import Field, Strip
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class Gathered:
    """Keeps the rows of a prediction as whole arrays of the target's size."""

    def __init__(self, target: PixelWindow) -> None:
        shape = (target.height, target.width)
        self._target = target
        self.index, self.score = np.full(shape, 99), np.full(shape, np.nan)
        self.valid, self.times = np.zeros(shape, np.bool_), np.zeros(shape, int)

    @contextmanager
    def strip(self, strip: Strip) -> Iterator[Callable[[BlendedRows], None]]:
        left = strip.first - self._target.x

        def take(rows: BlendedRows) -> None:
            top = rows.top - self._target.y
            place = slice(top, top + len(rows.index)), slice(left, left + strip.width)
            self.index[place], self.score[place], self.valid[place] = rows.index, rows.score, rows.valid
            self.times[place] += 1

        yield take


class FunctionBackend:
    """A network made of a function of pixels; it remembers the shapes it has seen."""

    def __init__(self, scores: Callable[[Any], Any], classes: int, field: Field) -> None:
        self._scores, self.classes, self.field = scores, classes, field
        self.shapes: list[tuple[int, ...]] = []

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        self.shapes.append(pixels.shape)
        return np.array(self._scores(pixels), np.float32)


@pytest.fixture
def gathered() -> type[Gathered]:
    return Gathered


@pytest.fixture
def function_backend() -> type[FunctionBackend]:
    return FunctionBackend


@pytest.fixture
def bundle(schema: ClassSchema) -> ModelBundle:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = weights_of(build_model("unet16", 3, 3))
    return ModelBundle(
        "unet16", schema, (1, 2, 3), "uint8", Normalisation((120.0,) * 3, (60.0,) * 3), None, {}, weights
    )


@pytest.fixture
def raster(tmp_path: Path, write_raster: Callable[..., Path]) -> Path:
    return write_raster(tmp_path / "a.tif", np.random.default_rng(0).integers(1, 256, (3, 96, 128), np.uint8))
