"""Previews of a run, with a network that learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from hypothesis import example, given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.training_data import TrainingData
from landseg_core.events import EpochFinished, Event
from landseg_core.geo.window import PixelWindow
from landseg_core.models.bundle import ModelBundle
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewRequest
from landseg_core.training import previewer
from landseg_core.training.previewer import COARSEST, MOST_PIXELS, Previewer, plan_preview
from landseg_core.training.trainer import Trainer

VIEW = PixelWindow(5, 7, 60, 50)


class Looking:
    """Somebody who looks at a part of an image, or at nothing."""

    def __init__(self, request: PreviewRequest | None) -> None:
        self.request = request

    def wanted(self) -> PreviewRequest | None:
        return self.request


class ByBrightness:
    """A network without weights: bright pixels are of class 2, the others of class 0."""

    device = torch.device("cpu")

    def frozen(self) -> ByBrightness:
        return self

    def logits(self, pixels: np.ndarray) -> torch.Tensor:
        bright = torch.from_numpy(pixels[:, :1].astype(np.float32)) / 255
        return torch.cat([1 - bright, torch.zeros_like(bright), bright], dim=1)


@pytest.fixture
def image(folders: Path) -> Path:
    return folders / "images" / "a.tif"


def shown(
    data: TrainingData, request: PreviewRequest | None, seconds: float = 2.0, seconds_per_pixel: float = 1e-9
) -> list[Event]:
    events: list[Event] = []
    Previewer(ByBrightness(), data, Looking(request), events.append).show(3, seconds_per_pixel, seconds)  # type: ignore[arg-type]
    return events


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """Return an image of 400 x 300 px whose right half is bright and whose upper 20 rows hold no data."""
    pixels = np.full((3, 300, 400), 10, np.uint8)
    pixels[:, :, 200:] = 250
    pixels[:, :20] = 0
    return write_raster(tmp_path / "halves.tif", pixels, nodata=0)


def test_values_lie_where_their_pixels_do(data: TrainingData, halves: Path) -> None:
    (made,) = shown(data, PreviewRequest(halves, PixelWindow(150, 10, 100, 200)))
    assert isinstance(made, PreviewMade)
    assert (made.epoch, made.window, made.values.shape) == (3, PixelWindow(150, 10, 100, 200), (200, 100))
    land, _, road = data.schema.values
    assert (made.values[10:, :50] == land).all()
    assert (made.values[10:, 50:] == road).all()
    assert (made.values[:10] == 255).all()


def test_a_view_beyond_the_image_is_cut(data: TrainingData, halves: Path) -> None:
    (made,) = shown(data, PreviewRequest(halves, PixelWindow(300, 200, 500, 500)))
    assert isinstance(made, PreviewMade)
    assert made.window == PixelWindow(300, 200, 100, 100)


def test_without_time_only_the_middle_piece_is_made(
    data: TrainingData, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(previewer.time, "monotonic", lambda: float(next(clock)))
    (made,) = shown(data, PreviewRequest(halves, PixelWindow(0, 0, 400, 300)), seconds=1.0, seconds_per_pixel=1e-5)
    assert isinstance(made, PreviewMade)
    assert 0 < (made.values != 255).mean() < 0.5


def test_nobody_looking_costs_nothing(data: TrainingData) -> None:
    assert shown(data, None) == []


def test_an_image_of_another_kind_is_refused_in_a_sentence(data: TrainingData, tmp_path: Path) -> None:
    grey = write_raster(tmp_path / "grey.tif", np.ones((64, 64), np.uint8))
    deep = write_raster(tmp_path / "deep.tif", np.ones((3, 64, 64), np.uint16))
    for path, words in (
        (grey, "trained on the bands 1 (Red), 2 (Green), 3 (Blue)"),
        (deep, "uint16"),
        (tmp_path / "gone.tif", "gone.tif"),
    ):
        (refused,) = shown(data, PreviewRequest(path, VIEW))
        assert isinstance(refused, PreviewRefused)
        assert words in refused.reason
    (outside,) = shown(data, PreviewRequest(grey, PixelWindow(900, 900, 5, 5)))
    assert isinstance(outside, PreviewRefused)


def test_a_run_previews_after_every_epoch_and_learns_the_same(
    config: TrainConfig, data: TrainingData, image: Path, tmp_path: Path
) -> None:
    events: list[Event] = []
    looking = Looking(PreviewRequest(image, VIEW))
    Trainer(config, tmp_path / "watched").fit(data, events.append, preview=looking)
    Trainer(config, tmp_path / "alone").fit(data)
    previews = [event for event in events if isinstance(event, PreviewMade)]
    assert [event.epoch for event in previews] == [1, 2, 3]
    assert previews[-1].values.shape == (50, 60)
    watched, alone = (ModelBundle.load(RunFolder(tmp_path / name).model) for name in ("watched", "alone"))
    assert all(torch.equal(watched.state[name], alone.state[name]) for name in watched.state)
    assert '"preview' not in (tmp_path / "watched" / "metrics.jsonl").read_text()
    assert [event.epoch for event in events if isinstance(event, EpochFinished)] == [1, 2, 3]


def test_bands_are_found_by_name_as_a_model_finds_them(data: TrainingData, tmp_path: Path) -> None:
    pixels = np.full((3, 60, 80), 10, np.uint8)
    pixels[2] = 250  # what the data set has as its first band
    turned = write_raster(tmp_path / "turned.tif", pixels, transform=Affine.translation(500, 900))
    with rasterio.open(turned, "r+") as dataset:
        dataset.descriptions = ("Blue", "Green", "Red")
    (made,) = shown(data, PreviewRequest(turned, VIEW))
    assert isinstance(made, PreviewMade)
    assert (made.values == data.schema.values[2]).all()


def test_no_memory_for_a_preview_does_not_end_the_run(
    data: TrainingData, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(ByBrightness, "logits", too_much)
    (refused,) = shown(data, PreviewRequest(halves, VIEW))
    assert isinstance(refused, PreviewRefused)
    assert refused.reason.startswith("this computer does not have enough memory for a preview")


def test_what_is_no_number_in_one_band_is_not_shown(data: TrainingData, tmp_path: Path) -> None:
    pixels = np.full((3, 60, 80), 250, np.float32)
    pixels[1, 10:20] = np.nan
    image = write_raster(tmp_path / "gaps.tif", pixels)
    (made,) = shown(replace(data, dtype="float32"), PreviewRequest(image, PixelWindow(0, 0, 80, 60)))
    assert isinstance(made, PreviewMade)
    assert (made.values[10:20] == 255).all()
    assert (made.values != 255).sum() == 50 * 80


windows = st.builds(
    PixelWindow, st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 40_000), st.integers(1, 40_000)
)
factors = st.floats(0.2, 5)
rooms = st.floats(1, 1e9)


@example(PixelWindow(0, 0, 1, 4102), 0.25, 1.0)
@example(PixelWindow(0, 0, 40_000, 1), 0.2, 1.0)
@given(windows, factors, rooms)
def test_a_plan_stays_in_its_window_and_in_its_room(window: PixelWindow, factor: float, pixels: float) -> None:
    plan = plan_preview(window, factor, pixels)
    assert window.contains(plan.window)
    room = max(128**2, min(pixels, MOST_PIXELS))
    assert plan.height * plan.width <= room + plan.height + plan.width + 1  # each side is rounded
    across = plan.window.width / plan.width
    if plan.width > 100:
        assert factor * 0.99 <= across <= factor * COARSEST * 1.01


@given(windows, factors, rooms)
def test_pieces_cover_a_plan_once_and_its_window_in_the_image(
    window: PixelWindow, factor: float, pixels: float
) -> None:
    plan = plan_preview(window, factor, min(pixels, 5e5))
    counted = np.zeros((plan.height, plan.width), np.uint8)
    whole, sizes = PixelWindow(0, 0, plan.width, plan.height), set()
    for piece in plan.pieces():
        counted[piece.slices()] += 1
        seen = plan.around(piece, 32)
        assert seen.contains(piece)
        assert whole.contains(seen)
        sizes.add((seen.width, seen.height))
    assert (counted == 1).all()
    assert len(sizes) == 1
    assert plan.in_image(PixelWindow(0, 0, plan.width, plan.height)) == plan.window


def test_what_fits_is_shown_whole_at_the_training_resolution() -> None:
    plan = plan_preview(PixelWindow(10, 20, 1000, 800), 1.0, 1e6)
    assert (plan.window, plan.width, plan.height) == (PixelWindow(10, 20, 1000, 800), 1000, 800)


def test_what_is_larger_is_shown_coarser_and_then_only_in_the_middle() -> None:
    coarser = plan_preview(PixelWindow(0, 0, 1800, 1800), 1.0, 2e6)
    assert (coarser.window.width, coarser.width) == (1800, 1414)
    middle = plan_preview(PixelWindow(0, 0, 8000, 8000), 1.0, 1e6)
    assert (middle.window, middle.width) == (PixelWindow(3300, 3300, 1400, 1400), 1000)


def test_the_middle_comes_first() -> None:
    first = next(plan_preview(PixelWindow(0, 0, 1100, 1100), 1.0, 1100**2).pieces())
    assert abs(first.x + first.width / 2 - 550) < first.width
    assert abs(first.y + first.height / 2 - 550) < first.height
