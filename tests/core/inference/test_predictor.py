"""From a model and a raster to maps on disk."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from affine import Affine
from support.prediction import FunctionBackend
from support.rasters import write_raster

from landseg_core.compute.device_names import DeviceError
from landseg_core.errors import JobStopped, LandsegError, ModelError, OutputError, RasterError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.layout import ReceptiveField
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.model_reference import ModelReference, read_model_reference
from landseg_core.raster.source import RasterSource
from tests.support.models import with_header

OPTIONS = PredictOptions(tile=96, overlap=32, device="cpu", confidence=True)


def changed(options: PredictOptions, **changes: Any) -> PredictOptions:
    return options.model_copy(update=changes)


@pytest.fixture(scope="session")
def untrained() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return weights_of(build_model("unet16", 3, 3))


@pytest.fixture
def bundle(schema: ClassSchema, untrained: dict[str, torch.Tensor]) -> ModelBundle:
    """Return a network whose classes follow the picture's brightness closely enough to differ over an image."""
    header = BundleHeader("unet16", schema, (1, 2, 3), "uint8", Normalisation((120.0,) * 3, (60.0,) * 3), 0.5, {})
    return ModelBundle(header, untrained)


@pytest.fixture
def raster(tmp_path: Path, north_up: Affine) -> Path:
    """Return a 150 x 110 px picture whose upper left 40 x 30 px have no data."""
    pixels = np.random.default_rng(0).integers(1, 256, (3, 110, 150), np.uint8)
    pixels[:, :30, :40] = 0
    return write_raster(tmp_path / "in" / "a.tif", pixels, nodata=0, crs="EPSG:32632", transform=north_up)


@pytest.fixture
def predict(bundle: ModelBundle, raster: Path, tmp_path: Path) -> Callable[..., list[Event]]:
    """Return `predict(options, bundle=, source=, mask=, control=)`, which writes into `out` and returns the events."""
    out = tmp_path / "out"
    out.mkdir()

    def run(options: PredictOptions = OPTIONS, control: JobControl | None = None, **other: Any) -> list[Event]:
        events: list[Event] = []
        with RasterSource(other.get("source", raster)) as source:
            predict_raster(
                other.get("bundle", bundle),
                source,
                other.get("mask", out / "a_mask.tif"),
                other.get("confidence", out / "a_confidence.tif"),
                options,
                other.get("on_event", events.append),
                control,
            )
        return events

    return run


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read(path: Path) -> np.ndarray:
    with open_dataset(path) as dataset:
        values: np.ndarray = dataset.read(1)
    return values


def test_both_maps_lie_on_the_raster(
    predict: Callable[..., list[Event]], tmp_path: Path, raster: Path, schema: ClassSchema
) -> None:
    predict()
    out = tmp_path / "out"
    assert left(out) == ["a_confidence.tif", "a_mask.tif", "a_mask.tif.aux.xml"]
    with RasterSource(raster) as source, RasterSource(out / "a_mask.tif") as mask:
        assert mask.grid == source.grid
        assert mask.nodata == 255
    assert mask_schema(out / "a_mask.tif") == schema
    values, confidence = read(out / "a_mask.tif"), read(out / "a_confidence.tif")
    assert set(np.unique(values)) <= {*schema.values, 255}
    nodata = np.zeros((110, 150), np.bool_)
    nodata[:30, :40] = True
    assert np.array_equal(values == 255, nodata)
    assert np.array_equal(confidence == 255, nodata)
    assert confidence[~nodata].min() >= 33
    assert confidence[~nodata].max() <= 100


def test_without_confidence_there_is_one_map(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    predict(changed(OPTIONS, confidence=False))
    assert left(tmp_path / "out") == ["a_mask.tif", "a_mask.tif.aux.xml"]


def test_both_maps_say_which_model_made_them(
    predict: Callable[..., list[Event]], bundle: ModelBundle, tmp_path: Path
) -> None:
    model = tmp_path / "run-3" / "model.safetensors"
    model.parent.mkdir()
    bundle.save(model)
    predict(changed(OPTIONS, window=PixelWindow(30, 20, 50, 41)), bundle=ModelBundle.load(model.parent))
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    for name in ("a_mask.tif", "a_confidence.tif"):
        assert read_model_reference(tmp_path / "out" / name) == ModelReference("model.safetensors", digest, "run-3")


def test_a_model_outside_a_run_names_none(bundle: ModelBundle, tmp_path: Path) -> None:
    bundle.save(tmp_path / "town.safetensors")
    reference = ModelBundle.load(tmp_path / "town.safetensors").reference
    assert reference
    assert (reference.file, reference.run, reference.title) == ("town.safetensors", None, "town")


def test_the_map_of_a_window_has_its_size_and_place(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    predict(changed(OPTIONS, window=PixelWindow(30, 20, 50, 41)))
    with RasterSource(tmp_path / "out" / "a_mask.tif") as mask:
        assert (mask.grid.width, mask.grid.height) == (50, 41)
        assert mask.grid.transform == Affine(0.5, 0, 399_015, 0, -0.5, 5_130_990)
        assert np.array_equal(~mask.read_valid(mask.grid.window)[:10, :10], np.ones((10, 10), np.bool_))


def test_progress_counts_the_pixels_of_the_map(predict: Callable[..., list[Event]]) -> None:
    progress = [event for event in predict() if isinstance(event, Progress)]
    assert len(progress) == 4
    assert progress[-1].done == progress[-1].total == 150 * 110
    assert all(before.done < after.done for before, after in pairwise(progress))


def test_another_ground_resolution_is_a_notice(predict: Callable[..., list[Event]], bundle: ModelBundle) -> None:
    assert not [event for event in predict() if isinstance(event, Notice)]
    options = changed(OPTIONS, overwrite=True)
    events = predict(options, bundle=with_header(bundle, ground_resolution_m=1.0))
    assert [event.message for event in events if isinstance(event, Notice)] != []


def test_a_stop_leaves_nothing_and_keeps_what_was(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    predict()
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    control = JobControl()

    def stop(event: Event) -> None:
        if isinstance(event, Progress):
            control.stop()

    with pytest.raises(JobStopped):
        predict(changed(OPTIONS, overwrite=True), control, on_event=stop)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_nothing_is_overwritten_unasked(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    confidence = tmp_path / "out" / "a_confidence.tif"
    confidence.write_text("of the user")
    with pytest.raises(OutputError, match=r"a_confidence\.tif exists already"):
        predict()
    assert left(tmp_path / "out") == ["a_confidence.tif"]
    assert confidence.read_text() == "of the user"


def test_neither_map_appears_if_one_cannot(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="missing does not exist"):
        predict(confidence=tmp_path / "missing" / "a.tif")
    assert left(tmp_path / "out") == []


def test_the_raster_and_its_parts_are_never_replaced(predict: Callable[..., list[Event]], raster: Path) -> None:
    vrt = raster.with_name("all.vrt")
    vrt.write_text(
        '<VRTDataset rasterXSize="150" rasterYSize="110">'
        + "".join(
            f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource>'
            f'<SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>{band}</SourceBand>'
            "</SimpleSource></VRTRasterBand>"
            for band in (1, 2, 3)
        )
        + "</VRTDataset>"
    )
    before = {path: path.read_bytes() for path in raster.parent.iterdir()}
    for source in (raster, vrt):
        with pytest.raises(OutputError, match=r"a\.tif is being read and cannot be the result"):
            predict(changed(OPTIONS, overwrite=True), source=source, mask=raster)
    assert {path: path.read_bytes() for path in raster.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"window": PixelWindow(100, 0, 51, 10)}, RasterError),
        ({"tile": 20}, ModelError),
        ({"device": "abacus"}, DeviceError),
    ],
)
def test_options_that_cannot_be_met_leave_nothing(
    predict: Callable[..., list[Event]], tmp_path: Path, change: dict[str, Any], error: type[LandsegError]
) -> None:
    with pytest.raises(error):
        predict(changed(OPTIONS, **change))
    assert left(tmp_path / "out") == []


def test_a_raster_with_too_few_bands_is_refused(predict: Callable[..., list[Event]], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"needs the bands 1, 2, 3, but .*grey\.tif has only 1"):
        predict(source=write_raster(tmp_path / "grey.tif", np.zeros((5, 5), np.uint8)))
    assert left(tmp_path / "out") == []


def test_the_folder_of_the_raster_is_left_alone(predict: Callable[..., list[Event]], raster: Path) -> None:
    before = left(raster.parent)
    predict()
    assert left(raster.parent) == before


def test_options_are_at_hand_without_torch() -> None:
    program = "import sys; import landseg_core.inference.predictor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(bundle: ModelBundle, tmp_path: Path) -> None:
    bundle.save(tmp_path / "model.safetensors")
    raster = write_raster(tmp_path / "big.tif", np.random.default_rng(0).integers(0, 255, (3, 600, 600), np.uint8))
    out = tmp_path / "full"
    out.mkdir()
    program = f"""
import resource, signal
from pathlib import Path
from landseg_core.compute.device_names import DeviceError
from landseg_core.errors import OutputError
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.predictor import predict_raster
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.source import RasterSource

bundle = ModelBundle.load(Path({str(tmp_path / "model.safetensors")!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
out = Path({str(out)!r})
with RasterSource(Path({str(raster)!r})) as source:
    try:
        options = PredictOptions(device="cpu", confidence=True)
        predict_raster(bundle, source, out / "m.tif", out / "c.tif", options)
    except OutputError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "could not be completed" in done.stdout
    assert left(out) == []


@pytest.mark.imagery
def test_real_imagery_gives_a_map_of_its_place(
    predict: Callable[..., list[Event]], bundle: ModelBundle, tmp_path: Path, imagery: Path
) -> None:
    source = imagery / "ortho" / "swissimage_brig_8704x6656.tif"
    window = PixelWindow(8300, 6400, 404, 256)
    predict(changed(OPTIONS, tile=256, window=window), source=source)
    with RasterSource(source) as raster, RasterSource(tmp_path / "out" / "a_mask.tif") as mask:
        assert mask.grid.crs == raster.grid.crs
        assert mask.grid.to_crs(0, 0) == pytest.approx(raster.grid.to_crs(8300, 6400))
        assert mask.read_valid(mask.grid.window).all()


@pytest.mark.imagery
def test_the_near_infrared_of_real_imagery_can_be_used(
    predict: Callable[..., list[Event]], bundle: ModelBundle, tmp_path: Path, imagery: Path
) -> None:
    predict(
        changed(OPTIONS, window=PixelWindow(100, 120, 64, 64), large=True),
        bundle=with_header(bundle, bands=(4, 1, 2)),
        source=imagery / "formats" / "naip_4band_epsg26914.tif",
    )
    with pytest.raises(ModelError, match="has only 1"):
        predict(changed(OPTIONS, overwrite=True), source=imagery / "formats" / "uint16_1band_epsg32616.tif")


@pytest.fixture
def of_brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a network in place that says `water` where the first band is bright, else `land`."""

    def scores(pixels: np.ndarray) -> np.ndarray:
        bright = pixels[0] / 200
        return np.stack([1 - bright, bright, 0 * bright])

    backend = FunctionBackend(scores, 3, ReceptiveField(16, 20))
    monkeypatch.setattr("landseg_core.inference.backends.torch_backend.TorchBackend", lambda *_how, **_options: backend)


@pytest.mark.parametrize("pixel", [0.1, 0.25, 0.5, 0.7])
def test_a_shape_keeps_its_ground_place_at_any_resolution(
    predict: Callable[..., list[Event]],
    of_brightness: None,
    bundle: ModelBundle,
    tmp_path: Path,
    pixel: float,
) -> None:
    """A bright rectangle from (6, 9) to (24, 21) m is mapped there, within half a pixel of the coarser grid."""
    size = round(30 / pixel)
    centres = (np.arange(size) + 0.5) * pixel
    inside = ((centres > 9) & (centres < 21))[:, None] & ((centres > 6) & (centres < 24))
    pixels = np.where(inside, 200, 0).astype(np.uint8)[None].repeat(3, axis=0)
    place = Affine(pixel, 0, 500_000, 0, -pixel, 5e6)
    source = write_raster(tmp_path / "in" / "shape.tif", pixels, crs="EPSG:32632", transform=place)
    events = predict(bundle=with_header(bundle, ground_resolution_m=0.25), source=source)
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert [
        f"shows {pixel:.3g} m of ground per pixel: it is resampled to the model's 0.25 m" in n for n in notices
    ] == ([] if pixel == 0.25 else [True])
    with RasterSource(tmp_path / "out" / "a_mask.tif") as mask, RasterSource(source) as raster:
        assert mask.grid == raster.grid
    water = read(tmp_path / "out" / "a_mask.tif") == 4
    for axis, truth in ((0, (6, 24)), (1, (9, 21))):
        along = np.flatnonzero(water.any(axis=axis)) * pixel
        assert abs(along[0] - truth[0]) <= 0.5 * max(pixel, 0.25) + pixel / 2
        assert abs(along[-1] + pixel - truth[1]) <= 0.5 * max(pixel, 0.25) + pixel / 2
    assert water.sum() * pixel**2 == pytest.approx(18 * 12, rel=0.1)


def test_tta_of_a_rotated_image_gives_the_rotated_map(
    predict: Callable[..., list[Event]], bundle: ModelBundle, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (3, 64, 96), np.uint8)
    sure = dict(bundle.state, **{"head.weight": 50 * bundle.state["head.weight"]})
    predict = partial(predict, bundle=replace(bundle, state=sure))
    maps = []
    for quarters in (0, 1):
        place = write_raster(tmp_path / f"{quarters}.tif", np.rot90(pixels, quarters, (1, 2)))
        predict(changed(OPTIONS, tta=True, overwrite=True), source=place)
        maps.append(read(tmp_path / "out" / "a_confidence.tif").astype(int))
    assert np.abs(np.rot90(maps[0]) - maps[1]).mean() < 1
    predict(changed(OPTIONS, overwrite=True), source=place)
    assert np.abs(np.rot90(maps[0]) - read(tmp_path / "out" / "a_confidence.tif")).mean() > 2


def test_resampling_can_be_switched_off(
    predict: Callable[..., list[Event]], bundle: ModelBundle, tmp_path: Path
) -> None:
    predict()
    same = read(tmp_path / "out" / "a_confidence.tif")
    options = changed(OPTIONS, overwrite=True, resolution="own")
    events = predict(options, bundle=with_header(bundle, ground_resolution_m=1.0))
    assert next(event.message for event in events if isinstance(event, Notice)).endswith("the map may be poor")
    assert np.array_equal(read(tmp_path / "out" / "a_confidence.tif"), same)
    predict(changed(options, resolution="model"), bundle=with_header(bundle, ground_resolution_m=1.0))
    assert not np.array_equal(read(tmp_path / "out" / "a_confidence.tif"), same)


def test_chosen_bands_are_those_that_the_network_sees(
    predict: Callable[..., list[Event]], tmp_path: Path, raster: Path
) -> None:
    predict()
    same = read(tmp_path / "out" / "a_confidence.tif")
    with RasterSource(raster) as source:
        pixels, grid = source.read(source.grid.window), source.grid
    turned = pixels[[2, 0, 1]]
    place = {"nodata": 0, "crs": grid.crs, "transform": grid.transform}
    other = write_raster(tmp_path / "in" / "turned.tif", turned, photometric="minisblack", **place)
    predict(changed(OPTIONS, overwrite=True), source=other)
    assert not np.array_equal(read(tmp_path / "out" / "a_confidence.tif"), same)
    predict(changed(OPTIONS, overwrite=True, bands=("2", "3", "1")), source=other)
    assert np.array_equal(read(tmp_path / "out" / "a_confidence.tif"), same)
