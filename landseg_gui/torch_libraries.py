"""Loads torch's core library before Qt comes, where that is needed."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path


def torch_library(name: str = "c10.dll") -> Path | None:
    """Return the path of a library of the installed torch, without importing it; None where there is none."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    library = Path(found.origin).parent / "lib" / name
    return library if library.is_file() else None


def load_before_qt() -> None:
    """On Windows, load `c10.dll` now: once Qt's own runtime libraries are in the process, it may fail to load."""
    library = torch_library() if sys.platform == "win32" else None
    if library is not None:
        ctypes.CDLL(str(library))
