"""Converts a model to an ONNX graph from an image to class probabilities."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING

import torch
from torch import nn

from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.tta import with_tta

if TYPE_CHECKING:
    import onnx

    from landseg_core.models.bundle import ModelBundle

INPUT, OUTPUT = "image", "probabilities"
"""The names of the graph's input and output."""

OPSET = 13
"""The first opset with the Softmax and Resize of PyTorch; ONNX Runtime 1.6 of 2020 and all newer read it."""

_FREE_AXES = {2: "height", 3: "width"}
_TRACING = threading.Lock()  # PyTorch's exporter keeps its state in globals: one graph at a time


class ProbabilityNetwork(nn.Module):
    """The network of the graph: (1, C, H, W) float32 to (1, K, H, W) probabilities.

    `scale` converts the input to pixel values, for which the model's normalisation is defined.
    """

    def __init__(self, bundle: ModelBundle, scale: float, *, tta: bool = False) -> None:
        super().__init__()
        self.scale = scale
        self.inputs = InputNormaliser(bundle.header.normalisation)
        self.network = with_tta(bundle.build(), tta)
        self.eval()  # also makes the exporter fold the batch norms into the convolutions

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of each class, which sum to 1."""
        logits: torch.Tensor = self.network(self.inputs(image * self.scale))
        return logits.softmax(dim=1)


def trace_graph(network: ProbabilityNetwork, bands: int, tile: int | None) -> onnx.ModelProto:
    """Return the ONNX graph for images of `tile` px square, or of any height and width where `tile` is None.

    Threads take turns.
    """
    import onnx

    # A size that is not a multiple, so that the padding to the next one becomes part of the graph.
    side = network.network.stride + 1 if tile is None else tile
    buffer = io.BytesIO()
    with _TRACING, torch.no_grad(), warnings.catch_warnings():
        _ignore_tracing_warnings()
        torch.onnx.export(
            network,
            (torch.zeros(1, bands, side, side),),
            buffer,  # type: ignore[arg-type]  # the exporter by tracing takes it
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamic_axes={INPUT: _FREE_AXES, OUTPUT: _FREE_AXES} if tile is None else None,
            dynamo=False,
        )
    graph = onnx.load_from_string(buffer.getvalue())
    # The tracer loses the output's batch size where other sizes are free.
    graph.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    return graph


def _ignore_tracing_warnings() -> None:
    """Silence two warnings that are expected here.

    The exporter by tracing is deprecated, see ADR 16. And only one side of a branch is traced: that of the padding,
    which a fixed size always or never needs, and which adds nothing to a multiple where sizes are free.
    """
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
