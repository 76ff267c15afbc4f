"""A network run window by window gives what it gives for the whole image."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prediction import CollectedRows, FunctionBackend
from support.rasters import write_raster
from torch import nn

from landseg_core.errors import JobStopped, ModelError, RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import ArgmaxAccumulator
from landseg_core.inference.layout import ReceptiveField
from landseg_core.inference.tiled import TiledPredictor
from landseg_core.models.unet import UNet
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import NativeView


@pytest.fixture
def run() -> Callable[..., Any]:
    """Return `run(backend, path, target=None, tile=, overlap=)`, which gathers a prediction."""

    def predict(backend: Any, path: Path, target: PixelWindow | None = None, *, tile: int, overlap: int) -> Any:
        with RasterSource(path) as source:
            target = target or source.grid.window
            predictor = TiledPredictor(
                backend, NativeView(source, source.data_bands), target, tile=tile, overlap=overlap
            )
            sink, seen = CollectedRows(target), []
            predictor.run(sink, lambda window: seen.append(window.pixels))
            assert sum(seen) == predictor.work
        assert (sink.times == 1).all()
        return sink

    return predict


@pytest.fixture
def network() -> Any:
    """Return a small U-Net in float32 with the statistics of a trained one."""
    torch.manual_seed(3)
    model = UNet(bands=2, classes=3, base=2, depth=2).eval()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.normal_()  # type: ignore[union-attr]
            norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]

    @torch.inference_mode()
    def scores(pixels: np.ndarray) -> np.ndarray:
        answer: np.ndarray = model(torch.from_numpy(pixels)[None])[0].numpy()
        return answer

    return FunctionBackend(scores, 3, ReceptiveField(model.stride, model.radius))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(5).normal(size=(2, 151, 187)).astype(np.float32)
    return write_raster(tmp_path / "picture.tif", pixels)


def whole(backend: Any, path: Path) -> np.ndarray:
    with RasterSource(path) as source:
        answer: np.ndarray = backend.probabilities(source.read(source.grid.window)).max(axis=0)
    return answer


@pytest.mark.parametrize(("tile", "overlap"), [(64, 46), (80, 47), (128, 64), (1024, 128)])
@pytest.mark.parametrize("budget", [1, 2**20])
def test_with_twice_the_reach_tiles_give_the_scores_of_the_whole_image(
    run: Any, network: Any, picture: Path, monkeypatch: pytest.MonkeyPatch, tile: int, overlap: int, budget: int
) -> None:
    assert 2 * network.field.radius == 46
    monkeypatch.setattr(ArgmaxAccumulator, "memory", budget)
    result = run(network, picture, tile=tile, overlap=overlap)
    assert np.abs(result.score - whole(network, picture)).max() < 1e-5


@pytest.mark.parametrize("overlap", [0, 20, 46])
@pytest.mark.parametrize("target", [PixelWindow(0, 0, 1, 1), PixelWindow(33, 50, 70, 91), PixelWindow(180, 0, 7, 151)])
def test_a_windows_map_is_that_part_of_the_whole_map(
    run: Any, network: Any, picture: Path, target: PixelWindow, overlap: int
) -> None:
    everything = run(network, picture, tile=64, overlap=overlap)
    part = run(network, picture, target, tile=64, overlap=overlap)
    assert np.abs(part.score - everything.score[target.slices()]).max() < 1e-5


def test_strips_of_columns_change_nothing(
    run: Any, network: Any, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far too little overlap: blended scores differ from those of the whole image, and must still be the same.
    in_one = run(network, picture, tile=64, overlap=2)
    monkeypatch.setattr(ArgmaxAccumulator, "memory", 1)
    in_strips = run(network, picture, tile=64, overlap=2)
    assert np.abs(in_one.score - in_strips.score).max() < 1e-5
    assert np.abs(in_one.score - whole(network, picture)).max() > 1e-4


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (70, 64), (33, 97)])
def test_an_identity_model_returns_its_input(run: Any, tmp_path: Path, height: int, width: int) -> None:
    pixels = np.random.default_rng(1).random((4, height, width), np.float32)
    backend = FunctionBackend(lambda values: values, 4, ReceptiveField(4, 9))
    result = run(backend, write_raster(tmp_path / "a.tif", pixels), tile=32, overlap=12)
    assert np.array_equal(result.index, pixels.argmax(axis=0))
    assert np.abs(result.score - pixels.max(axis=0)).max() < 1e-6


def test_windows_end_at_the_image_and_are_no_larger_than_asked_for(run: Any, tmp_path: Path) -> None:
    backend = FunctionBackend(lambda values: values, 1, ReceptiveField(16, 5))
    path = write_raster(tmp_path / "a.tif", np.zeros((1, 50, 333), np.uint8))
    run(backend, path, tile=130, overlap=16)
    assert {shape[1] for shape in backend.shapes} == {50}
    assert max(shape[2] for shape in backend.shapes) <= 128
    assert sum(shape[2] for shape in backend.shapes) < 333 + 2 * 16 + 3 * 16


def test_nodata_is_seen_as_zero_and_windows_without_data_are_skipped(run: Any, tmp_path: Path) -> None:
    pixels = np.full((1, 64, 256), -9999, np.float32)
    pixels[0, 10:50, 70:90] = 5
    path = write_raster(tmp_path / "a.tif", pixels, nodata=-9999)
    backend = FunctionBackend(lambda values: np.concatenate([values, -values]), 2, ReceptiveField(1, 0))
    result = run(backend, path, tile=64, overlap=0)
    assert len(backend.shapes) == 1
    assert np.array_equal(result.valid, pixels[0] == 5)
    assert (result.score[result.valid] == 5).all()
    assert (result.score[~result.valid] == 0).all()


def test_a_number_that_is_none_is_refused_unless_it_is_nodata(run: Any, tmp_path: Path) -> None:
    pixels = np.zeros((1, 20, 30), np.float32)
    pixels[0, 7, 11] = np.nan
    backend = FunctionBackend(lambda values: values, 1, ReceptiveField(1, 0))
    with pytest.raises(RasterError, match=r"holds\.tif has the value nan at pixel 11, 7"):
        run(backend, write_raster(tmp_path / "holds.tif", pixels), tile=16, overlap=0)
    result = run(backend, write_raster(tmp_path / "fine.tif", pixels, nodata=np.nan), tile=16, overlap=0)
    assert not result.valid[7, 11]
    assert result.valid.sum() == 20 * 30 - 1


def test_memory_depends_neither_on_height_nor_on_width(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArgmaxAccumulator, "memory", 2**18)
    backend = FunctionBackend(lambda values: np.repeat(values, 3, axis=0), 3, ReceptiveField(16, 20))

    class Nowhere:
        def strip(self, strip: Any) -> Any:
            from contextlib import nullcontext

            return nullcontext(lambda rows: None)

    def peak(height: int, width: int) -> int:
        path = write_raster(tmp_path / f"{height}.tif", np.ones((height, width), np.uint8))
        with RasterSource(path) as source:
            predictor = TiledPredictor(backend, NativeView(source, (1,)), source.grid.window, tile=128, overlap=32)
            tracemalloc.start()
            predictor.run(Nowhere(), lambda window: None)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    small = peak(600, 600)
    assert peak(6000, 150) < 1.5 * small
    assert peak(150, 6000) < 1.5 * small


def test_a_stop_ends_the_work_between_two_windows(picture: Path) -> None:
    backend = FunctionBackend(lambda values: values, 2, ReceptiveField(1, 0))

    def stop(_window: PixelWindow) -> None:
        raise JobStopped

    with RasterSource(picture) as source:
        predictor = TiledPredictor(backend, NativeView(source, (1, 2)), source.grid.window, tile=32, overlap=0)
        with pytest.raises(JobStopped):
            predictor.run(CollectedRows(source.grid.window), stop)
    assert len(backend.shapes) <= 2  # the window in the making is finished, and no other


def test_the_network_works_on_while_a_window_is_blended(picture: Path) -> None:
    second_is_seen = threading.Event()

    def seen(values: np.ndarray) -> np.ndarray:
        if len(backend.shapes) > 1:
            second_is_seen.set()
        return values

    backend = FunctionBackend(seen, 2, ReceptiveField(1, 0))
    with RasterSource(picture) as source:
        predictor = TiledPredictor(backend, NativeView(source, (1, 2)), source.grid.window, tile=32, overlap=0)
        predictor.run(
            CollectedRows(source.grid.window),
            lambda _window: None if second_is_seen.wait(60) else pytest.fail("it waits"),
        )


def test_an_error_of_the_network_ends_the_work(picture: Path) -> None:
    def fail(_values: np.ndarray) -> np.ndarray:
        raise ModelError("no memory")

    with RasterSource(picture) as source:
        backend = FunctionBackend(fail, 2, ReceptiveField(1, 0))
        predictor = TiledPredictor(backend, NativeView(source, (1, 2)), source.grid.window, tile=32, overlap=0)
        with pytest.raises(ModelError, match="no memory"):
            predictor.run(CollectedRows(source.grid.window), lambda _window: None)


@pytest.mark.parametrize(("tile", "overlap"), [(15, 0), (64, 49), (64, -1), (0, 0)])
def test_windows_too_small_for_their_overlap_are_refused(picture: Path, tile: int, overlap: int) -> None:
    backend = FunctionBackend(lambda values: values, 2, ReceptiveField(16, 0))
    with (
        RasterSource(picture) as source,
        pytest.raises(
            ModelError, match=f"windows of {tile} px are too small to overlap by {overlap} px; choose a tile of"
        ),
    ):
        TiledPredictor(backend, NativeView(source, (1, 2)), source.grid.window, tile=tile, overlap=overlap)
