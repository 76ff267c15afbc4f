"""A raster seen at another ground resolution: its map lies on its own grid, whatever window, tile or strip."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.prediction import CollectedRows, FunctionBackend
from support.rasters import write_raster

from landseg_core.geo.window import PixelWindow
from landseg_core.inference import resampled_scores
from landseg_core.inference.blending import ScoreAccumulator
from landseg_core.inference.layout import ReceptiveField
from landseg_core.inference.tiled import TiledPredictor
from landseg_core.raster.resampling import GridScale
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import NativeView, pixel_view

SIZES = [(61, 50), (47, 38), (187, 151), (250, 202), (400, 330)]
"""What 187 x 151 px are seen at: coarser by 3 and 4, as they are, finer."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return 187 x 151 px of smooth hills, with a hole in them and a lone pixel in that."""
    rows, columns = np.mgrid[:151, :187]
    pixels = np.stack([np.sin(rows / 17) + 2, np.cos(columns / 23) + 2]).astype(np.float32)
    pixels[:, 40:90, 30:120] = -9999
    pixels[:, 60, 70] = 1.5
    return write_raster(tmp_path / "picture.tif", pixels, nodata=-9999)


@pytest.fixture
def run() -> Callable[..., Any]:
    def predict(backend: Any, path: Path, size: Any, target: PixelWindow | None = None, **how: int) -> Any:
        with RasterSource(path) as source:
            target = target or source.grid.window
            options = {"tile": 64, "overlap": 16} | how
            predictor = TiledPredictor(backend, NativeView(source, (1, 2)), target, **options, size=size)
            sink, seen = CollectedRows(target), []
            predictor.run(sink, lambda window: seen.append(window.pixels))
            assert sum(seen) == predictor.work
        assert (sink.times == 1).all()
        return sink

    return predict


@pytest.fixture
def identity() -> Any:
    return FunctionBackend(lambda values: values, 2, ReceptiveField(4, 8))


@pytest.mark.parametrize("size", SIZES)
def test_an_identity_model_returns_about_its_input(run: Any, identity: Any, picture: Path, size: Any) -> None:
    result = run(identity, picture, size)
    with RasterSource(picture) as source:
        pixels, valid = source.read(source.grid.window), source.read_valid(source.grid.window)
    assert np.array_equal(result.valid, valid)
    # Hills of this steepness differ by so much over a pixel of the coarsest grid.
    assert np.abs(result.score - pixels.max(axis=0))[valid].max() < 0.15
    clear = valid & (np.abs(pixels[0] - pixels[1]) > 0.3)
    assert np.array_equal(result.index[clear], pixels.argmax(axis=0)[clear])


@pytest.mark.parametrize("size", SIZES)
def test_scores_are_those_of_the_whole_image_seen_at_once(run: Any, picture: Path, size: Any) -> None:
    """A network that sees 6 px far, with an overlap of twice that: windows give what one large one gives."""

    def blurred(values: np.ndarray) -> np.ndarray:
        padded = np.pad(values, ((0, 0), (6, 6), (6, 6)))
        height, width = values.shape[1:]
        return sum(padded[:, dy : dy + height, dx : dx + width] for dy in (0, 6, 12) for dx in (0, 6, 12)) / 9

    result = run(FunctionBackend(blurred, 2, ReceptiveField(4, 6)), picture, size, overlap=12)
    with RasterSource(picture) as source:
        view = pixel_view(source, (1, 2), size)
        pixels, valid = view.read(view.grid.window)
        back = GridScale.between(size, (187, 151))
        expected, _ = back.mean(
            source.grid.window, lambda w: ((blurred(pixels) * valid)[:, *w.slices()], valid[w.slices()])
        )
    assert np.abs(result.score - expected.max(axis=0))[result.valid].max() < 1e-5


windows = st.builds(
    lambda x, y, w, h: PixelWindow(x, y, min(w, 187 - x), min(h, 151 - y)),
    st.integers(0, 186),
    st.integers(0, 150),
    st.integers(1, 187),
    st.integers(1, 151),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(target=windows, size=st.sampled_from(SIZES), budget=st.sampled_from([1, 1 << 14, 1 << 28]))
def test_a_windows_map_is_that_part_of_the_whole_map(
    run: Any, identity: Any, picture: Path, target: PixelWindow, size: Any, budget: int
) -> None:
    whole = run(identity, picture, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScoreAccumulator, "memory", budget)
        patch.setattr(resampled_scores, "_BATCH_VALUES", budget)
        part = run(identity, picture, size, target)
    assert np.abs(part.score - whole.score[target.slices()])[part.valid].max(initial=0) < 1e-5
    assert np.array_equal(part.valid, whole.valid[target.slices()])


def test_a_lone_pixel_in_a_hole_is_predicted(run: Any, picture: Path) -> None:
    backend = FunctionBackend(
        lambda values: np.stack([np.full(values.shape[1:], 0.25), np.full(values.shape[1:], 0.75)]),
        2,
        ReceptiveField(1, 0),
    )
    result = run(backend, picture, (61, 50), tile=4, overlap=0)
    assert result.valid[60, 70]
    assert np.allclose(result.score[result.valid], 0.75)
    assert (result.index[result.valid] == 1).all()


def test_memory_depends_neither_on_height_nor_on_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScoreAccumulator, "memory", 2**19)
    monkeypatch.setattr(resampled_scores, "_BATCH_VALUES", 2**16)
    backend = FunctionBackend(lambda values: np.repeat(values, 3, axis=0), 3, ReceptiveField(16, 20))

    class Nowhere:
        def strip(self, strip: Any) -> Any:
            return nullcontext(lambda rows: None)

    def peak(height: int, width: int) -> int:
        path = write_raster(tmp_path / f"{height}.tif", np.ones((height, width), np.uint8))
        with RasterSource(path) as source:
            size = width // 2, height // 2
            predictor = TiledPredictor(
                backend, NativeView(source, (1,)), source.grid.window, tile=128, overlap=32, size=size
            )
            tracemalloc.start()
            predictor.run(Nowhere(), lambda window: None)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    small = peak(1200, 1200)
    assert peak(12000, 300) < 1.5 * small
    assert peak(300, 12000) < 1.5 * small


def test_the_network_sees_the_pixels_of_the_other_grid(run: Any, identity: Any, picture: Path) -> None:
    run(identity, picture, (61, 50), tile=256)
    assert identity.shapes == [(2, 50, 61)]
