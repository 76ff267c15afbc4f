from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.unet import UNet

FILES = Path(__file__).parent / "files"


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the network that the files were made with, as `make_files.py` has it."""
    torch.set_num_threads(1)
    architecture = Architecture("for tests", lambda bands, classes: UNet(bands, classes, base=4, depth=2))
    monkeypatch.setitem(CATALOG, "tiny", architecture)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, which holds a copy of the files."""
    copy = tmp_path / "files"
    shutil.copytree(FILES, copy)
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def expected() -> Callable[[str], Any]:
    """Return what landseg made of the files when it had written them: `evaluation`, `labels`, `model` ..."""
    return lambda name: json.loads((FILES / "expected" / f"{name}.json").read_text(encoding="utf-8"))
