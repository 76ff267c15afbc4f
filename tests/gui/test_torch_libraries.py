from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path

from landseg_gui import torch_libraries


def test_torchs_library_is_found_by_its_path() -> None:
    library = torch_libraries.torch_library("libc10.so") or torch_libraries.torch_library("libc10.dylib")
    assert library is None or library.is_file()
    assert torch_libraries.torch_library("no_such_library.dll") is None


def test_without_torch_there_is_none(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert torch_libraries.torch_library() is None


def test_on_windows_it_is_loaded_by_its_path(monkeypatch) -> None:
    loaded = []
    monkeypatch.setattr(torch_libraries, "torch_library", lambda: Path("torch/lib/c10.dll"))
    monkeypatch.setattr(ctypes, "CDLL", loaded.append)
    monkeypatch.setattr(sys, "platform", "linux")
    torch_libraries.load_before_qt()
    assert loaded == []
    monkeypatch.setattr(sys, "platform", "win32")
    torch_libraries.load_before_qt()
    assert loaded == [str(Path("torch/lib/c10.dll"))]
