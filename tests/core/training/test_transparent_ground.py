"""Transparent ground is not trained on, validated on or mapped, wherever the alpha band stands; the choice is saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.enums import ColorInterp as Colour
from support.rasters import write_raster
from support.training import RecordedRun

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.read_options import ReadOptions
from landseg_core.errors import LandsegError, RasterError
from landseg_core.events import Event, JobControl, Notice, ignore_event
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.compatibility import open_for
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.evaluate import EvaluateTask, run_evaluate
from landseg_core.tasks.predict import PlannedMap, PredictTask, make_map
from landseg_core.training.preparation import fine_tuned_config

SIDE = 96
RGB = (Colour.red, Colour.green, Colour.blue)
RGBN_ALPHA = (*RGB, Colour.nir, Colour.alpha)
OPTIONS = PredictOptions(tile=64, overlap=16, device="cpu", confidence=True, backend="torch")
PLACE = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 5e5, 0, -0.5, 5e6)}
FLOWN = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2)) < 40


def scene(colours: tuple[Colour, ...], outside: int, seed: int, dtype: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    """Return (C, H, W) pixels of a lake in land, `outside` beyond the flown area, and (H, W) class indices."""
    rng = np.random.default_rng(seed)
    truth = (np.hypot(*(np.mgrid[:SIDE, :SIDE] - 40 - 4 * seed)) < 20).astype(np.uint8)
    ground = np.where(truth, 60, 160) + rng.normal(0, 8, (len(colours), SIDE, SIDE))
    pixels = np.where(FLOWN, ground, outside).clip(0, 255)
    alpha = [index for index, colour in enumerate(colours) if colour == Colour.alpha]
    pixels[alpha] = np.where(FLOWN, 255, 0)
    return pixels.astype(dtype), truth


@pytest.fixture
def write_set(tmp_path: Path, schema: ClassSchema) -> Callable[..., Path]:
    """Return `write_set(name, colours, outside)`, which writes three images and masks, labelled beyond the flight."""

    def write(name: str, colours: tuple[Colour, ...], outside: int, dtype: str = "uint8") -> Path:
        root = tmp_path / name
        for seed, stem in enumerate("abc"):
            pixels, truth = scene(colours, outside, seed, dtype)
            write_raster(root / "images" / f"{stem}.tif", pixels, colours=colours, **PLACE)
            write_raster(root / "masks" / f"{stem}.tif", schema.value_table()[truth], **PLACE)
        (root / "val.txt").write_text("c\n")
        return root

    return write


def data_of(root: Path, schema: ClassSchema, read_options: ReadOptions = ReadOptions()) -> Any:  # noqa: B008
    return folder_data(root / "images", root / "masks", schema, None, root / "val.txt", read_options=read_options)


def mapped(bundle: ModelBundle, raster: Path, folder: Path, alpha: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the (H, W) values and confidence of a map."""
    folder.mkdir(exist_ok=True)
    files = PlannedMap(raster, folder / "mask.tif", None, folder / "confidence.tif")
    how = dict(OPTIONS) | {"overwrite": True, "alpha": alpha}
    make_map(PredictTask(model=folder, maps=(files,), **how), files, bundle, ignore_event, JobControl())
    with RasterSource(files.tif or "") as mask, RasterSource(files.confidence or "") as confidence:
        return mask.read(mask.grid.window)[0], confidence.read(mask.grid.window)[0]


def evaluation_of(root: Path, list_file: Path | None = None) -> EvaluateTask:
    pairs = {"images": root / "images", "masks": root / "masks", "list_file": list_file}
    return EvaluateTask(model=root / "run", device="cpu", **pairs)


LAYOUTS = {
    "rgbn": (RGBN_ALPHA, "uint8"),
    "five colours": ((*RGB, Colour.undefined, Colour.nir, Colour.alpha), "uint16"),
    "alpha first": ((Colour.alpha, *RGB), "uint8"),
    "float": ((*RGB, Colour.alpha), "float32"),
}


@pytest.mark.parametrize(("colours", "dtype"), LAYOUTS.values(), ids=LAYOUTS)
def test_transparent_ground_changes_nothing(
    write_set: Callable[..., Path], schema: ClassSchema, colours: tuple[Colour, ...], dtype: str
) -> None:
    sets = [data_of(write_set(str(outside), colours, outside, dtype), schema) for outside in (0, 250)]
    data = [number + 1 for number, colour in enumerate(colours) if colour != Colour.alpha]
    black, white = sets
    assert black.bands == tuple(data)
    assert black.normalisation() == white.normalisation()
    for one, other in zip(black.train, white.train, strict=True):
        pixels, labels = black.reader().read(one)
        again, labels_again = white.reader().read(other)
        assert (pixels == again).all()
        assert (labels == labels_again).all()
        assert ((labels == 255) == ~FLOWN).all()


def test_a_run_counts_only_what_was_flown_and_its_maps_show_only_that(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig, tmp_path: Path
) -> None:
    root = write_set("set", RGBN_ALPHA, 250)
    run = RecordedRun(config, root / "run")
    result = run.fit(data_of(root, schema))
    header = read_header(root / "run")
    assert (header.bands, header.alpha) == ((1, 2, 3, 4), "auto")
    values, confidence = mapped(result.bundle, root / "images" / "c.tif", tmp_path / "map")
    assert ((values == 255) == ~FLOWN).all()
    assert ((confidence == 255) == ~FLOWN).all()
    task = evaluation_of(root, root / "val.txt")
    assert run_evaluate(task).pixels == FLOWN.sum()
    all_of_it = run_evaluate(task.model_copy(update={"alpha": "none"}))
    assert all_of_it.pixels == FLOWN.size


NEAR_INFRARED = (*RGB, Colour.alpha)


@pytest.fixture
def so_called(tmp_path: Path, schema: ClassSchema) -> Path:
    """Images whose near infrared is tagged as alpha, without nodata."""
    root = tmp_path / "nir"
    for seed, stem in enumerate("abc"):
        pixels, truth = scene((*RGB, Colour.nir), 100, seed)
        write_raster(root / "images" / f"{stem}.tif", pixels, colours=NEAR_INFRARED, **PLACE)
        write_raster(root / "masks" / f"{stem}.tif", schema.value_table()[truth], **PLACE)
    (root / "val.txt").write_text("c\n")
    return root


def test_alpha_that_may_be_near_infrared_is_reported_once(so_called: Path, schema: ClassSchema) -> None:
    notices = [notice for notice in data_of(so_called, schema).notices if "may be near infrared" in notice]
    assert len(notices) == 1
    assert "a.tif: band 4" in notices[0]
    assert "2 other images" in notices[0]
    assert not any("may be near" in notice for notice in data_of(so_called, schema, ReadOptions(alpha="none")).notices)


def test_a_model_keeps_its_alpha_and_adapts_it(
    so_called: Path, schema: ClassSchema, config: TrainConfig, tmp_path: Path
) -> None:
    run = RecordedRun(config.model_copy(update={"alpha": "none"}), so_called / "run")
    bundle = run.fit(data_of(so_called, schema, ReadOptions(alpha="none"))).bundle
    assert (bundle.header.bands, read_header(so_called / "run").alpha) == ((1, 2, 3, 4), "none")
    image = so_called / "images" / "c.tif"
    assert (mapped(bundle, image, tmp_path / "map")[0] != 255).all()
    with pytest.raises(LandsegError, match="the model needs the bands"):
        mapped(bundle, image, tmp_path / "map", "auto")
    assert run_evaluate(evaluation_of(so_called)).pixels == SIDE * SIDE  # of c; a and b were trained on

    # A raster with a real alpha, which the model does not see, keeps it.
    with_alpha = write_raster(tmp_path / "five.tif", scene(RGBN_ALPHA, 250, 2)[0], colours=RGBN_ALPHA, **PLACE)
    assert ((mapped(bundle, with_alpha, tmp_path / "map")[0] == 255) == ~FLOWN).all()
    assert (mapped(bundle, with_alpha, tmp_path / "map", "none")[0] != 255).all()


def test_a_chosen_band_is_saved_and_left_where_there_is_none(
    write_set: Callable[..., Path], schema: ClassSchema, config: TrainConfig
) -> None:
    root = write_set("set", (*RGB, Colour.nir, Colour.alpha), 250)
    for path in (root / "images").iterdir():
        with RasterSource(path, alpha="none") as source:
            pixels = source.read(source.grid.window)
        write_raster(path, pixels, photometric="rgb", alpha="unspecified", **PLACE)  # nothing is tagged
    bundle = RecordedRun(config, root / "run").fit(data_of(root, schema, ReadOptions(alpha="5"))).bundle
    assert (bundle.header.bands, bundle.header.alpha) == ((1, 2, 3, 4), "5")
    assert ((mapped(bundle, root / "images" / "c.tif", root / "map")[0] == 255) == ~FLOWN).all()
    four = write_raster(root / "four.tif", pixels[:4], photometric="minisblack", **PLACE)
    events: list[Event] = []
    with open_for(bundle.header, four) as source:
        assert source.alpha_bands == ()
        predict_raster(bundle, source, root / "four_mask.tif", None, OPTIONS, events.append)
    assert any("has no band 5 to use as alpha" in event.message for event in events if isinstance(event, Notice))


def test_a_run_that_goes_on_from_a_model_keeps_its_alpha(
    so_called: Path, schema: ClassSchema, config: TrainConfig
) -> None:
    alone = config.model_copy(update={"alpha": "none"})
    RecordedRun(alone, so_called / "run").fit(data_of(so_called, schema, alone.read_options))
    next_one = fine_tuned_config(config.model_copy(update={"start_from": str(so_called / "run")}), ["model"])
    assert next_one.alpha == "none"
    data = data_of(so_called, schema, next_one.read_options)
    assert (data.bands, data.alpha) == ((1, 2, 3, 4), "none")


def test_an_alpha_that_an_image_has_not_ends_in_one_sentence(so_called: Path, schema: ClassSchema) -> None:
    with pytest.raises(RasterError, match="no band '7' to use as alpha"):
        data_of(so_called, schema, ReadOptions(alpha="7"))


def test_models_of_older_versions_go_by_the_tags(schema: ClassSchema, tmp_path: Path) -> None:
    weights = weights_of(build_model("unet16", 3, 3))
    normalisation = Normalisation((0.0,) * 3, (1.0,) * 3)
    bundle = ModelBundle(BundleHeader("unet16", schema, (1, 2, 3), "uint8", normalisation, None, {}), weights)
    record = bundle.header.to_record()
    assert record.pop("alpha") == "auto"
    assert BundleHeader.from_record(json.loads(json.dumps(record)), tmp_path).alpha == "auto"


@pytest.fixture(scope="module")
def networks() -> dict[int, Any]:
    """Return random weights by number of bands."""
    torch.manual_seed(0)
    return {bands: weights_of(build_model("unet16", bands, 3)) for bands in range(1, 6)}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_maps_show_no_transparent_pixel_and_do_not_depend_on_it(
    tmp_path: Path, schema: ClassSchema, networks: dict[int, Any], drawn: st.DataObject
) -> None:
    bands = drawn.draw(st.integers(1, 5))
    index = drawn.draw(st.integers(0, bands))
    dtype = drawn.draw(st.sampled_from(["uint8", "uint16", "float32"]))
    colours = [Colour.undefined] * bands
    colours.insert(index, Colour.alpha)
    normalisation = Normalisation((100.0,) * bands, (50.0,) * bands)
    numbers = tuple(band for band in range(1, bands + 2) if band != index + 1)
    bundle = ModelBundle(BundleHeader("unet16", schema, numbers, dtype, normalisation, None, {}), networks[bands])
    rng = np.random.default_rng(drawn.draw(st.integers(0, 99)))
    flown = rng.random((40, 50)) < drawn.draw(st.floats(0, 1))
    pixels = rng.integers(0, 200, (bands + 1, 40, 50))
    maps = []
    for outside in (0, 255):
        shown = np.where(flown, pixels, outside)
        shown[index] = np.where(flown, 255, 0)
        path = write_raster(
            tmp_path / "any.tif", shown.astype(dtype), colours=colours, photometric="minisblack", **PLACE
        )
        maps.append(mapped(bundle, path, tmp_path / "maps"))
    assert ((maps[0][0] == 255) == ~flown).all()
    assert ((maps[0][1] == 255) == ~flown).all()
    assert all((one == other).all() for one, other in zip(*maps, strict=True))
