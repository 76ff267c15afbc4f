"""The backend and precision for a network: the user's choice, or the fastest of a short trial."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from landseg_core.allocator import give_back_memory
from landseg_core.errors import LandsegError, ModelError
from landseg_core.events import Notice, OnEvent
from landseg_core.inference.backends.backend import Backend, BackendRequest, Pixels
from landseg_core.inference.backends.catalog import AUTO, BACKENDS, BackendKind, require_backend
from landseg_core.inference.backends.memory import BenchmarkCache, trial_question
from landseg_core.messages import N_, Text

if TYPE_CHECKING:
    import torch

    from landseg_core.models.bundle import ModelBundle

TRIAL_SECONDS = 10.0
"""Seconds that a trial may take, once for a machine and a kind of network."""
TRIAL_SIDE = 384
"""The side of the window for the trial, in px."""
AGREEMENT = 0.99
"""A backend that agrees with PyTorch on a smaller share of the pixels is not chosen automatically."""
_ROUNDS = 3
_TORCH = "torch"


@dataclass(frozen=True)
class Choice:
    """A backend, by its name in the catalogue, and its precision."""

    backend: str
    precision: str

    def __str__(self) -> str:
        return f"{BACKENDS[self.backend].title} in {self.precision}"

    def make(self, request: BackendRequest) -> Backend:
        """Return the backend; errors as of its kind."""
        return BACKENDS[self.backend].make(request, self.precision)


def possible(device: str, backend: str, precision: str) -> list[Choice]:
    """Return the choices that `backend` and `precision`, either of which may be "auto", leave on `device`.

    PyTorch comes first. Int8 is considered only on request.

    Raises:
        ModelError: none is left.
        DeviceError: this computer has no such device.
    """
    require_backend(backend, precision, device)
    if backend != AUTO:
        return [Choice(backend, _number(BACKENDS[backend], precision, device))]
    # A backend for the CPU alone does not replace a GPU, unless that lacks the precision.
    able = _able(precision, str(_device(device))) or _able(precision, device)
    choices = [Choice(name, _number(BACKENDS[name], precision, device)) for name in able]
    return [choice for choice in choices if choice.precision == choices[0].precision]


def runnable(bundle: ModelBundle, backend: str) -> str:
    """Return the backend to run a model on, which may be "auto": with an addition it is PyTorch.

    Raises:
        ModelError: it has an addition, and the user wants another backend.
    """
    if bundle.addition is None:
        return backend
    require_torch(backend)
    return _TORCH


def require_torch(backend: str) -> None:
    """Check that a corrected model can run on `backend`, which may be "auto".

    Raises:
        ModelError: it cannot.
    """
    if backend not in (AUTO, _TORCH):
        title, own = BACKENDS[backend].title, BACKENDS[_TORCH].title
        raise ModelError(
            N_("a corrected model runs on {own}, not on {title}; choose the backend torch", own=own, title=title)
        )


def _able(precision: str, device: str) -> list[str]:
    return [name for name, kind in BACKENDS.items() if kind.problem(precision, device) is None]


def _number(kind: BackendKind, precision: str, device: str) -> str:
    """Return the precision of `kind`: `precision`, or for "auto" the fastest on the device, if `kind` supports that."""
    from landseg_core.compute.devices import precision_for

    if precision != AUTO:
        return precision
    quickest = precision_for(_device(device)).name
    return quickest if quickest in kind.precisions else "fp32"


def _device(name: str) -> torch.device:
    from landseg_core.compute.devices import choose_device

    return choose_device(name)


def chosen_backend(
    request: BackendRequest,
    candidates: Sequence[Choice],
    on_event: OnEvent,
    memory: BenchmarkCache,
    *,
    worth_a_trial: bool = True,
) -> Backend:
    """Return the fastest of the `candidates`, from the cache, or found by a trial on the raster's own pixels.

    Where a trial is not worth its time, the first candidate is used. If the one found to be fastest fails,
    the first replaces it. A `Notice` reports the result, and how well int8 agrees with float32.

    Raises:
        ModelError: the only candidate, or the first, cannot run the model.
        DeviceError: this computer has no such device.
    """
    choice = quickest(request, candidates, on_event, memory, worth_a_trial=worth_a_trial)
    try:
        made = choice.make(request)
    except ModelError as error:
        if choice == candidates[0]:
            raise
        on_event(Notice(N_("{error}; {candidates} is used instead", error=error, candidates=candidates[0])))
        return candidates[0].make(request)
    if choice.precision == "int8":
        on_event(Notice(_agreement_text(choice, made, request)))
    give_back_memory()  # what making it took
    return made


def quickest(
    request: BackendRequest,
    candidates: Sequence[Choice],
    on_event: OnEvent,
    memory: BenchmarkCache,
    *,
    worth_a_trial: bool = True,
) -> Choice:
    """Return the fastest of the `candidates`, as `chosen_backend` uses it."""
    if len(candidates) == 1:
        return candidates[0]
    question = trial_question(request.bundle.header, candidates)
    by_name = {choice.backend: choice for choice in candidates}
    known = by_name.get(memory.recall(question) or "")
    if known or not worth_a_trial:
        return known or candidates[0]
    speeds = tried(request, candidates, on_event)
    best = max(speeds, key=lambda choice: speeds[choice], default=candidates[0])
    listed = ", ".join(f"{choice} {speed / 1e6:.2f} Mpx/s" for choice, speed in speeds.items())
    on_event(
        Notice(
            N_("compared the backends on this computer: {speeds}; {best} is used from now on", speeds=listed, best=best)
        )
    )
    memory.keep(question, best.backend, speeds.get(best))
    return best


def tried(request: BackendRequest, candidates: Sequence[Choice], on_event: OnEvent) -> dict[Choice, float]:
    """Return the px per second of the candidates that work and agree with the first that does."""
    pixels = _trial_window(request)
    deadline = time.monotonic() + TRIAL_SECONDS
    speeds: dict[Choice, float] = {}
    expected: npt.NDArray[Any] | None = None
    for number, choice in enumerate(candidates):
        now = time.monotonic()
        if now > deadline:
            break
        until = now + (deadline - now) / (len(candidates) - number)
        try:
            seconds, classes = _timed(choice.make(request), pixels, until)
        except LandsegError as error:
            on_event(Notice(str(error)))
            continue
        expected = classes if expected is None else expected
        if (classes == expected).mean() >= AGREEMENT:
            speeds[choice] = classes.size / seconds
        give_back_memory()
    return speeds


def _timed(backend: Backend, pixels: Pixels, until: float) -> tuple[float, npt.NDArray[Any]]:
    """Return the seconds of the fastest of a few runs that start before `until`, and the (H, W) classes found."""
    classes = backend.probabilities(pixels).argmax(axis=0)  # also lets it allocate and choose its kernels
    quickest = np.inf
    for _ in range(_ROUNDS):
        start = time.monotonic()
        backend.probabilities(pixels)
        quickest = min(quickest, time.monotonic() - start)
        if time.monotonic() > until:
            break
    return quickest, classes


def _trial_window(request: BackendRequest) -> Pixels:
    largest = max(request.samples(), key=lambda pixels: pixels[0].size)
    return largest[:, :TRIAL_SIDE, :TRIAL_SIDE]


def _agreement_text(choice: Choice, backend: Backend, request: BackendRequest) -> Text:
    plain = Choice("torch", "fp32").make(request)
    samples = request.samples()[:4]
    same = [
        (backend.probabilities(pixels).argmax(axis=0) == plain.probabilities(pixels).argmax(axis=0)).ravel()
        for pixels in samples
    ]
    agreement = np.concatenate(same).mean()
    return N_(
        "{choice} gives {agreement:.1%} of the pixels of a sample the same class as fp32",
        choice=choice,
        agreement=agreement,
    )
