"""An exported file as Deepness, the QGIS plugin, reads and runs it: its map is landseg's own.

What the plugin does is told in ADR 16; this is a small model of it, of the versions that differ as well.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from support.models import random_bundle

from landseg_core.inference.backends.torch_backend import TorchBackend
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.onnx.export import export_onnx

pytest.importorskip("onnx", reason="the export needs the package onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="exported graphs are run by the package onnxruntime")

TILE = 64


@dataclass
class Form:
    """The fields of the plugin's panel, with what stands in them before a model is chosen."""

    kind: str = "Detector"
    resolution_cm: float = 3.0
    tile_size: int = 0
    overlap_percent: int = 15
    threshold: float = 0.5
    small_segment: int = 9

    def fill(self, metadata: dict[str, str], input_shape: list[Any]) -> None:
        """Take over the model's own settings, each only where the model has it."""
        read = {key: json.loads(text) for key, text in metadata.items()}
        self.kind = str(read.get("model_type", self.kind)).capitalize()
        self.resolution_cm = float(read.get("resolution", self.resolution_cm))
        self.tile_size = int(read.get("tile_size", input_shape[-1]))
        self.overlap_percent = int(read.get("tiles_overlap", self.overlap_percent))
        self.threshold = float(read.get("seg_thresh", self.threshold))
        self.small_segment = int(read.get("seg_small_segment", self.small_segment))


class Deepness:
    """A model loaded into the plugin."""

    def __init__(self, path: Path) -> None:
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (self.image,) = self.session.get_inputs()
        (self.output,) = self.session.get_outputs()
        self.metadata = self.session.get_modelmeta().custom_metadata_map
        self.form = Form()
        self.form.fill(self.metadata, self.image.shape)

    @property
    def layer_names(self) -> list[str]:
        """Return the names of the layers it makes: keys must count up from 0."""
        names = json.loads(self.metadata["class_names"])
        in_order = sorted(names.items(), key=lambda item: int(item[0]))
        assert [int(key) for key, _name in in_order] == list(range(len(in_order)))
        return [name for _key, name in in_order]

    def standardised(self, tiles: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (N, H, W, C) tiles less the mean over the deviation: of three bands where the model has no keys."""
        mean = np.array(json.loads(self.metadata.get("standardization_mean", "[0, 0, 0]")), np.float32)
        std = np.array(json.loads(self.metadata.get("standardization_std", "[1, 1, 1]")), np.float32)
        return (tiles - mean) / std

    def classify(self, tile: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
        """Return the class numbers of an (H, W, C) tile."""
        channels = tile[None, :, :, : self.image.shape[1]]
        inputs = self.standardised(np.float32(channels * 1.0 / 255.0)).transpose(0, 3, 1, 2)
        (scores,) = self.session.run(None, {self.image.name: inputs})
        scores[scores < self.form.threshold] = 0
        numbers = scores.argmax(axis=1)[0]
        side = self.form.small_segment // 2 * 2 + 1
        return cv2.medianBlur(numbers.astype(np.uint8) + 1, side).astype(np.intp) - 1


def exported(bundle: ModelBundle, folder: Path) -> Deepness:
    bundle.save(folder / "model.safetensors")
    export_onnx(folder, folder / "model.onnx", TILE)
    return Deepness(folder / "model.onnx")


def undecided(bundle: ModelBundle, tile: npt.NDArray[np.uint8]) -> ModelBundle:
    """Return the model with a head that favours no class over the whole of `tile`, and so has all on its map."""
    scores = TorchBackend(bundle, "cpu", "fp32").probabilities(tile)
    favour = torch.from_numpy(np.log(scores).mean(axis=(1, 2)))
    return dataclasses.replace(bundle, state=bundle.state | {"head.bias": bundle.state["head.bias"] - favour})


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_its_map_is_the_map_of_landseg(tiny: str, bands: int, tmp_path: Path) -> None:
    # One band more than the model looks at, as of the alpha that QGIS hands over: the plugin drops it.
    tile = np.random.default_rng(1).integers(0, 256, (TILE, TILE, bands + 1), np.uint8)
    seen = tile[..., :bands].transpose(2, 0, 1)
    bundle = undecided(random_bundle(tiny, Normalisation((110.0,) * bands, (45.0,) * bands), classes=5), seen)
    found = exported(bundle, tmp_path).classify(tile)
    scores = TorchBackend(bundle, "cpu", "fp32").probabilities(seen)
    second, first = np.sort(scores, axis=0)[-2:]
    clear = first - second > 1e-4
    assert clear.mean() > 0.95
    assert (first < 0.5).any(), "a threshold would go unnoticed"
    assert len(np.unique(found)) > 2
    assert (found == scores.argmax(axis=0))[clear].all()


def test_its_panel_is_filled_in(tiny: str, tmp_path: Path) -> None:
    deepness = exported(random_bundle(tiny), tmp_path)
    assert deepness.form == Form("Segmentor", 50.0, TILE, 40, 0.0, 0)
    assert deepness.layer_names == ["Höhe 0", "Höhe 1", "Höhe 2"]


def test_an_unknown_resolution_is_left_to_the_user(tiny: str, tmp_path: Path) -> None:
    assert exported(random_bundle(tiny, resolution=None), tmp_path).form.resolution_cm == Form.resolution_cm


def test_its_checks_of_the_graph(tiny: str, tmp_path: Path) -> None:
    deepness = exported(random_bundle(tiny), tmp_path)
    assert deepness.image.shape == [1, 3, TILE, TILE]
    assert deepness.output.shape == [1, 3, TILE, TILE]
