"""Segmenting by clicks in a view of 1600 x 900 px: landseg's own share, and a model of a small encoder's size.

The model has random weights, which take as long as any others. Seconds are those of the processor, of all threads.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.table import ROUNDS, Line, Target
from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.assistant.click_segment.model import Click, ClickModel, EncodedCrop
from landseg_core.assistant.click_segment.runtime import Graph
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

WIDTH, HEIGHT = 1600, 900
SIDE, CELLS, FEATURES, LAYERS = 1024, 256, 256, 10
STEM = (3, 32, 64, 128, FEATURES)
CLICK = Click(700.5, 450.5)


def lines(raster: Path) -> Iterator[Line]:
    view = crop(raster)
    with tempfile.TemporaryDirectory() as name:
        model = ClickModel(write_encoder(Path(name) / "e.onnx"), write_decoder(Path(name) / "d.onnx"))
        encoded = model.encode(view)
        first, next_ = Watch(lambda: model.encode(view)), Watch(lambda: answered(model, encoded))
        for _ in range(ROUNDS):
            first.measure()
            next_.measure()
    yield Line("landseg's share of the first answer, CPU", first.own, target=Target(value=0.3))
    yield Line("landseg's share of each further answer, CPU", next_.own, target=Target(value=0.05))
    yield Line("an encoder of 6 million parameters, CPU", first.model)


def crop(raster: Path) -> Crop:
    with RasterSource(raster) as source:
        pixels = source.read(PixelWindow(0, 0, WIDTH, HEIGHT))
    return Crop(np.ascontiguousarray(pixels[:3].transpose(1, 2, 0)), 0, 0)


def answered(model: ClickModel, encoded: EncodedCrop) -> None:
    segment = model.segment(encoded, [CLICK])
    assert segment is not None
    assert segment.region is not None


class Watch:
    """Seconds of the processor that some work takes in the model, and beside it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self.own: list[float] = []
        self.model: list[float] = []

    def measure(self) -> None:
        inside, run = [0.0], Graph.run

        def watched(*given: object) -> object:
            start = time.process_time()
            found = run(*given)
            inside[0] += time.process_time() - start
            return found

        with mock.patch.object(Graph, "run", watched):
            start = time.process_time()
            self._work()
            whole = time.process_time() - start
        self.own.append(whole - inside[0])
        self.model.append(inside[0])


def write_encoder(path: Path) -> Path:
    """Write convolutions down to 1/16 and ten more there: 6 million parameters."""
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "input_image"
    strides = [2] * (len(STEM) - 1) + [1] * LAYERS
    widths = [*STEM, *[FEATURES] * LAYERS]
    for number, stride in enumerate(strides):
        shape = widths[number + 1], widths[number], 3, 3
        values = rng.normal(0, (9 * shape[1]) ** -0.5, shape).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{number}"))
        edges = {"pads": [1, 1, 1, 1], "strides": [stride, stride]}
        nodes.append(helper.make_node("Conv", [last, f"w{number}"], [f"c{number}"], **edges))
        last = f"r{number}" if number + 1 < len(strides) else "image_embeddings"
        nodes.append(helper.make_node("Relu", [f"c{number}"], [last]))
    image = _value("input_image", 1, 3, SIDE, SIDE)
    return _save(path, nodes, [image], [_value("image_embeddings", 1, FEATURES, SIDE // 16, SIDE // 16)], weights)


def write_decoder(path: Path) -> Path:
    """Write a decoder whose mask is always the same: regions of many sizes over half of the view."""
    noise = np.random.default_rng(1).normal(size=(CELLS, CELLS)).astype(np.float32)
    mask = cv2.GaussianBlur(noise, (0, 0), 8).reshape(1, 1, CELLS, CELLS)
    constants = {"low_res_masks": mask, "iou_predictions": np.ones((1, 1), np.float32)}
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
        for name, value in constants.items()
    ]
    inputs = [
        _value("image_embeddings", 1, FEATURES, SIDE // 16, SIDE // 16),
        _value("point_coords", 1, "n", 2),
        _value("point_labels", 1, "n"),
        _value("mask_input", 1, 1, CELLS, CELLS),
        _value("has_mask_input", 1),
        _value("orig_im_size", 2),
    ]
    outputs = [_value("low_res_masks", 1, 1, CELLS, CELLS), _value("iou_predictions", 1, 1)]
    return _save(path, nodes, inputs, outputs, [])


def _value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _save(path: Path, nodes: list, inputs: list, outputs: list, weights: list) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
