"""Opens ONNX files with ONNX Runtime or OpenVINO, of the extra `fast`, on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import JobStopped, ModelError
from landseg_core.events import JobControl
from landseg_core.input_files import AnyPath, missing_message, open_file
from landseg_core.machine import cores
from landseg_core.messages import N_

Array = npt.NDArray[Any]
Values = Mapping[str, Array]
Run = Callable[[Values, JobControl], dict[str, Array]]

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
_RESULT = "/sink_port_0"  # what OpenVINO adds to the name of an output
_POLL_MS = 50  # between two looks at whether the work is still wanted


@dataclass(frozen=True)
class Tensor:
    """An input or output of a graph; a size in `shape` is None where it is free. `dtype` is None for other types."""

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any] | None


@dataclass(frozen=True, eq=False)
class Graph:
    """An ONNX file that a runtime called `runtime` has opened, with its inputs and outputs by name."""

    path: Path
    runtime: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    _run: Run

    def run(self, values: Values, control: JobControl | None = None) -> dict[str, Array]:
        """Return all outputs by name; `values` are cast to the types that the graph declares.

        Raises:
            ModelError: the runtime cannot run the graph on these values.
            JobStopped: `control` asked for it, also in the middle of the work.
        """
        control = control or JobControl()
        control.checkpoint()
        feed = {name: np.ascontiguousarray(value, self.inputs[name].dtype) for name, value in values.items()}
        try:
            return self._run(feed, control)
        except Exception as error:  # the errors of the runtimes have no common base class
            if control.stop_requested:
                raise JobStopped from error
            raise ModelError(
                N_(
                    "{runtime} cannot run {path} ({reason}); choose another model",
                    runtime=self.runtime,
                    path=self.path,
                    reason=_reason(error),
                )
            ) from error


@dataclass(frozen=True)
class _Runtime:
    title: str
    package: str
    open: Callable[[Path], tuple[Mapping[str, Tensor], Mapping[str, Tensor], Run]]

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None


def open_graph(path: AnyPath) -> Graph:
    """Open an ONNX file with the first runtime that is installed.

    Raises:
        ModelError: there is no such file, it is not ONNX, or no runtime is installed.
    """
    path = Path(path)
    runtime = require_runtime()
    _require_file(path)
    try:
        inputs, outputs, run = runtime.open(path)
    except Exception as error:  # see `Graph.run`
        raise ModelError(
            N_(
                "{path} is not an ONNX model that {runtime} can read ({reason}); choose another file",
                path=path,
                runtime=runtime.title,
                reason=_reason(error),
            )
        ) from error
    return Graph(path, runtime.title, inputs, outputs, run)


def require_runtime() -> _Runtime:
    """Return the runtime to use, without loading it.

    Raises:
        ModelError: none is installed.
    """
    found = next((runtime for runtime in RUNTIMES if runtime.installed), None)
    if found is None:
        raise ModelError(
            N_(
                "segmenting by clicks needs the package onnxruntime or openvino, neither of which is installed here; "
                "run: pip install 'landseg[fast]'"
            )
        )
    return found


def _require_file(path: Path) -> None:
    """Check that a path leads to a file that ends: a runtime would wait for a pipe."""
    try:
        open_file(path).close()
    except FileNotFoundError as error:
        raise ModelError(missing_message(path)) from error
    except OSError as error:
        raise ModelError(
            N_("{path} cannot be read: {reason}; choose another file", path=path, reason=error.strerror)
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of an error, without the codes that ONNX Runtime begins it with."""
    text = str(error).strip()
    return text.splitlines()[0].rpartition(" : ")[2] if text else type(error).__name__


def _open_with_onnxruntime(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor], Run]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting must not slow down the window
    options.log_severity_level = 4  # errors are raised; what is wrong with a file is no matter for the terminal
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    outputs = {item.name: _onnxruntime_tensor(item) for item in session.get_outputs()}

    def run(values: Values, control: JobControl) -> dict[str, Array]:
        how = onnxruntime.RunOptions()
        how.log_severity_level = 4
        with _watched(control, lambda: setattr(how, "terminate", True)):
            return dict(zip(outputs, session.run(list(outputs), dict(values), how), strict=True))

    return {item.name: _onnxruntime_tensor(item) for item in session.get_inputs()}, outputs, run


def _onnxruntime_tensor(item: Any) -> Tensor:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in item.shape)
    dtype = _DTYPES.get(item.type)
    return Tensor(shape, np.dtype(dtype) if dtype else None)


@contextmanager
def _watched(control: JobControl, stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` as soon as `control` asks for it while the block runs."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_MS / 1000):
            if control.stop_requested:
                stop()
                return

    watcher = threading.Thread(target=watch, name="onnx-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _open_with_openvino(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor], Run]:
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": cores(),
    }
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
    outputs = {_openvino_name(port): _openvino_tensor(port) for port in compiled.outputs}
    request = compiled.create_infer_request()

    def run(values: Values, control: JobControl) -> dict[str, Array]:
        request.start_async(dict(values))
        while not request.wait_for(_POLL_MS):
            if control.stop_requested:
                request.cancel()
                raise JobStopped
        return {name: request.get_tensor(name).data.copy() for name in outputs}

    return {_openvino_name(port): _openvino_tensor(port) for port in compiled.inputs}, outputs, run


def _openvino_name(port: Any) -> str:
    """Return the name in the file: a tensor that passes through has others beside it."""
    name = port.node.friendly_name.removesuffix(_RESULT)
    return name if name in port.names else str(port.any_name)


def _openvino_tensor(port: Any) -> Tensor:
    shape = tuple(size.get_length() if size.is_static else None for size in port.partial_shape)
    return Tensor(shape, np.dtype(port.element_type.to_dtype()))


RUNTIMES = (
    _Runtime("ONNX Runtime", "onnxruntime", _open_with_onnxruntime),
    _Runtime("OpenVINO", "openvino", _open_with_openvino),
)
"""The runtimes, the preferred one first."""
