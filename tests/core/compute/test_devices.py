from __future__ import annotations

import numpy as np
import pytest
import torch

from landseg_core.compute import devices
from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.models.normalisation import Normalisation
from landseg_core.training.network import Network


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many devices of each kind there are, for the test to change."""
    counts = {"cuda": 0, "mps": 0, "cpu": 1}
    monkeypatch.setattr(devices, "_COUNTS", {kind: lambda kind=kind: counts[kind] for kind in counts})
    return counts


def test_auto_takes_the_best(machine: dict[str, int]) -> None:
    assert choose_device() == torch.device("cpu")
    machine["mps"] = 1
    assert choose_device("auto") == torch.device("mps")
    machine["cuda"] = 2
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cuda", "torch finds no cuda device on this computer; choose cpu, or install torch for cuda"),
        ("cuda:0", "torch finds no cuda device"),
        ("mps", "torch finds no mps device"),
        ("gpu", "'gpu' is no device; choose auto, cpu, cuda, cuda:0 or mps"),
        ("", "'' is no device"),
        ("cpu:3", "there is no device cpu:3; the only cpu device of this computer is cpu:0"),
        ("cpu:x", "there is no device cpu:x"),
    ],
)
def test_what_cannot_be_had(name: str, problem: str, machine: dict[str, int]) -> None:
    with pytest.raises(DeviceError, match=problem):
        choose_device(name)


def test_a_number_too_high(machine: dict[str, int]) -> None:
    machine["cuda"] = 1
    with pytest.raises(DeviceError, match="there is no device cuda:1; the only cuda device of this computer is cuda:0"):
        choose_device("cuda:1")


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16"), ({"avx512_f": True}, "fp32"), ({}, "fp32")],
)
def test_the_cpu_takes_bf16_where_it_has_instructions_for_it(
    capabilities: dict[str, bool], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    precision = precision_for(torch.device("cpu"))
    assert (precision.name, precision.memory_format, precision.scaled) == (name, torch.channels_last, False)


def test_an_older_torch_that_cannot_tell_takes_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert precision_for(torch.device("cpu")).name == "fp32"


@pytest.mark.parametrize(("supported", "name", "scaled"), [(True, "bf16", False), (False, "fp16", True)])
def test_cuda_takes_fp16_only_without_bf16(
    supported: bool, name: str, scaled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    precision = precision_for(torch.device("cuda"))
    assert (precision.name, precision.scaled) == (name, scaled)


def test_mps_stays_plain() -> None:
    precision = precision_for(torch.device("mps"))
    assert (precision.name, precision.memory_format) == ("fp32", torch.contiguous_format)


def test_fp32_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    cpu = torch.device("cpu")
    with precision_for(cpu, "fp32").autocast(cpu):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    with precision_for(cpu).autocast(cpu):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


@pytest.mark.parametrize("kind", ["float64", "uint16", "uint8"])
def test_what_the_graphics_of_a_mac_cannot_hold_is_float32_before_it_goes_there(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu, taken = torch.device("cpu"), list[np.dtype]()
    network = Network(torch.nn.Identity(), Normalisation((10.0,), (2.0,)), cpu, precision_for(cpu, "fp32"))  # type: ignore[arg-type]
    network.device = torch.device("mps")

    def on_device(array: np.ndarray) -> torch.Tensor:
        taken.append(array.dtype)
        return torch.from_numpy(array)

    monkeypatch.setattr(network, "on_device", on_device)
    assert network.normalise(np.full((1, 1, 2, 2), 14, kind)).flatten().tolist() == [2.0] * 4
    assert taken == [np.float32]
