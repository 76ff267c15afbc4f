"""Predicts pixels in memory, without a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from affine import Affine

from landseg_core.errors import ModelError
from landseg_core.events import ignore_event
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import BackendRequest
from landseg_core.inference.backends.choice import chosen_backend, possible, runnable
from landseg_core.inference.backends.memory import BenchmarkCache
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.layout import Strip
from landseg_core.inference.maps import class_values
from landseg_core.inference.samples import sample_windows
from landseg_core.inference.tiled import TiledPredictor
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.models.compatibility import pixel_kind
from landseg_core.raster.views import ArrayPixels, resampled, size_at

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import BundleHeader

TILE = 1200
"""Maximum side of the network's input windows in px."""


@dataclass(frozen=True, eq=False)
class PredictionArray:
    """A map in memory: (H, W) uint8 class values of `schema`, and the (H, W) float32 probability, 0-1, of the class."""

    classes: npt.NDArray[np.uint8]
    confidence: npt.NDArray[np.float32]
    schema: ClassSchema

    def __repr__(self) -> str:
        height, width = self.classes.shape
        return f"<PredictionArray {width} x {height} px, {len(self.schema)} classes>"


def predict_pixels(
    model: ModelBundle,
    pixels: npt.NDArray[Any],
    *,
    ground_resolution: float | None = None,
    tta: bool = False,
    device: str = "auto",
) -> PredictionArray:
    """Return the map of (C, H, W) `pixels` in the data type of the images that the model was trained on.

    Their bands are the model's, in its order. Where `ground_resolution`, in metres per pixel, is given and differs from
    the model's, they are resampled for the network. `tta` averages over four rotations.

    Raises:
        ModelError: bands, type or values are not the model's, or there is too little memory.
        LandsegError: this computer has no such device.
    """
    header = model.header
    _require_like_trained(header, pixels)
    grid = RasterGrid(pixels.shape[2], pixels.shape[1], Affine.identity(), None)
    native = ArrayPixels(pixels, grid)
    size = size_at(grid, ground_resolution, header.ground_resolution_m)
    request = BackendRequest(model, lambda: sample_windows(resampled(native, size)), device, tta)
    candidates = possible(device, runnable(model, "auto"), "auto")
    backend = chosen_backend(request, candidates, ignore_event, BenchmarkCache.of_user(), worth_a_trial=False)
    sink = _ArraySink(grid.window, header.schema)
    TiledPredictor(backend, native, grid.window, tile=TILE, size=size).run(sink, lambda _window: None)
    return PredictionArray(sink.classes, sink.confidence, header.schema)


def _require_like_trained(model: BundleHeader, pixels: npt.NDArray[Any]) -> None:
    if pixels.ndim != 3 or 0 in pixels.shape:
        shape = " x ".join(map(str, pixels.shape))
        raise ModelError(N_("the pixels have the shape {shape}; give an array of bands x height x width", shape=shape))
    if len(pixels) != len(model.bands):
        raise ModelError(
            N_(
                "the pixels have {count} bands, the model needs {needed}; choose its bands",
                count=len(pixels),
                needed=len(model.bands),
            )
        )
    if pixel_kind(pixels.dtype) != pixel_kind(np.dtype(model.dtype)):
        raise ModelError(
            N_(
                "the pixels are {dtype}, but the model was trained on {model_dtype}; give them in that type",
                dtype=pixels.dtype,
                model_dtype=model.dtype,
            )
        )
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ModelError(N_("the pixels hold values that are not finite; replace them before predicting"))


class _ArraySink:
    """Takes blended rows, strip by strip, into arrays."""

    def __init__(self, window: PixelWindow, schema: ClassSchema) -> None:
        self._table = schema.value_table()
        self.classes = np.empty((window.height, window.width), np.uint8)
        self.confidence = np.empty((window.height, window.width), np.float32)

    @contextmanager
    def strip(self, strip: Strip) -> Iterator[Callable[[BlendedRows], None]]:
        columns = slice(strip.first, strip.last)

        def take(rows: BlendedRows) -> None:
            lines = slice(rows.top, rows.top + len(rows.index))
            self.classes[lines, columns] = class_values(rows, self._table)
            self.confidence[lines, columns] = rows.score

        yield take
