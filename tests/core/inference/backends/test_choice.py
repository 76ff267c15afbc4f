from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseg_core.errors import ModelError
from landseg_core.events import Event, Notice
from landseg_core.inference.backends import catalog, choice
from landseg_core.inference.backends.backend import Backend, BackendRequest
from landseg_core.inference.backends.catalog import BackendKind
from landseg_core.inference.backends.choice import Choice, chosen_backend, possible
from landseg_core.inference.backends.memory import BenchmarkCache

Requests = Callable[..., BackendRequest]


class FakeBackend:
    """Answers with one class everywhere; each answer takes `seconds` of a clock of its own."""

    def __init__(self, name: str, clock: Clock, seconds: float, answer: int) -> None:
        self.name, self._clock, self._seconds, self._answer = name, clock, seconds, answer

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        self._clock.now += self._seconds
        scores = np.zeros((3, *pixels.shape[1:]), np.float32)
        scores[self._answer] = 1
        return scores


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(choice, "time", clock)
    return clock


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., list[str]]:
    """Return a switch: what each backend takes and answers, in a catalogue of such alone; gives a log of those made."""
    made: list[str] = []

    def switch(**kinds: tuple[float, int] | Exception) -> list[str]:
        fake_catalog: dict[str, BackendKind] = {}  # taking rows out of the real one and back would change their order
        for module in (catalog, choice):
            monkeypatch.setattr(module, "BACKENDS", fake_catalog)
        for name, how in kinds.items():

            def make(_request: BackendRequest, precision: str, name: str = name, how: object = how) -> Backend:
                made.append(f"{name} {precision}")
                if isinstance(how, Exception):
                    raise how
                return FakeBackend(name, clock, *how)  # type: ignore[misc,return-value]

            precisions = ("fp32", "bf16") if name == "torch" else ("fp32", "bf16", "int8")
            fake_catalog[name] = BackendKind(name.title(), precisions, make, on_devices=name == "torch")
        return made

    return switch


@pytest.fixture
def choose(request_for: Requests, tmp_path: Path) -> Callable[..., tuple[str, list[str]]]:
    """Return `choose(backend, precision, **options)`: the name of what was chosen, and what was told."""

    def run(backend: str = "auto", precision: str = "auto", **options: bool) -> tuple[str, list[str]]:
        events: list[Event] = []
        candidates = possible("cpu", backend, precision)
        memory = BenchmarkCache(tmp_path / "backends.json")
        made = chosen_backend(request_for(), candidates, events.append, memory, **options)
        return made.name, [event.message for event in events if isinstance(event, Notice)]  # type: ignore[attr-defined]

    return run


def test_the_quickest_is_taken_and_remembered(fakes: Callable, choose: Callable) -> None:
    made = fakes(torch=(0.2, 1), openvino=(0.1, 1), onnxruntime=(0.3, 1))
    name, told = choose()
    assert name == "openvino"
    assert len(told) == 1
    assert told[0].startswith("compared the backends on this computer: Torch in ")
    assert told[0].endswith("is used from now on")
    tried = len(made)
    assert choose() == ("openvino", [])
    assert len(made) == tried + 1


def test_what_disagrees_is_not_taken(fakes: Callable, choose: Callable) -> None:
    fakes(torch=(0.2, 1), openvino=(0.1, 2))
    assert choose()[0] == "torch"


def test_what_cannot_run_the_model_is_told_and_left_out(fakes: Callable, choose: Callable) -> None:
    fakes(torch=(0.2, 1), openvino=ModelError("OpenVINO cannot run this model"))
    name, told = choose()
    assert name == "torch"
    assert told[0] == "OpenVINO cannot run this model"


def test_what_was_quickest_and_fails_now_is_replaced(fakes: Callable, choose: Callable) -> None:
    fakes(torch=(0.2, 1), openvino=(0.1, 1))
    choose()
    fakes(torch=(0.2, 1), openvino=ModelError("OpenVINO cannot run this model"))
    name, told = choose()
    assert name == "torch"
    assert told[0].startswith("OpenVINO cannot run this model; Torch in ")


def test_a_trial_ends_in_time(fakes: Callable, choose: Callable, clock: Clock) -> None:
    fakes(torch=(6.0, 1), openvino=(1.0, 1), onnxruntime=(1.0, 1))
    assert choose()[0] == "torch"
    assert clock.now <= 12


def test_where_a_trial_does_not_pay_pytorch_runs_the_network(fakes: Callable, choose: Callable) -> None:
    made = fakes(torch=(0.2, 1), openvino=(0.1, 1))
    assert choose(worth_a_trial=False) == ("torch", [])
    assert len(made) == 1


def test_what_is_named_is_taken_without_a_trial(fakes: Callable, choose: Callable) -> None:
    made = fakes(torch=(0.2, 1), openvino=(0.1, 1))
    assert choose("openvino", "fp32") == ("openvino", [])
    assert made == ["openvino fp32"]


def test_integers_come_only_when_asked_for_and_with_their_agreement(fakes: Callable, choose: Callable) -> None:
    fakes(torch=(0.2, 1), openvino=(0.1, 1))
    assert all(candidate.precision != "int8" for candidate in possible("cpu", "auto", "auto"))
    name, told = choose("auto", "int8")
    assert name == "openvino"
    assert told == ["Openvino in int8 gives 100.0% of the pixels of a sample the same class as fp32"]


def test_what_cannot_be_had_is_told(fakes: Callable) -> None:
    fakes(torch=(0.2, 1))
    with pytest.raises(ModelError, match="Torch computes in fp32 or bf16, not in int8"):
        possible("cpu", "torch", "int8")


def test_without_the_extra_pytorch_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "find_spec", lambda _name: None)
    assert [candidate.backend for candidate in possible("cpu", "auto", "auto")] == ["torch"]
    with pytest.raises(ModelError, match=r"run: pip install 'landseg\[fast\]'"):
        possible("cpu", "auto", "int8")


def test_a_choice_tells_itself() -> None:
    assert str(Choice("openvino", "bf16")) == "OpenVINO in bf16"
