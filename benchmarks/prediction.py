"""Predicting a raster, end to end, against a plain PyTorch loop as a tutorial would write it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from rasterio.windows import Window

from benchmarks.table import Line, interleaved
from landseg_core.data.normalisation import Normalisation
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.predictor import PredictOptions, predict_raster
from landseg_core.labels.classes import load_classes
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.raster.source import RasterSource

SIDE = 2048
TILE, OVERLAP, BATCH = 512, 128, 4


def untrained(architecture: str) -> ModelBundle:
    """Return a model with random weights: speed does not depend on them."""
    schema = load_classes("landcover-ai")
    state = build_model(architecture, 3, len(schema)).state_dict()
    floats = {name: tensor.float() for name, tensor in state.items() if tensor.is_floating_point()}
    normalisation = Normalisation((120.0,) * 3, (50.0,) * 3)
    return ModelBundle(architecture, schema, (1, 2, 3), "uint8", normalisation, None, {}, floats)


def plain_loop(model: torch.nn.Module, raster: Path, out: Path) -> None:
    """Predict in eager fp32, NCHW, with an accumulator of the whole image, and write the classes."""
    with rasterio.open(raster) as source:
        image = source.read(window=Window(0, 0, SIDE, SIDE)).astype(np.float32)
    pixels = torch.from_numpy((image - 120) / 50)
    origins = sorted({min(start, SIDE - TILE) for start in range(0, SIDE, TILE - OVERLAP)})
    places = [(y, x) for y in origins for x in origins]
    scores, count = torch.zeros(5, SIDE, SIDE), torch.zeros(SIDE, SIDE)
    with torch.no_grad():
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            logits = model(torch.stack([pixels[:, y : y + TILE, x : x + TILE] for y, x in batch]))
            for (y, x), tile in zip(batch, logits.softmax(1), strict=True):
                scores[:, y : y + TILE, x : x + TILE] += tile
                count[y : y + TILE, x : x + TILE] += 1
    classes = (scores / count).argmax(0).numpy().astype(np.uint8)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "uint8"}
    with rasterio.open(out, "w", transform=from_origin(0, 0, 1, 1), **profile) as target:
        target.write(classes, 1)


def lines(raster: Path) -> Iterator[Line]:
    options = PredictOptions(window=PixelWindow(0, 0, SIDE, SIDE), overwrite=True)
    with tempfile.TemporaryDirectory() as folder, RasterSource(raster) as source:
        out = Path(folder)
        for architecture in ("unet16", "unet32"):
            bundle = untrained(architecture)
            model = bundle.build()
            yield interleaved(
                f"predict {SIDE} x {SIDE} px, {architecture}, read to write",
                lambda bundle=bundle: predict_raster(bundle, source, out / "landseg.tif", options=options),
                "plain PyTorch loop, fp32, 512 tiles, batch 4",
                lambda model=model: plain_loop(model, raster, out / "plain.tif"),
            )
