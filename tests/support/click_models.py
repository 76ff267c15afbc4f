"""Pairs of encoder and decoder as ONNX files, of both interfaces, whose masks are known functions of the clicks.

The mask is what lies within `RADIUS` px (of the model) of any click on the object and not within that of another click,
and what the former answer holds, where that is fed back.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 128
RADIUS = 20.0
_FLOAT = TensorProto.FLOAT
_FAR = -1e6
_OTHERS = {3: ["nothing_at_all"] * 2, 4: ["smaller", "nothing_at_all", "nothing_at_all"]}


def const(name: str, values) -> onnx.NodeProto:
    array = np.asarray(values)
    array = array.astype(np.float32) if array.dtype.kind == "f" else array.astype(np.int64)
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name))


def node(kind: str, inputs: str, output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), output.split(), **attributes)


def value(name: str, *shape: int | str, kind: int = _FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def save(path: Path, nodes: list, inputs: list, outputs: list) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def _means(side: int, out: str) -> list:
    """Return nodes that average squares of `side` px of `image` (1, 3, H, W)."""
    return [node("AveragePool", "image", out, kernel_shape=[side, side], strides=[side, side])]


def sam_encoder(path: Path, side: int = SIDE, *, channels_last: bool = True) -> Path:
    """Write an encoder whose embeddings are means of 16 px squares of the image that it sees.

    With channels last it normalises pixel values, here divides them by 255, and pads them; else it takes them as they
    are to be used.
    """
    embedded = value("image_embeddings", 1, 3, side // 16, side // 16)
    if not channels_last:
        nodes = [node("Identity", "input_image", "image"), *_means(16, "image_embeddings")]
        return save(path, nodes, [value("input_image", 1, 3, side, side)], [embedded])
    nodes = [
        const("full", 255.0),
        node("Div", "input_image full", "unit"),
        node("Transpose", "unit", "bands", perm=[2, 0, 1]),
        const("first", [0]),
        node("Unsqueeze", "bands first", "batch"),
        node("Shape", "batch", "shape"),
        const("wanted", [1, 3, side, side]),
        node("Sub", "wanted shape", "missing"),
        const("before", [0, 0, 0, 0]),
        node("Concat", "before missing", "pads", axis=0),
        node("Pad", "batch pads", "image"),
        *_means(16, "image_embeddings"),
    ]
    return save(path, nodes, [value("input_image", "image_height", "image_width", 3)], [embedded])


def _distances(side: int, cells: int) -> list:
    """Return nodes that compute `near` (1, N, cells, cells): above 0 within the radius of each point."""
    centres = (np.arange(cells, dtype=np.float32) + 0.5) * side / cells
    return [
        const("half", 0.5),
        node("Add", "point_coords half", "points"),
        const("axes", [3]),
        const("start", [0]),
        const("middle", [1]),
        const("end", [2]),
        const("last", [2]),
        node("Slice", "points start middle last", "x"),
        node("Slice", "points middle end last", "y"),
        node("Unsqueeze", "x axes", "x4"),
        node("Unsqueeze", "y axes", "y4"),
        const("columns", centres.reshape(1, 1, 1, cells)),
        const("rows", centres.reshape(1, 1, cells, 1)),
        node("Sub", "columns x4", "dx"),
        node("Sub", "rows y4", "dy"),
        node("Mul", "dx dx", "dx2"),
        node("Mul", "dy dy", "dy2"),
        node("Add", "dx2 dy2", "distance"),
        const("reach", RADIUS**2),
        node("Sub", "reach distance", "near"),
    ]


def _strongest(label: float, name: str) -> list:
    """Return nodes that compute `name` (1, 1, h, w): the nearness of the nearest point with a label."""
    return [
        const(f"{name}_label", label),
        node("Equal", f"point_labels {name}_label", f"{name}_is"),
        const(f"{name}_axes", [2, 3]),
        node("Unsqueeze", f"{name}_is {name}_axes", f"{name}_is4"),
        const(f"{name}_far", _FAR),
        node("Where", f"{name}_is4 near {name}_far", f"{name}_all"),
        node("ReduceMax", f"{name}_all", name, axes=[1], keepdims=1),
    ]


def _mask_nodes(side: int, cells: int) -> list:
    return [
        *_distances(side, cells),
        *_strongest(1.0, "on"),
        *_strongest(0.0, "off"),
        const("far", _FAR),
        const("one", [1.0]),
        node("Sub", "one has_mask_input", "has_none"),
        node("Mul", "has_none far", "nothing"),
        node("Mul", "mask_input has_mask_input", "former"),
        node("Add", "former nothing", "former_or_far"),
        node("Max", "on former_or_far", "positive"),
        node("Neg", "off", "limit"),
        node("Min", "positive limit", "mask"),
    ]


def _choices(count: int, logits: str) -> list:
    """Return nodes that give `count` masks: the last one, which has the best score, and others before it.

    Of four, the first one is that for many clicks: its circles have half the radius. All others are nothing.
    """
    if count == 1:
        return [node("Identity", "mask", logits), const("iou_predictions", [[0.9]])]
    scores = [[0.1 * index for index in range(count)]]
    return [
        node("Add", "mask deep", "nothing_at_all"),
        const("less", -0.75 * RADIUS**2),
        node("Add", "mask less", "smaller"),
        node("Concat", " ".join([*_OTHERS[count], "mask"]), logits, axis=1),
        const("iou_predictions", scores),
    ]


def _prompts(cells: int) -> list:
    return [
        value("point_coords", 1, "num_points", 2),
        value("point_labels", 1, "num_points"),
        value("mask_input", 1, 1, cells, cells),
        value("has_mask_input", 1),
    ]


def sam_decoder(path: Path, side: int = SIDE, masks: int = 1) -> Path:
    """Write a decoder of SAM's interface; its masks in full size, which landseg does not use, are nothing."""
    cells = side // 4
    nodes = [
        *_mask_nodes(side, cells),
        const("deep", 2 * _FAR),
        *_choices(masks, "low_res_masks"),
        node("ReduceMax", "image_embeddings", "brightest", keepdims=1),
        node("ReduceMax", "orig_im_size", "longest", keepdims=0),
        node("Mul", "brightest longest", "masks"),
    ]
    features = value("image_embeddings", 1, 3, side // 16, side // 16)
    outputs = [
        value("masks", 1, "n", "h", "w"),
        value("iou_predictions", 1, masks),
        value("low_res_masks", 1, masks, cells, cells),
    ]
    return save(path, nodes, [features, *_prompts(cells), value("orig_im_size", 2)], outputs)


def sam2_encoder(path: Path, side: int = SIDE) -> Path:
    """Write an encoder of SAM 2's interface: means of squares of 4, 8 and 16 px."""
    nodes = [*_means(4, "high_res_feats_0"), *_means(8, "high_res_feats_1"), *_means(16, "image_embed")]
    outputs = [
        value("high_res_feats_0", 1, 3, side // 4, side // 4),
        value("high_res_feats_1", 1, 3, side // 8, side // 8),
        value("image_embed", 1, 3, side // 16, side // 16),
    ]
    return save(path, nodes, [value("image", 1, 3, side, side)], outputs)


def sam2_decoder(path: Path, side: int = SIDE, masks: int = 3) -> Path:
    """Write a decoder of SAM 2's interface, which takes no point without meaning: one would be a click on nothing."""
    cells = side // 4
    nodes = [
        *_mask_nodes(side, cells),
        const("deep", 2 * _FAR),
        *_choices(masks, "all_masks"),
        node("ReduceMin", "point_labels", "lowest", keepdims=0),
        const("none", 0.0),
        node("Min", "lowest none", "padded"),  # -1 where a point without meaning has come
        const("much", 1e7),
        node("Mul", "padded much", "ruin"),
        node("Add", "all_masks ruin", "seen"),
        *(node("ReduceMean", name, f"mean_{name}", keepdims=0) for name in ("high_res_feats_0", "high_res_feats_1")),
        node("ReduceMean", "image_embed", "mean_embed", keepdims=0),
        node("Sum", "mean_high_res_feats_0 mean_high_res_feats_1 mean_embed", "means"),
        const("zero", 0.0),
        node("Mul", "means zero", "unused"),
        node("Add", "seen unused", "masks"),
    ]
    features = [
        value("image_embed", 1, 3, side // 16, side // 16),
        value("high_res_feats_0", 1, 3, side // 4, side // 4),
        value("high_res_feats_1", 1, 3, side // 8, side // 8),
    ]
    outputs = [value("masks", 1, masks, cells, cells), value("iou_predictions", 1, masks)]
    return save(path, nodes, [*features, *_prompts(cells)], outputs)


def sam_pair(folder: Path, side: int = SIDE, masks: int = 1, *, channels_last: bool = True) -> tuple[Path, Path]:
    encoder = sam_encoder(folder / "sam.encoder.onnx", side, channels_last=channels_last)
    return encoder, sam_decoder(folder / "sam.decoder.onnx", side, masks)


def sam2_pair(folder: Path, side: int = SIDE, masks: int = 3) -> tuple[Path, Path]:
    return sam2_encoder(folder / "sam2.encoder.onnx", side), sam2_decoder(folder / "sam2.decoder.onnx", side, masks)
