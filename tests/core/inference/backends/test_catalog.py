from __future__ import annotations

import subprocess
import sys

import pytest

from landseg_core.inference.backends import catalog
from landseg_core.inference.backends.catalog import BACKENDS, PRECISIONS, unfit


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without the extra `fast`."""
    monkeypatch.setattr(catalog, "find_spec", lambda _name: None)


def test_what_is_there_can_be_had() -> None:
    for name, kind in BACKENDS.items():
        assert kind.missing == ()
        for precision in ("auto", *kind.precisions):
            assert unfit(name, precision, "auto") is None
            assert unfit("auto", precision, "auto") is None
        assert set(kind.precisions) <= set(PRECISIONS)


@pytest.mark.parametrize(
    ("backend", "precision", "device", "sentence"),
    [
        ("torch", "int8", "auto", "PyTorch computes in fp32 or bf16 or fp16, not in int8; choose one of these"),
        ("onnxruntime", "bf16", "cpu", "ONNX Runtime computes in fp32 or int8, not in bf16; choose one of these"),
        (
            "openvino",
            "fp32",
            "cuda:1",
            "OpenVINO runs on the processor here; choose the device cpu, or the backend torch",
        ),
    ],
)
def test_what_cannot_be_had_is_one_sentence(backend: str, precision: str, device: str, sentence: str) -> None:
    assert unfit(backend, precision, device) == sentence


def test_a_package_that_is_missing_is_named(bare: None) -> None:
    install = "not installed here; run: pip install 'landseg[fast]'"
    packages = "onnx and onnxruntime"
    assert unfit("onnxruntime", "auto", "auto") == f"ONNX Runtime needs the packages {packages}, {install}"
    assert unfit("auto", "int8", "auto") == f"ONNX Runtime needs the packages {packages}, {install}"
    assert unfit("openvino", "bf16", "cpu") == f"OpenVINO needs the packages {packages} and openvino, {install}"
    assert unfit("auto", "auto", "auto") is None
    assert unfit("torch", "bf16", "cpu") is None


def test_the_catalogue_loads_no_runtime() -> None:
    program = (
        "import sys, landseg_core.inference.backends.catalog; "
        "print(sorted({'torch', 'onnx', 'onnxruntime', 'openvino'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
