from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference import plain_loop
from landseg_core.inference.plain_loop import PlainLoop, plain_process
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.files.gdal import open_dataset


def test_the_plain_loop_makes_the_same_map(
    bundle: ModelBundle, raster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_loop, "PLAIN_TILE", 64)
    monkeypatch.setattr(plain_loop, "PLAIN_OVERLAP", 32)
    window = PixelWindow(8, 16, 112, 80)
    PlainLoop(bundle, raster, window).run(tmp_path / "plain.tif")
    with rasterio.open(tmp_path / "plain.tif") as written:
        classes = written.read(1)
    assert classes.shape == (80, 112)
    with open_dataset(raster) as source:
        pixels = (source.read(window=((16, 96), (8, 120))).astype(np.float32) - 120) / 60
    with torch.inference_mode():
        whole = bundle.build()(torch.from_numpy(pixels)[None])[0].argmax(0).numpy()
    assert (classes[20:60, 20:90] == whole[20:60, 20:90]).mean() > 0.9


@pytest.mark.parametrize("tuned", [False, True])
def test_another_process_makes_it_when_it_is_asked_to(
    bundle: ModelBundle, raster: Path, tmp_path: Path, *, tuned: bool
) -> None:
    with plain_process(bundle, raster, PixelWindow(0, 0, 64, 48), tmp_path, tuned=tuned) as plain:
        assert not (tmp_path / "plain.tif").exists()
        assert plain.run() > 0
        (tmp_path / "plain.tif").unlink()
        assert plain.run() > 0
    with rasterio.open(tmp_path / "plain.tif") as written:
        assert written.shape == (48, 64)


def test_a_process_that_has_ended_is_one_sentence(bundle: ModelBundle, tmp_path: Path) -> None:
    with (
        plain_process(bundle, tmp_path / "none.tif", PixelWindow(0, 0, 64, 48), tmp_path) as plain,
        pytest.raises(ModelError, match="the plain loop ended"),
    ):
        plain.run()
