"""Runs a network as an ONNX graph, on the CPU: with ONNX Runtime or with OpenVINO, of the extra `fast`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ModelError
from landseg_core.inference.backends.backend import BackendRequest, Pixels, Probabilities, too_large
from landseg_core.inference.layout import ReceptiveField
from landseg_core.machine import cores
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.models.onnx.graph import ProbabilityNetwork

Run = Callable[[npt.NDArray[np.float32]], Probabilities]
"""Takes (1, C, H, W) native pixels as float32, gives (1, K, H, W) probabilities."""
Compile = Callable[[bytes, str], Run]
"""Prepares a serialised graph for a precision."""

_OUT_OF_MEMORY = ("bad allocation", "bad_alloc", "Failed to allocate memory", "could not create a memory")


class GraphBackend:
    """A model bundle as a graph that a runtime called `title` has compiled in `precision`.

    Raises:
        ModelError: the runtime cannot run this network.
    """

    def __init__(self, request: BackendRequest, title: str, compiler: Compile, precision: str) -> None:
        network = _network(request)
        self._title = title
        self.classes = len(request.bundle.header.schema)
        self.field = ReceptiveField(network.network.stride, network.network.radius)
        self._run = self._tell_errors(lambda: compiler(_graph(network, request, precision), precision))

    def probabilities(self, pixels: Pixels) -> Probabilities:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels.

        Raises:
            ModelError: there is too little memory for the window.
        """
        inputs = np.ascontiguousarray(pixels[None], dtype=np.float32)
        answer: Probabilities = self._tell_errors(lambda: self._run(inputs), pixels)[0]
        return answer

    def _tell_errors(self, work: Callable[[], Any], pixels: Pixels | None = None) -> Any:
        try:
            return work()
        except ModelError:
            raise
        except Exception as error:  # the errors of the runtimes have no common base class
            if pixels is not None and any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise too_large(pixels, "this computer") from error
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(
                N_(
                    "{title} cannot run this model ({reason}); choose the backend torch",
                    title=self._title,
                    reason=reason,
                )
            ) from error


def _network(request: BackendRequest) -> ProbabilityNetwork:
    from landseg_core.models.onnx.graph import ProbabilityNetwork

    return ProbabilityNetwork(request.bundle, scale=1.0, tta=request.tta)


def _graph(network: ProbabilityNetwork, request: BackendRequest, precision: str) -> bytes:
    from landseg_core.inference.backends.quantisation import quantised
    from landseg_core.models.onnx.graph import INPUT, trace_graph

    graph = trace_graph(network, len(request.bundle.header.bands), tile=None).SerializeToString()
    return quantised(graph, INPUT, request.samples()) if precision == "int8" else graph


def compile_with_onnxruntime(graph: bytes, _precision: str) -> Run:
    """Return a function that runs `graph` with ONNX Runtime, in its own precision."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.log_severity_level = 3  # errors; they are raised as well
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    (name,) = (item.name for item in session.get_inputs())
    return lambda pixels: session.run(None, {name: pixels})[0]


def compile_with_openvino(graph: bytes, precision: str) -> Run:
    """Return a function that runs `graph` with OpenVINO; what is not int8 is computed in `precision`, or in float32."""
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": cores(),
    }
    request = core.compile_model(core.read_model(graph), "CPU", settings).create_infer_request()
    classes = request.model_outputs[0].partial_shape[1].get_length()

    def run(pixels: npt.NDArray[np.float32]) -> Probabilities:
        # An array of the caller's own to write to: the request's would have to be copied.
        answer = np.empty((len(pixels), classes, *pixels.shape[2:]), np.float32)
        request.set_output_tensor(0, openvino.Tensor(answer, shared_memory=True))
        request.infer({0: pixels}, share_inputs=True)
        return answer

    return run
