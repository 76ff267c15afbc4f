from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.compute.devices import precision_for
from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import JobStopped
from landseg_core.events import JobControl, Progress, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics import blocks
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.raster.views import RasterView
from landseg_core.training import validation
from landseg_core.training.losses import cross_entropy_sum
from landseg_core.training.network import Network
from landseg_core.training.validation import Validator, counted_windows

CPU = torch.device("cpu")
NORMALISATION = Normalisation((100.0, 100.0, 120.0), (40.0, 30.0, 50.0))


def area(x: int, y: int, width: int, height: int) -> LabelledArea:
    return LabelledArea("a", Path("a.tif"), Path("a.png"), PixelWindow(x, y, width, height))


@given(
    st.integers(0, 50), st.integers(0, 50), st.integers(1, 150), st.integers(1, 150), st.integers(0, 3),
    st.integers(0, 20), st.integers(30, 120),
)  # fmt: skip
def test_every_pixel_is_counted_once_with_all_around_it_that_matters(
    x: int, y: int, width: int, height: int, depth: int, radius: int, side: int
) -> None:
    stride = 1 << depth
    whole = area(x, y, width, height)
    counted = np.zeros((height, width), int)
    for window in counted_windows(whole, stride, radius, side):
        inner, outer = window.counted, window.read
        counted[inner.shifted(-x, -y).slices()] += 1
        assert whole.window.contains(outer)
        assert outer.contains(inner)
        assert (outer.x - x) % stride == (outer.y - y) % stride == 0
        surroundings = PixelWindow(
            inner.x - radius, inner.y - radius, inner.width + 2 * radius, inner.height + 2 * radius
        )
        assert outer.contains(surroundings.intersection(whole.window) or outer)
        margins = 2 * (radius + stride)
        assert max(outer.width, outer.height) <= max(side, stride + margins) + stride
    assert (counted == 1).all()


@given(st.integers(1, 9000), st.sampled_from([1, 16, 32, 64]), st.integers(193, 5000))
def test_a_network_of_any_reach_counts_at_least_half_of_each_side(length: int, stride: int, radius: int) -> None:
    for window in counted_windows(area(0, 0, length, 9000 - length + 1), stride, radius, validation.WINDOW_SIDE):
        assert max(window.read.width, window.read.height) <= 1280 + stride
        assert 2 * window.counted.width >= window.read.width
        assert 2 * window.counted.height >= window.read.height


@given(
    st.integers(0, 50), st.integers(0, 50), st.integers(1, 150), st.integers(1, 150), st.integers(0, 3),
    st.integers(0, 20), st.integers(30, 120), st.integers(1, 4),
)  # fmt: skip
def test_halves_count_the_same_and_see_all_around_it_that_matters(
    x: int, y: int, width: int, height: int, depth: int, radius: int, side: int, times: int
) -> None:
    stride = 1 << depth
    whole = area(x, y, width, height)
    windows = list(counted_windows(whole, stride, radius, side))
    for _ in range(times):
        windows = [half for window in windows for half in window.halves(radius, stride)]
    counted = np.zeros((height, width), int)
    for window in windows:
        inner, outer = window.counted, window.read
        counted[inner.shifted(-x, -y).slices()] += 1
        assert whole.window.contains(outer)
        assert (outer.x - x) % stride == (outer.y - y) % stride == 0
        surroundings = PixelWindow(
            inner.x - radius, inner.y - radius, inner.width + 2 * radius, inner.height + 2 * radius
        )
        assert outer.contains(surroundings.intersection(whole.window) or outer)
    assert (counted == 1).all()


def a_network() -> Network:
    """A network of random weights that answers with all classes, in float32."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = build_model("tiny", 3, 3)
    return Network(model, NORMALISATION, CPU, precision_for(CPU, "fp32"))


@pytest.fixture
def large(schema: ClassSchema, tmp_path: Path) -> LabelledArea:
    """A part of an image that takes several windows of 96 px."""
    rng = np.random.default_rng(3)
    truth = rng.choice([0, 1, 2, 255], (170, 260))
    table = schema.value_table()
    image = write_raster(tmp_path / "p.tif", rng.integers(0, 255, (3, 170, 260), np.uint8))
    mask = write_raster(tmp_path / "m.png", table[truth])
    return LabelledArea("p", image, mask, PixelWindow(10, 5, 243, 151))


def seen_at_once(network: Network, reader: AreaReader, area: LabelledArea) -> tuple[np.ndarray, float]:
    pixels, labels = reader.read(area)
    network.model.eval()
    with torch.no_grad():
        logits = network.logits(pixels[None])
    matrix = ConfusionMatrix(3)
    matrix.add(labels, logits[0].argmax(0).numpy().astype(np.uint8))
    return matrix.counts, float(cross_entropy_sum(logits, torch.from_numpy(labels[None]))) / matrix.pixels


def test_a_sample_of_the_map_is_calibrated_beside_the_counts_and_nodata_is_no_map(
    large: LabelledArea, schema: ClassSchema, tmp_path: Path
) -> None:
    network, reader = a_network(), AreaReader(schema)
    plain = Validator(network, 3, [large], reader).measure("test", ignore_event, lambda: None)
    pixels = np.random.default_rng(4).integers(1, 255, (3, 64, 64), np.uint8)
    pixels[:, :, 32:] = 0
    hole = replace(large, image=write_raster(tmp_path / "hole.tif", pixels, nodata=0), window=PixelWindow(0, 0, 64, 64))
    sample = [(hole, PixelWindow(0, 0, 64, 64))]
    validator = Validator(network, 3, [large], reader, map_sample=sample)
    found = validator.measure("test", ignore_event, lambda: None)
    assert (plain.calibration, found.loss) == (None, plain.loss)
    assert (found.matrix.counts == plain.matrix.counts).all()
    assert found.calibration is not None
    with torch.no_grad():
        logits = network.frozen().logits(pixels[None])[0, :, ::8, :32:8]
    shares = np.bincount(logits.argmax(0).ravel().numpy(), minlength=3) / 32
    np.testing.assert_allclose(found.calibration.confusion.sum(axis=1), np.tile(shares, (30, 1)))
    assert found.calibration.labelled.sum() == len(found.calibration.truth)
    assert set(found.calibration.truth.tolist()) == {0, 1, 2}


def test_windows_give_what_the_whole_image_gives(
    large: LabelledArea, schema: ClassSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, reader = a_network(), AreaReader(schema)
    counts, loss = seen_at_once(network, reader, large)
    monkeypatch.setattr(validation, "WINDOW_SIDE", 96)
    validator = Validator(network, 3, [large], reader)
    assert len(validator._windows) > 6
    metrics = validator.measure("test", ignore_event, lambda: None)
    # A pixel between two classes may fall either way: sums in another order round otherwise.
    assert np.abs(metrics.matrix.counts - counts).sum() <= 2
    assert metrics.matrix.pixels == counts.sum() == np.count_nonzero(reader.read(large)[1] != 255)
    assert metrics.loss == pytest.approx(loss, rel=1e-5)


def test_blocks_are_counted_across_windows(
    large: LabelledArea, schema: ClassSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "WINDOW_SIDE", 96)
    monkeypatch.setattr(blocks, "BLOCK_SIDES", (64, 40))
    network, reader = a_network(), AreaReader(schema)
    counted = Validator(network, 3, [large], reader).measure("test", ignore_event, lambda: None).blocks
    assert (len(counted.counts), counted.side, counted.stems) == (6 * 4, 40, ("p",))
    _, labels = reader.read(large)
    first = labels[:40, :40]
    assert counted.counts[0].sum(axis=1).tolist() == [int((first == k).sum()) for k in range(3)]
    np.testing.assert_array_equal(counted.matrix.counts, counted.counts.sum(axis=0))


def test_what_is_left_out_does_not_count(
    large: LabelledArea, schema: ClassSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "WINDOW_SIDE", 96)
    network, reader = a_network(), AreaReader(schema)
    hole = PixelWindow(60, 30, 120, 90)
    left_out = {large.image: [hole], Path("elsewhere.tif"): [large.window]}
    some, every = (
        Validator(network, 3, [large], reader, areas_left_out).measure("test", ignore_event, lambda: None)
        for areas_left_out in (left_out, None)
    )
    inside = reader.read(large, hole)[1]
    assert every.matrix.pixels - some.matrix.pixels == (inside != 255).sum() > 0
    assert some.loss != every.loss


def test_what_is_left_out_is_so_at_any_size_that_the_image_is_read_at(large: LabelledArea, schema: ClassSchema) -> None:
    own = dataclasses.replace(large, window=PixelWindow(0, 0, 260, 170))
    coarse = own.with_view(RasterView((), (104, 68), (260, 170)))
    network, reader = a_network(), AreaReader(schema)
    hole = PixelWindow(50, 0, 125, 100)
    some = Validator(network, 3, [coarse], reader, {large.image: [hole]})
    labels = reader.read(coarse)[1]
    labels[:40, 20:70] = 255
    counted = some.measure("test", ignore_event, lambda: None).matrix
    assert counted.counts.sum(axis=1).tolist() == [int((labels == k).sum()) for k in range(3)]


def test_it_reports_progress_and_stops_when_asked(data: TrainingData) -> None:
    validator = Validator(a_network(), 3, data.train, data.reader())
    events: list[Progress] = []
    validator.measure("looking", events.append, lambda: None)  # type: ignore[arg-type]
    assert [(event.task, event.done, event.total) for event in events] == [
        ("looking", 96 * 80, 14750),
        ("looking", 14750, 14750),
    ]
    control = JobControl()
    with pytest.raises(JobStopped):
        validator.measure("looking", lambda _: control.stop(), control.checkpoint)


def test_a_sample_is_spread_and_labelled(large: LabelledArea, schema: ClassSchema) -> None:
    parts = [dataclasses.replace(large, window=PixelWindow(x, 0, 20, 40)) for x in range(0, 240, 20)]
    validator = Validator(a_network(), 3, parts, AreaReader(schema))
    assert validator.sampled(0.5).pixels == validator.pixels // 2
    assert validator.sampled(0.001).pixels == 20 * 40
    assert [window.area.window.x for window in validator.sampled(0.34)._windows] == [0, 60, 120, 180]
    assert validator.pixels == 12 * 800


def test_a_sample_without_labels_gets_a_window_that_has_some(schema: ClassSchema, tmp_path: Path) -> None:
    mask = np.full((20, 60), 255, np.uint8)
    mask[:, 40:] = 4
    image = write_raster(tmp_path / "p.tif", np.zeros((3, 20, 60), np.uint8))
    areas = [
        LabelledArea("p", image, write_raster(tmp_path / "m.png", mask), PixelWindow(x, 0, 20, 20)) for x in (0, 20, 40)
    ]
    sample = Validator(a_network(), 3, areas, AreaReader(schema)).sampled(0.3)
    assert sample.measure("test", ignore_event, lambda: None).matrix.pixels == 400


def test_the_probe_estimates_how_long_it_takes(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = Validator(a_network(), 3, data.train, data.reader())
    now = iter(range(1000))
    monkeypatch.setattr(validation.time, "monotonic", lambda: float(next(now)))
    # The larger window takes one tick of the clock, and the other is of nearly the same size.
    assert validator.probe(0.0) == pytest.approx(14750 / 7680)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 100))
def test_channels_last_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (1, 3, 37, 22), np.uint8)
    network = a_network_without_catalogue()
    plain = network.model(network._inputs(torch.from_numpy(pixels)))
    torch.testing.assert_close(network.logits(pixels), plain)


def a_network_without_catalogue() -> Network:
    model = build_model("unet16", 3, 3).eval()
    return Network(model, NORMALISATION, CPU, precision_for(CPU, "fp32"))
