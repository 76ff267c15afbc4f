from __future__ import annotations

from pathlib import Path

import pytest

from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import BackendRequest
from landseg_core.inference.backends.catalog import BACKENDS, BackendKind
from landseg_core.inference.backends.choice import Choice
from landseg_core.inference.speed import measure_speeds
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.source import RasterSource


@pytest.mark.slow
def test_every_choice_is_measured_against_the_plain_loop(bundle: ModelBundle, raster: Path) -> None:
    choices = [Choice("torch", "fp32"), Choice("onnxruntime", "fp32")]
    with RasterSource(raster) as source:
        speeds = measure_speeds(bundle, source, PixelWindow(0, 0, 128, 96), 2, choices)
    assert speeds.pixels == 128 * 96
    assert len(speeds.plain_px_per_s) == 2
    for line in speeds.backends:
        assert line.problem is None
        assert len(line.px_per_s) == len(line.ratios) == 2
        assert min(line.px_per_s) > 0
    assert speeds.backends[0].agreement == 1
    assert speeds.backends[1].agreement > 0.999


def test_what_cannot_run_has_its_problem_and_no_figure(
    bundle: ModelBundle, raster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: BackendRequest, _precision: str) -> object:
        raise ModelError("it cannot")

    monkeypatch.setitem(BACKENDS, "openvino", BackendKind("OpenVINO", ("fp32",), refuse))  # type: ignore[arg-type]
    with RasterSource(raster) as source:
        choices = [Choice("torch", "fp32"), Choice("openvino", "fp32")]
        speeds = measure_speeds(bundle, source, PixelWindow(0, 0, 64, 64), 1, choices)
    assert [line.problem for line in speeds.backends] == [None, "it cannot"]
    assert speeds.backends[1].px_per_s == ()
