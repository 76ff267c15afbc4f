"""Imagery of any bands, any kind of number and any ground resolution trains, is evaluated and is predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster
from support.training import RecordedRun

from landseg_core.data.loading.folders import evaluation_areas, folder_data
from landseg_core.data.read_options import ReadOptions
from landseg_core.errors import ModelError
from landseg_core.events import Event, Notice
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import read_header
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_core.training.evaluation import evaluate
from tests.support.models import with_header

SIDE_M = 60
OPTIONS = PredictOptions(tile=64, overlap=16, device="cpu")
EASY = {"epochs": 12, "batch": 4, "learning_rate": 0.02}


@pytest.fixture
def write_set(tmp_path: Path, schema: ClassSchema) -> Callable[..., Path]:
    """Return `write_set(metres by stem, look)`: images of land and a lake; `look` makes pixels of (H, W) truth."""

    def write(stems: dict[str, float], look: Callable[[np.ndarray, Any], np.ndarray], **profile: Any) -> Path:
        for number, (stem, metres) in enumerate(stems.items()):
            size = round(SIDE_M / metres)
            rows, columns = (np.mgrid[:size, :size] + 0.5) * metres
            truth = ((rows - 25) ** 2 + (columns - 20 - 4 * number) ** 2 < 18**2).astype(np.uint8)
            georeference = {"crs": "EPSG:32632", "transform": Affine(metres, 0, 5e5, 0, -metres, 5e6)}
            pixels = look(truth, np.random.default_rng(number))
            write_raster(tmp_path / "images" / f"{stem}.tif", pixels, **georeference, **profile)
            write_raster(tmp_path / "masks" / f"{stem}.tif", schema.value_table()[truth], **georeference)
        (tmp_path / "val.txt").write_text(f"{stem}\n")
        return tmp_path

    return write


def train(root: Path, schema: ClassSchema, config: TrainConfig, read_options: ReadOptions = ReadOptions()) -> Any:  # noqa: B008
    data = folder_data(root / "images", root / "masks", schema, None, root / "val.txt", read_options=read_options)
    own = {"bands": read_options.bands, "resolution_m": read_options.resolution_m}
    run = RecordedRun(config.model_copy(update=EASY | own), root / "run")
    return data, run.fit(data), [event.message for event in run.events_of(Notice)]


def predicted(bundle: ModelBundle, root: Path, stem: str, options: PredictOptions = OPTIONS) -> tuple[Any, list[str]]:
    events: list[Event] = []
    with RasterSource(root / "images" / f"{stem}.tif") as source:
        predict_raster(bundle, source, root / f"{stem}_map.tif", None, options, events.append)
        with RasterSource(root / f"{stem}_map.tif") as mask:
            assert mask.grid == source.grid
            values = mask.read(mask.grid.window)[0]
    return values, [event.message for event in events if isinstance(event, Notice)]


def grey(truth: np.ndarray, rng: Any) -> np.ndarray:
    return (np.where(truth, 60, 160) + rng.normal(0, 12, truth.shape)).clip(0, 255).astype(np.uint8)


def agreement(values: np.ndarray, root: Path, stem: str) -> float:
    with RasterSource(root / "masks" / f"{stem}.tif") as mask:
        return float((values == mask.read(mask.grid.window)[0])[values != 255].mean())


@pytest.mark.slow
def test_a_set_of_25_and_50_cm_trains_at_one(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig
) -> None:
    root = write_set({"a": 0.5, "b": 0.25, "c": 0.5, "d": 0.25, "e": 0.5}, grey)
    data, result, notices = train(root, schema, config)
    assert {area.window.width for area in (*data.train, *data.val)} == {120}
    assert any(
        "2 of 5 images are resampled to 0.5 m per pixel, at which accuracy is measured" in notice for notice in notices
    )
    header = read_header(root / "run")
    assert header.ground_resolution_m == pytest.approx(0.5, rel=0.001)
    assert result.best_miou > 0.75
    again = evaluate(result.bundle, data.val, "cpu", precision="fp32")
    assert again.miou == pytest.approx(result.best_miou, abs=1e-6)
    for stem, resampled in (("a", False), ("b", True)):
        values, notices = predicted(result.bundle, root, stem)
        assert agreement(values, root, stem) > 0.87
        assert ["is resampled to the model's 0.5 m, and the map back" in note for note in notices] == [True] * resampled


def test_evaluation_resamples_to_the_model_and_says_so(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig
) -> None:
    root = write_set({"a": 0.5, "b": 0.5, "c": 0.25}, grey)
    (root / "train.txt").write_text("a\n")
    (root / "val.txt").write_text("b\n")
    data = folder_data(root / "images", root / "masks", schema, root / "train.txt", root / "val.txt")
    result = RecordedRun(config.model_copy(update=EASY), root / "run").fit(data)
    areas = evaluation_areas(root / "images", root / "masks", schema)
    events: list[Event] = []
    evaluation = evaluate(result.bundle, areas, "cpu", events.append)
    assert evaluation.pixels == 2 * 120 * 120
    left_out, resampled = (event.message for event in events if isinstance(event, Notice))
    assert left_out.startswith("14400 of 86400 pixels are left out, since the model was trained on them (a)")
    assert resampled == ("one of 2 images is resampled to the model's 0.5 m per pixel, at which accuracy is measured")


def test_ground_trained_at_another_resolution_does_not_count(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig
) -> None:
    root = write_set({"a": 0.5, "b": 0.25, "c": 0.5, "d": 0.25, "e": 0.5}, grey)
    data = folder_data(root / "images", root / "masks", schema, None, root / "val.txt")
    upper = [replace(area, window=replace(area.window, height=60)) for area in data.train]
    result = RecordedRun(config, root / "run").fit(replace(data, train=tuple(upper)))
    areas = evaluation_areas(root / "images", root / "masks", schema)
    evaluation = evaluate(result.bundle, areas, "cpu")
    own_px = [area.native_window.pixels for area in upper]
    assert own_px == [60 * 120, 120 * 240, 60 * 120, 120 * 240]
    assert (evaluation.left_out_px, evaluation.pixels) == (sum(own_px), 4 * 60 * 120 + 120 * 120)


def test_without_a_crs_nothing_is_claimed(tmp_path: Path, schema: ClassSchema, config: TrainConfig) -> None:
    truth = (np.mgrid[:90, :90][0] > 40).astype(np.uint8)
    for stem in "ab":
        write_raster(tmp_path / "images" / f"{stem}.tif", grey(truth, np.random.default_rng(0)))
        write_raster(tmp_path / "masks" / f"{stem}.tif", schema.value_table()[truth])
    (tmp_path / "val.txt").write_text("b\n")
    data, result, notices = train(tmp_path, schema, config, ReadOptions(resolution_m=0.5))
    assert any("none is resampled" in notice for notice in notices)
    assert result.bundle.header.ground_resolution_m is None
    assert data.val[0].window.width == 90
    assert predicted(result.bundle, tmp_path, "b")[1] == []


def infrared(truth: np.ndarray, rng: Any) -> np.ndarray:
    """Return four bands of 16 bit of which only the last separates the classes, with a few saturated pixels."""
    pixels = rng.normal(3000, 300, (4, *truth.shape))
    pixels[3] = np.where(truth, 900, 2600) + rng.normal(0, 150, truth.shape)
    pixels[:, 3, 5:9] = 65535
    return pixels.astype(np.uint16)


def test_four_bands_of_16_bit(write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig) -> None:
    root = write_set({"a": 0.5, "b": 0.5, "c": 0.5}, infrared)
    _, result, _ = train(root, schema, config, ReadOptions(("4", "1")))
    assert (result.bundle.header.bands, result.bundle.header.dtype, result.bundle.header.band_names) == (
        (4, 1),
        "uint16",
        (),
    )
    assert result.bundle.header.normalisation.std[1] == pytest.approx(300, rel=0.1)
    assert result.best_miou > 0.75
    assert agreement(predicted(result.bundle, root, "c")[0], root, "c") > 0.87


def elevation(truth: np.ndarray, rng: Any) -> np.ndarray:
    """Return two bands, in one corner without data, in another only the second."""
    pixels = (np.where(truth, 431.2, 432.8) + rng.normal(0, 0.2, (2, *truth.shape))).astype(np.float32)
    pixels[:, :20, :30] = np.nan
    pixels[1, :20, -30:] = np.nan
    return pixels


@pytest.mark.parametrize("metres", [None, 0.8])
def test_floats_with_nan_as_nodata(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig, metres: float | None
) -> None:
    root = write_set({"a": 0.5, "b": 0.5, "c": 0.5}, elevation, nodata=np.nan)
    _, result, _ = train(root, schema, config, ReadOptions(resolution_m=metres))
    assert result.bundle.header.normalisation.mean[0] == pytest.approx(432.3, abs=0.3)
    assert result.best_miou > 0.75
    values, _ = predicted(result.bundle, root, "c")
    nodata = np.zeros(values.shape, np.bool_)
    nodata[:20, :30] = nodata[:20, -30:] = True
    assert np.array_equal(values == 255, nodata)
    assert agreement(values, root, "c") > 0.87
    with pytest.raises(ModelError, match="has uint8 pixels, but the model was trained on float32"):
        predicted(result.bundle, write_set({"d": 0.5}, lambda *how: np.stack([grey(*how)] * 2)), "d")


@pytest.mark.imagery
@pytest.mark.parametrize(
    ("name", "bands", "dtype"),
    [("naip_4band_epsg26914.tif", ("1", "Green", "blue", "4"), "uint8"), ("uint16_1band_epsg32616.tif", (), "uint16")],
)
@pytest.mark.slow
def test_real_imagery_of_other_kinds(
    imagery: Path,
    tmp_path: Path,
    schema: ClassSchema,
    config: TrainConfig,
    name: str,
    bands: tuple[str, ...],
    dtype: str,
) -> None:
    """Dark is water, else land: a mask made of the last band itself, so that a network can find it."""
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.tif").symlink_to(imagery / "formats" / name)
    with RasterSource(images / "a.tif") as source:
        last = source.read(source.grid.window)[-1]
        valid = source.read_valid(source.grid.window)
        georeference = {"crs": source.grid.crs, "transform": source.grid.transform}
    truth = (last < np.median(last[valid])).astype(np.uint8)
    write_raster(tmp_path / "masks" / "a.tif", schema.value_table()[truth], **georeference)
    data = folder_data(images, tmp_path / "masks", schema, read_options=ReadOptions(bands))
    settings = {"epochs": 3, "learning_rate": 0.02, "bands": bands}
    result = RecordedRun(config.model_copy(update=settings), tmp_path / "run").fit(data)
    assert (result.bundle.header.bands, result.bundle.header.dtype) == (tuple(range(1, len(bands or "1") + 1)), dtype)
    assert result.best_miou > 0.4
    coarse = with_header(result.bundle, ground_resolution_m=2 * (data.ground_resolution_m or 0))
    values, notices = predicted(coarse, tmp_path, "a")
    assert "resampled to the model's" in notices[0]
    assert np.array_equal(values == 255, ~valid)
