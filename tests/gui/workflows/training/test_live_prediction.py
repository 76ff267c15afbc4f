"""The view as a network that learns sees it: what is asked for, what is shown, what is dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot
from support.viewing import grab_rgb, image_layer, mask_layer, wait_until_sharp

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewRequest
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.preview_layer import PreviewReader
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.training.live_prediction import LivePrediction, common_share

VIEW = PixelWindow(100, 100, 400, 300)


class ScriptedJob(QObject):
    reported = Signal(object)
    ended = Signal()


class Here:
    """The part in sight."""

    def __init__(self) -> None:
        self.window: PixelWindow | None = VIEW

    def __call__(self) -> PixelWindow | None:
        return self.window


@pytest.fixture
def view() -> Here:
    return Here()


@pytest.fixture
def job() -> ScriptedJob:
    return ScriptedJob()


@pytest.fixture
def live(shown: Viewport, layers: LayerStack, view: Here, job: ScriptedJob, schema: ClassSchema) -> LivePrediction:
    """Return what follows a run, over a picture of 1500 x 1100 px in a viewport."""
    live = LivePrediction(layers, view, shown)
    live.follow(job, schema)
    return live


def made(path: Path, window: PixelWindow = VIEW, value: int = 1, epoch: int = 1) -> PreviewMade:
    values = np.full((window.height // 2, window.width // 2), value, np.uint8)
    return PreviewMade(epoch, PreviewRequest(path, window), window, values)


def test_a_run_is_told_what_is_in_sight(live: LivePrediction, layers: LayerStack, view: Here) -> None:
    assert live.wanted() == PreviewRequest(layers.image.path, VIEW)
    view.window = VIEW.shifted(50, 0)
    live.record_view()
    assert live.wanted().window == VIEW.shifted(50, 0)


def test_nothing_is_wanted_without_a_run_or_when_it_is_off(live: LivePrediction, job: ScriptedJob) -> None:
    live.set_enabled(False)
    assert live.wanted() is None
    live.set_enabled(True)
    assert live.wanted() is not None
    job.ended.emit()
    assert live.wanted() is None


def test_a_preview_lies_over_the_picture(
    live: LivePrediction, layers: LayerStack, shown: Viewport, job: ScriptedJob, qtbot: QtBot
) -> None:
    job.reported.emit(made(layers.image.path))
    assert layers.present()[1] is layers.preview
    layers.preview.opacity = 1.0
    wait_until_sharp(qtbot, shown)

    def colour_at(column: float, row: float) -> tuple[int, ...]:
        x, y = shown.frame.to_device(column, row)
        return tuple(grab_rgb(shown)[int(y), int(x)])

    building = layers.preview.class_of(1).rgb
    qtbot.waitUntil(lambda: colour_at(300, 250) == building)
    assert colour_at(50, 50) != building
    assert shown.canvas.class_at(300, 250) == "building"
    job.reported.emit(made(layers.image.path, value=3, epoch=2))
    qtbot.waitUntil(lambda: colour_at(300, 250) == layers.preview.class_of(3).rgb)


def test_eye_and_opacity_stay_from_epoch_to_epoch(live: LivePrediction, layers: LayerStack, job: ScriptedJob) -> None:
    job.reported.emit(made(layers.image.path))
    layers.preview.opacity = 0.25
    layers.preview.visible = False
    job.reported.emit(made(layers.image.path, epoch=2))
    assert (layers.preview.opacity, layers.preview.visible) == (0.25, False)


@pytest.mark.parametrize(("moved", "kept"), [(20, True), (300, False)])
def test_a_view_that_has_moved_meanwhile_drops_it(
    live: LivePrediction, layers: LayerStack, view: Here, job: ScriptedJob, moved: int, kept: bool
) -> None:
    view.window = VIEW.shifted(moved, 0)
    live.record_view()
    job.reported.emit(made(layers.image.path))
    assert (layers.preview is not None) == kept


def test_another_image_drops_it(live: LivePrediction, layers: LayerStack, job: ScriptedJob, wide_picture: Path) -> None:
    former = layers.image.path
    job.reported.emit(made(former))
    layers.set_image(image_layer(wide_picture))
    assert layers.preview is None
    job.reported.emit(made(former))
    assert layers.preview is None
    assert live.wanted().image == wide_picture


def test_an_image_that_does_not_suit_is_told_until_one_does(
    live: LivePrediction, layers: LayerStack, job: ScriptedJob
) -> None:
    told: list[str] = []
    live.refused.connect(told.append)
    job.reported.emit(PreviewRefused(PreviewRequest(layers.image.path, VIEW), "town.tif has no band 4"))
    job.reported.emit(made(layers.image.path))
    assert told == ["town.tif has no band 4", ""]


def test_switched_off_it_goes_and_does_not_come_back(
    live: LivePrediction, layers: LayerStack, job: ScriptedJob
) -> None:
    job.reported.emit(made(layers.image.path))
    live.set_enabled(False)
    assert layers.preview is None
    job.reported.emit(made(layers.image.path))
    assert layers.preview is None


def test_after_the_run_a_map_takes_its_place(
    live: LivePrediction, layers: LayerStack, job: ScriptedJob, own_map: Path, plain_mask: Path, schema
) -> None:
    job.reported.emit(made(layers.image.path))
    layers.add_mask(mask_layer(plain_mask, schema))
    assert layers.preview is not None
    job.ended.emit()
    assert layers.preview is not None
    layers.add_mask(mask_layer(own_map, schema))
    assert layers.preview is None


def test_colours_follow(live: LivePrediction, layers: LayerStack, job: ScriptedJob, schema: ClassSchema) -> None:
    job.reported.emit(made(layers.image.path))
    first, *others = schema.classes
    live.recolour(ClassSchema(classes=(first.model_copy(update={"colour": "#123456"}), *others)))
    assert layers.preview.class_of(first.value).colour == "#123456"


def test_a_reader_puts_values_where_they_lie_at_every_level() -> None:
    reader = PreviewReader(1100, 600)
    assert (reader.read_tile(TileKey(0, 0, 0))[0] == 255).all()
    reader.show(PixelWindow(500, 100, 200, 200), np.repeat([[1, 2]], 100, axis=0).astype(np.uint8))
    (right,), valid = reader.read_tile(TileKey(0, 0, 1))
    assert right.shape == (512, 512)
    assert (right[100:300, : 600 - 512] == 1).all()
    assert (right[100:300, 600 - 512 : 700 - 512] == 2).all()
    assert valid.sum() == 200 * (700 - 512)
    (coarse,), _ = reader.read_tile(TileKey(1, 0, 0))
    assert (coarse[50:150, 250:300] == 1).all()
    assert (coarse[50:150, 300:350] == 2).all()
    assert (coarse != 255).sum() == 100 * 100


def test_common_share() -> None:
    assert common_share(VIEW, VIEW) == 1
    assert common_share(VIEW, VIEW.shifted(1000, 0)) == 0
    assert common_share(VIEW, VIEW.shifted(200, 0)) == pytest.approx(1 / 3)
