"""The backends that landseg knows, by name. Importing this loads none of them.

A new backend is one function that makes it from a request and a precision, and one row here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from landseg_core.compute.device_names import require_device_name
from landseg_core.errors import ModelError

if TYPE_CHECKING:
    from landseg_core.inference.backends.backend import Backend, BackendRequest

AUTO = "auto"
PRECISIONS = ("fp32", "bf16", "fp16", "int8")
"""The precisions that a network can run in, the most exact first."""


@dataclass(frozen=True)
class BackendKind:
    """A way to run a network.

    Attributes:
        title: its name for users.
        precisions: those that it can run in.
        make: makes it for a request, in one of these.
        packages: the modules that it needs beyond what landseg always has; the extra `fast` brings them.
        on_devices: whether it runs on other devices than the CPU.
    """

    title: str
    precisions: tuple[str, ...]
    make: Callable[[BackendRequest, str], Backend]
    packages: tuple[str, ...] = ()
    on_devices: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the packages that are not installed."""
        return tuple(name for name in self.packages if find_spec(name) is None)

    def problem(self, precision: str, device: str) -> str | None:
        """Return why it is not available in `precision` on `device`, in one sentence; "auto" is any of them."""
        if precision not in (AUTO, *self.precisions):
            return f"{self.title} computes in {' or '.join(self.precisions)}, not in {precision}; choose one of these"
        if self.missing:
            needs = "package" if len(self.missing) == 1 else "packages"
            return (
                f"{self.title} needs the {needs} {' and '.join(self.missing)}, not installed here; "
                "run: pip install 'landseg[fast]'"
            )
        if not (self.on_devices or device in (AUTO, "cpu")):
            return f"{self.title} runs on the processor here; choose the device cpu, or the backend torch"
        return None


def _torch(request: BackendRequest, precision: str) -> Backend:
    from landseg_core.inference.backends.torch_backend import TorchBackend

    return TorchBackend(request.bundle, request.device, precision, tta=request.tta)


def _onnxruntime(request: BackendRequest, precision: str) -> Backend:
    from landseg_core.inference.backends.graph_backend import GraphBackend, compile_with_onnxruntime

    return GraphBackend(request, "ONNX Runtime", compile_with_onnxruntime, precision)


def _openvino(request: BackendRequest, precision: str) -> Backend:
    from landseg_core.inference.backends.graph_backend import GraphBackend, compile_with_openvino

    return GraphBackend(request, "OpenVINO", compile_with_openvino, precision)


_GRAPHS = ("onnx", "onnxruntime")

BACKENDS: dict[str, BackendKind] = {
    "torch": BackendKind("PyTorch", ("fp32", "bf16", "fp16"), _torch, on_devices=True),
    "onnxruntime": BackendKind("ONNX Runtime", ("fp32", "int8"), _onnxruntime, _GRAPHS),
    "openvino": BackendKind("OpenVINO", ("fp32", "bf16", "int8"), _openvino, (*_GRAPHS, "openvino")),
}
"""The backends by the name that stands in options and files."""


def unfit(backend: str, precision: str, device: str) -> str | None:
    """Return why `backend` is not available in `precision` on `device`, in one sentence; each may be "auto".

    Whether a device supports bf16 or fp16 is known only once it is opened.
    """
    if backend != AUTO:
        return BACKENDS[backend].problem(precision, device)
    problems = [kind.problem(precision, device) for kind in BACKENDS.values()]
    if None in problems:
        return None
    return next(
        problem for kind, problem in zip(BACKENDS.values(), problems, strict=True) if precision in kind.precisions
    )


def require_backend(backend: str, precision: str, device: str) -> None:
    """Check, without loading any, that `backend` is available in `precision` on `device`; each may be "auto".

    Raises:
        ModelError: it cannot.
        DeviceError: `device` is no name of a device.
    """
    require_device_name(device)
    if problem := unfit(backend, precision, device):
        raise ModelError(problem)
