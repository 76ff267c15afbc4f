"""Labels and a prediction in turn, and only where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot
from support.rasters import HEIGHT, WIDTH
from support.viewing import image_layer, mask_layer

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion
from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import ClassLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.workflows.comparison import Comparison

FLASH_MS = 10


@pytest.fixture
def raster() -> LabelRaster:
    """Return labels of class 1 in the upper left corner, 300 x 300 px."""
    raster = LabelRaster(WIDTH, HEIGHT)
    paint(raster, PixelWindow(0, 0, 300, 300), 1)
    return raster


def paint(raster: LabelRaster, window: PixelWindow, value: int) -> None:
    edit = raster.begin()
    edit.paint(RectangleRegion((window.x, window.y), (window.right, window.bottom)), value)
    edit.finish()


@pytest.fixture
def stack(
    layers: LayerStack,
    picture: Path,
    own_map: Path,
    plain_mask: Path,
    schema: ClassSchema,
    raster: LabelRaster,
) -> Iterator[LayerStack]:
    """Return a stack with labels and two masks in sight: `own_map` over `plain_mask`."""
    layers.set_image(image_layer(picture))
    layers.set_labels(raster, schema)
    layers.add_mask(mask_layer(plain_mask, schema))
    layers.add_mask(mask_layer(own_map, schema))
    layers.masks[1].visible = True
    opened = [layers.image, *layers.masks]
    yield layers
    layers.set_labels(None)
    for layer in opened:
        layer.reader.close()
        layer.source.close()


@pytest.fixture
def comparison(stack: LayerStack) -> Comparison:
    return Comparison(stack, blink_ms=FLASH_MS)


def in_sight(stack: LayerStack) -> list[ClassLayer]:
    return [layer for layer in stack.drawn() if isinstance(layer, ClassLayer)]


def parts(stack: LayerStack) -> tuple[LabelLayer, MaskLayer, MaskLayer]:
    """Return labels, the upper and the lower mask."""
    assert stack.labels is not None
    return stack.labels, stack.masks[0], stack.masks[1]


def states(comparison: Comparison) -> tuple[bool, bool, bool]:
    return comparison.blinking, comparison.only_differences, comparison.available


def heard(signal) -> list[bool]:
    news: list[bool] = []
    signal.connect(news.append)
    return news


def test_labels_and_the_topmost_mask_are_shown_in_turn(comparison: Comparison, stack: LayerStack, qtbot: QtBot) -> None:
    labels, upper, _ = parts(stack)
    comparison.blinking = True
    seen = [in_sight(stack)]
    for _ in range(3):
        qtbot.waitUntil(lambda: in_sight(stack) != seen[-1])
        seen.append(in_sight(stack))
    assert seen == [[upper], [labels], [upper], [labels]]


def test_afterwards_eyes_and_opacities_are_as_before(comparison: Comparison, stack: LayerStack, qtbot: QtBot) -> None:
    labels, upper, lower = parts(stack)
    labels.opacity, lower.visible = 0.3, False
    comparison.blinking = True
    qtbot.waitUntil(lambda: in_sight(stack) == [labels])
    comparison.blinking = False
    assert [layer.visible for layer in (labels, upper, lower)] == [True, True, False]
    assert [layer.opacity for layer in (labels, upper, lower)] == [0.3, 0.6, 0.6]


def test_a_mask_that_is_not_in_sight_is_not_the_one_compared(comparison: Comparison, stack: LayerStack) -> None:
    _, upper, lower = parts(stack)
    upper.visible = False
    assert comparison.prediction is lower
    lower.visible = False
    assert comparison.prediction is upper


def test_another_mask_may_be_chosen_while_blinking(comparison: Comparison, stack: LayerStack) -> None:
    labels, _, lower = parts(stack)
    comparison.blinking = True
    comparison.choose(lower)
    assert in_sight(stack) == [lower]
    comparison.blinking = False
    assert in_sight(stack) == [lower, stack.masks[0], labels]


def test_holding_shows_the_prediction_alone(comparison: Comparison, stack: LayerStack) -> None:
    _, upper, _ = parts(stack)
    before = in_sight(stack)
    comparison.hold(held=True)
    assert in_sight(stack) == [upper]
    comparison.hold(held=False)
    assert in_sight(stack) == before
    assert not comparison.blinking


def test_holding_hides_the_labels_in_their_turn_too(comparison: Comparison, stack: LayerStack, qtbot: QtBot) -> None:
    labels, upper, _ = parts(stack)
    comparison.blinking = True
    qtbot.waitUntil(lambda: in_sight(stack) == [labels])
    comparison.hold(held=True)
    for _ in range(3):
        assert in_sight(stack) == [upper]
        qtbot.waitSignal(comparison.findChild(QTimer).timeout).wait()
    comparison.hold(held=False)
    qtbot.waitUntil(lambda: in_sight(stack) == [labels])
    qtbot.waitUntil(lambda: in_sight(stack) == [upper])


def test_hidden_overlays_come_back_for_blinking_only(comparison: Comparison, stack: LayerStack) -> None:
    stack.overlays_hidden = True
    comparison.blinking = True
    assert in_sight(stack)
    comparison.blinking = False
    assert stack.overlays_hidden


def test_a_mask_that_comes_while_blinking_waits(
    comparison: Comparison, stack: LayerStack, make_raster: Callable[..., Path], schema: ClassSchema
) -> None:
    _, upper, _ = parts(stack)
    comparison.blinking = True
    path = make_raster("new.tif", np.zeros((1, HEIGHT, WIDTH), np.uint8))
    new = mask_layer(path, schema)
    stack.add_mask(new)
    assert in_sight(stack) == [upper]
    comparison.blinking = False
    assert new.visible
    stack.remove_mask(new)
    new.source.close()


GOES: dict[str, Callable[[LayerStack], object]] = {
    "mask": lambda stack: stack.remove_mask(stack.masks[0]),
    "labels": lambda stack: stack.set_labels(None),
}


@pytest.mark.parametrize("what", GOES)
def test_all_ends_when_labels_or_mask_go(comparison: Comparison, stack: LayerStack, what: str) -> None:
    blinking, differences = heard(comparison.blinking_changed), heard(comparison.only_differences_changed)
    rest = stack.masks[1]
    comparison.only_differences = True
    comparison.blinking = True
    GOES[what](stack)
    assert (blinking, differences) == ([True, False], [True, False])
    assert states(comparison)[:2] == (False, False)
    assert rest.visible
    if stack.labels:
        assert stack.labels.visible


def test_all_ends_with_another_image(comparison: Comparison, stack: LayerStack, wide_picture: Path) -> None:
    available = heard(comparison.available_changed)
    comparison.only_differences = comparison.blinking = True
    other = image_layer(wide_picture)
    stack.set_image(other)
    assert states(comparison) == (False, False, False)
    assert available == [False]
    other.source.close()


def test_without_labels_there_is_nothing_to_compare(layers: LayerStack) -> None:
    comparison = Comparison(layers)
    blinking = heard(comparison.blinking_changed)
    comparison.blinking = comparison.only_differences = True
    comparison.hold(held=True)
    assert states(comparison)[:2] == (False, False)
    assert blinking == []


def test_it_can_be_compared_once_labels_come(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, schema: ClassSchema
) -> None:
    available = heard(comparison.available_changed)
    stack.set_labels(None)
    stack.set_labels(raster, schema)
    assert available == [False, True]


# --- only what differs


def shown(mask: MaskLayer, level: int = 0) -> np.ndarray:
    """Return (H, W): where a mask has data, at a level, put together from its tiles."""
    pyramid = mask.reader.pyramid
    width, height = pyramid.level_size(level)
    seen = np.zeros((height, width), bool)
    for key in pyramid.tiles_in(level, PixelWindow(0, 0, pyramid.width, pyramid.height)):
        seen[pyramid.tile_window(key).slices()] = mask.reader.read_tile(key)[1]
    return seen


@pytest.mark.parametrize("level", [0, 1])
def test_only_what_differs_is_shown(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, mask_values: np.ndarray, level: int
) -> None:
    paint(raster, PixelWindow(50, 200, 100, 700), 0)
    comparison.only_differences = True
    step = 1 << level
    predicted = mask_values[0, ::step, ::step]
    labels = raster.read(PixelWindow(0, 0, *predicted.shape[::-1]), level)
    expected = (predicted != 255) & (labels != 255) & (predicted != labels)
    assert expected.any()
    assert (shown(stack.masks[0], level) == expected).all()


def test_classes_are_the_same_by_name(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, schema: ClassSchema
) -> None:
    """Of the map's value 1 in the upper half the project has the class under 4, which is what is painted."""
    moved = tuple(
        item.model_copy(update={"value": {1: 4, 4: 1}.get(item.value, item.value)}) for item in schema.classes
    )
    paint(raster, PixelWindow(0, 0, 300, 300), 4)
    comparison.only_differences = True
    assert shown(stack.masks[0])[:300, 100:300].all()
    stack.set_labels(raster, ClassSchema(classes=moved))
    assert not shown(stack.masks[0]).any()


def test_a_class_that_the_project_lacks_differs_from_any(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, schema: ClassSchema
) -> None:
    stack.set_labels(raster, ClassSchema(classes=tuple(item for item in schema.classes if item.value != 1)))
    comparison.only_differences = True
    assert shown(stack.masks[0])[:300, 100:300].all()


def test_a_stroke_is_compared_at_once(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, qtbot: QtBot
) -> None:
    comparison.only_differences = True
    with qtbot.waitSignal(stack.masks[0].reread):
        paint(raster, PixelWindow(400, 0, 20, 20), 3)
    assert shown(stack.masks[0])[:20, 400:420].all()
    with qtbot.waitSignal(stack.masks[0].reread):
        raster.reload()


def test_many_strokes_are_compared_together(
    comparison: Comparison, stack: LayerStack, raster: LabelRaster, qtbot: QtBot
) -> None:
    comparison.only_differences = True
    rereads: list[None] = []
    stack.masks[0].reread.connect(lambda: rereads.append(None))
    for column in range(20):
        paint(raster, PixelWindow(400 + column, 0, 5, 5), 3)
    assert rereads == []
    qtbot.waitUntil(lambda: rereads != [])
    assert len(rereads) == 1


def test_tiles_of_the_prediction_are_read_once(
    comparison: Comparison, stack: LayerStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = stack.masks[0].reader
    reads: list[object] = []
    read_tile = reader.read_tile
    monkeypatch.setattr(reader, "read_tile", lambda key, bands=None: reads.append(key) or read_tile(key, bands))
    comparison.only_differences = True
    shown(stack.masks[0])
    shown(stack.masks[0])
    assert len(reads) == len(set(reads)) == 9


def test_switching_it_off_brings_all_back(comparison: Comparison, stack: LayerStack, raster: LabelRaster) -> None:
    labels, upper, _ = parts(stack)
    whole, reader = shown(upper), upper.reader
    comparison.only_differences = True
    assert not labels.visible
    comparison.only_differences = False
    assert labels.visible
    assert upper.reader is reader
    assert (shown(upper) == whole).all()
    rereads: list[None] = []
    upper.reread.connect(lambda: rereads.append(None))
    paint(raster, PixelWindow(400, 0, 20, 20), 3)
    assert rereads == []


def test_a_closed_eye_stays_closed(comparison: Comparison, stack: LayerStack) -> None:
    labels, _, _ = parts(stack)
    labels.visible = False
    comparison.only_differences = True
    comparison.only_differences = False
    assert not labels.visible


def test_both_at_once_end_in_any_order(comparison: Comparison, stack: LayerStack) -> None:
    before = in_sight(stack)
    comparison.blinking = True
    comparison.only_differences = True
    comparison.blinking = False
    assert not stack.labels.visible
    comparison.blinking = True
    comparison.only_differences = False
    comparison.blinking = False
    assert in_sight(stack) == before
