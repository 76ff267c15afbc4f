"""What a prediction takes is known before it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.errors import ModelError, RasterError
from landseg_core.events import ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.inference import predictor
from landseg_core.inference.backends.memory import BenchmarkCache
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.inference.work import prediction_work, throughput_question
from landseg_core.limits import LargeWorkError
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.compatibility import open_for
from landseg_core.raster.source import RasterSource
from tests.support.models import with_header


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    """A pixel of it shows 5 m of ground."""
    place = {"crs": "EPSG:32632", "transform": Affine(5, 0, 500_000, 0, -5, 5_000_000)}
    return write_raster(tmp_path / "a.tif", np.ones((3, 40, 60), np.uint8), **place)


@pytest.fixture
def memory(tmp_path: Path) -> BenchmarkCache:
    return BenchmarkCache(tmp_path / "backends.json")


def test_size_and_time(raster: Path, bundle: ModelBundle, memory: BenchmarkCache, tmp_path: Path) -> None:
    options = PredictOptions(window=PixelWindow(0, 0, 30, 20), confidence=True)
    model = with_header(bundle, ground_resolution_m=2.5)
    with RasterSource(raster) as source:
        work = prediction_work(model.header, source, options, tmp_path, memory)
        assert (work.pixels, work.bytes, work.computed, work.seconds) == (600, 1600, pytest.approx(4, rel=0.02), None)
        memory.keep(throughput_question(model.header, options), None, 100.0)
        assert prediction_work(model.header, source, options, tmp_path, memory).seconds == pytest.approx(24, rel=0.02)
        other = options.model_copy(update={"tta": True})
        assert prediction_work(model.header, source, other, tmp_path, memory).seconds is None


def test_too_much_to_compute_needs_a_word(raster: Path, bundle: ModelBundle, tmp_path: Path) -> None:
    model, out = with_header(bundle, ground_resolution_m=0.6), tmp_path / "map.tif"
    with RasterSource(raster) as source:
        with pytest.raises(LargeWorkError, match=r"the map of .*a\.tif: 69\.\d px to compute for each px"):
            predict_raster(model, source, out)
        assert not out.exists()
        predict_raster(model, source, out, options=PredictOptions(large=True))
    assert out.exists()


@pytest.mark.parametrize("resolution", [0.24, 101.0, 1e-9, 0.0, -5.0, float("nan")])
def test_a_model_for_far_other_ground_is_refused_always(raster: Path, bundle: ModelBundle, resolution: float) -> None:
    model, out = with_header(bundle, ground_resolution_m=resolution), raster.with_name("map.tif")
    with RasterSource(raster) as source:
        for seen in ("model", "own"):
            options = PredictOptions(large=True, resolution=seen)  # type: ignore[arg-type]
            with pytest.raises(
                ModelError, match=r"a\.tif has a ground resolution of 5 m, but the model was trained at"
            ):
                predict_raster(model, source, out, options=options)


def test_a_remembered_throughput_tells_that_it_takes_hours(raster: Path, bundle: ModelBundle, tmp_path: Path) -> None:
    out, options = tmp_path / "map.tif", PredictOptions()
    memory = BenchmarkCache.of_user()
    with RasterSource(raster) as source:
        memory.keep(throughput_question(bundle.header, options), None, 2400 / 7200)
        predict_raster(bundle, source, out)
        memory.keep(throughput_question(bundle.header, options), None, 2400 / 7300)
        with pytest.raises(LargeWorkError, match="about 2 h 1 min of work, more than 2 h"):
            predict_raster(bundle, source, out, options=options.model_copy(update={"overwrite": True}))
        predict_raster(bundle, source, out, options=options.model_copy(update={"overwrite": True, "large": True}))


def test_a_prediction_tells_the_pace(
    raster: Path, bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "_MEASURED_SECONDS", 0.0)
    with RasterSource(raster) as source:
        predict_raster(bundle, source, tmp_path / "map.tif", on_event=ignore_event)
    throughput = BenchmarkCache.of_user().throughput(throughput_question(bundle.header, PredictOptions()))
    assert throughput is not None
    assert throughput > 100


def test_more_bands_than_any_image_has_are_read_where_they_are_meant(bundle: ModelBundle, tmp_path: Path) -> None:
    many = write_raster(tmp_path / "many.tif", np.ones((1001, 40, 60), np.uint8))
    with pytest.raises(
        RasterError, match=r"many\.tif claims to have 1001 bands, more than 1000; .* with the option 'large'"
    ):
        open_for(bundle.header, many)
    model = with_header(bundle, alpha="none")
    with open_for(model.header, many, bands=("1001", "500", "1"), many_bands=True) as source:
        predict_raster(model, source, tmp_path / "map.tif", options=PredictOptions(bands=("1001", "500", "1")))
    with RasterSource(write_raster(tmp_path / "most.tif", np.ones((1000, 4, 6), np.uint8))) as source:
        assert source.band_count == 1000
