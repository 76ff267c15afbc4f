"""The part on segmenting by clicks measures what it says, here with a smaller encoder and once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

pytest.importorskip("onnx", reason="models run with the extra `fast`")
pytest.importorskip("onnxruntime", reason="models run with the extra `fast`")

from benchmarks import clicks


def test_own_share_and_model_are_measured_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "ROUNDS", 1)
    monkeypatch.setattr(clicks, "LAYERS", 0)
    pixels = np.random.default_rng(0).integers(0, 256, (3, clicks.HEIGHT, clicks.WIDTH), np.uint8)
    first, further, model = clicks.lines(write_raster(tmp_path / "a.tif", pixels))
    assert first.middle > 0
    assert further.middle > 0
    assert first.middle < model.middle  # or the model would count as landseg's share
