"""Suggestions that begin with the predictions of a model, and follow labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.assistant.features import CellFeatures
from landseg_core.assistant.filters import MARGIN, texture_maps
from landseg_core.assistant.image_assistant import RowOrigin, SuggestedView
from landseg_core.assistant.last_layer import LastLayerMaps
from landseg_core.assistant.model_assistant import ModelAssistant
from landseg_core.assistant.model_suggestion import ModelClasses
from landseg_core.assistant.model_tiles import ModelTiles
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.events import JobControl, JobStopped
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget

SIZE = 640, 96
ALL = PixelWindow(0, 0, *SIZE)
LEFT, RIGHT = TileKey(0, 0, 0), TileKey(0, 0, 1)
DARK, BRIGHT, RED = 4, 9, 7


def schema(*names: str) -> ClassSchema:
    values = {"dark": DARK, "bright": BRIGHT, "red": RED}
    return ClassSchema(classes=tuple(LandClass(value=values[name], name=name, colour="#808080") for name in names))


OWN = schema("bright", "dark")
HEADER = BundleHeader("unet16", OWN, (1, 2, 3), "uint8", Normalisation((0, 0, 0), (1, 1, 1)), None, {})


def landscape() -> np.ndarray:
    """Return three stripes: dark, bright, and red, which a model that sees green alone takes for dark."""
    stripes = np.repeat(np.array([[40, 40, 40], [200, 200, 200], [200, 40, 40]]), SIZE[1] // 3, axis=0)
    pixels = np.broadcast_to(stripes.T[:, :, np.newaxis], (3, SIZE[1], SIZE[0]))
    return (pixels + np.random.default_rng(0).integers(-15, 15, (3, SIZE[1], SIZE[0]))).astype(np.uint8)


class Green:
    """A network that is sure by green alone, and whose last layer sees red as well."""

    stride = 16

    def __init__(self) -> None:
        self.runs = 0

    def maps(self, pixels: np.ndarray) -> LastLayerMaps:
        self.runs += 1
        planes = pixels.astype(np.float32) / 255 - 0.5
        logits = np.stack([planes[1] * 2, -planes[1] * 2])
        scores = logits - np.log(np.exp(logits).sum(axis=0))
        return LastLayerMaps(planes, scores.astype(np.float32), 1)


class Opened:
    """An image with its labels and an assistant."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        source = stack.enter_context(RasterSource(path))
        reader = PyramidReader(source)
        stack.callback(reader.close)
        scale = ImageScale.of(source)
        self.labels, self.network = LabelRaster(*SIZE), Green()

        def cells(key: TileKey) -> np.ndarray:
            tile = reader.pyramid.tile_window(key)
            row, column = (np.arange(size) // 16 for size in (tile.height, tile.width))
            return (row[:, np.newaxis] * -(-tile.width // 16) + column).astype(np.int32)

        def pixels(key: TileKey) -> tuple[np.ndarray, np.ndarray]:
            tile = read_tile_image(reader, key, scale, MARGIN)
            return tile.bands, tile.valid

        self.budget = TileBudget(1 << 26)
        features = CellFeatures(pixels, cells, (texture_maps,), TileBudget(1 << 26))
        tiles = ModelTiles(self.network, HEADER, reader, cells, self.budget)
        self.assistant = ModelAssistant(path.stem, tiles, features, cells, self.labels)

    def label(self, box: tuple[int, int, int, int], value: int) -> None:
        edit = self.labels.begin()
        edit.paint(RectangleRegion(box[:2], box[2:]), value)
        edit.finish()

    def suggest(self, wanted: ClassSchema = OWN, seen: PixelWindow = ALL) -> SuggestedView:
        for part in self.assistant.missing(0, seen):
            self.assistant.compute(part)
        found = self.assistant.suggest(0, seen, ModelClasses.of(OWN, wanted))
        assert found is not None
        return found


@pytest.fixture
def open_() -> Iterator[Callable[[Path], Opened]]:
    with ExitStack() as stack:
        yield lambda path: Opened(path, stack)


@pytest.fixture
def image(tmp_path: Path, open_: Callable[[Path], Opened]) -> Opened:
    return open_(write_raster(tmp_path / "a.tif", landscape()))


def stripes(found: SuggestedView, value: int) -> list[float]:
    """Return which share of each stripe has a class value, away from its edges."""
    parts = found.values.reshape(3, SIZE[1] // 3, -1)[:, 8:-8]
    return [float((part == value).mean()) for part in parts]


def test_without_labels_it_is_what_the_model_predicts(image: Opened) -> None:
    found = image.suggest()
    green = landscape()[1]
    assert found.window == ALL
    assert (found.values == np.where(green / 255 > 0.5, BRIGHT, DARK)).all()
    share = 1 / (1 + np.exp(-4 * np.abs(green / 255 - 0.5)))
    assert np.abs(found.confidence / 255 - share).max() < 0.01
    assert found.suggestion.reasons(LEFT, 3) == []


def test_one_label_bends_it_where_cells_are_alike_and_nowhere_else(image: Opened) -> None:
    image.suggest()
    image.label((16, 70, 64, 90), BRIGHT)
    found = image.suggest()
    assert stripes(found, BRIGHT) == pytest.approx([0, 1, 0.65], abs=0.15)
    assert (found.values[72:88, 16:64] == BRIGHT).all()
    (reason, *_) = found.suggestion.reasons(RIGHT, 5 * 8 + 3)
    assert reason.origin == RowOrigin("a", LEFT)
    assert 16 <= reason.position[0] <= 64
    assert 70 <= reason.position[1] <= 90
    assert found.suggestion.reasons(RIGHT, 3) == []  # as the model predicts


def test_a_class_that_the_model_does_not_know_comes_from_labels_alone(image: Opened) -> None:
    wanted = schema("dark", "bright", "red")
    before = image.suggest(wanted)
    assert (before.confidence == image.suggest().confidence).all()
    assert stripes(before, RED) == [0, 0, 0]
    image.label((16, 70, 64, 90), RED)
    image.label((16, 8, 64, 24), DARK)
    image.label((16, 40, 64, 56), BRIGHT)
    assert stripes(image.suggest(wanted), RED) == pytest.approx([0, 0, 1], abs=0.1)


def test_a_class_that_the_project_lacks_is_left_out(image: Opened) -> None:
    assert stripes(image.suggest(schema("dark", "red")), DARK) == [1, 1, 1]


def test_undoing_a_label_gives_the_former_suggestion(image: Opened) -> None:
    before = image.suggest()
    edit = image.labels.begin()
    edit.paint(RectangleRegion((16, 70), (64, 90)), BRIGHT)
    finished = edit.finish()
    assert finished is not None
    assert (image.suggest().values != before.values).any()
    image.labels.apply(finished.delta.inverted())
    assert (image.suggest().values == before.values).all()


def test_a_refit_runs_no_network(image: Opened) -> None:
    image.suggest()
    runs = image.network.runs
    image.label((16, 70, 64, 90), BRIGHT)
    assert image.assistant.missing(0, ALL) == []
    image.suggest()
    assert image.network.runs == runs == 2


def test_the_middle_of_the_view_comes_first_and_can_be_shown_alone(image: Opened) -> None:
    seen = PixelWindow(600, 0, 40, 96)
    assert image.assistant.suggest(0, seen, ModelClasses.of(OWN, OWN)) is None
    parts = image.assistant.missing(0, seen)
    assert RIGHT in parts[0]
    image.assistant.compute([RIGHT])
    found = image.assistant.suggest(0, ALL, ModelClasses.of(OWN, OWN))
    assert found is not None
    assert found.window == PixelWindow(512, 0, 128, 96)


def test_labels_out_of_view_count_once_they_are_known(image: Opened) -> None:
    image.label((16, 70, 64, 90), BRIGHT)
    seen = PixelWindow(639, 0, 1, 96)
    assert [LEFT] in image.assistant.missing(0, PixelWindow(600, 0, 40, 96))
    image.assistant.compute([RIGHT])
    classes = ModelClasses.of(OWN, OWN)
    before = image.assistant.suggest(0, seen, classes)
    image.assistant.compute([LEFT])
    after = image.assistant.suggest(0, seen, classes)
    assert before is not None
    assert after is not None
    assert (stripes(before, BRIGHT)[2], stripes(after, BRIGHT)[2]) == (0, pytest.approx(0.65, abs=0.15))


def test_a_view_larger_than_the_budget_is_computed_once(image: Opened) -> None:
    image.budget._max_bytes = 1000
    image.suggest()
    assert image.assistant.missing(0, ALL) == []
    assert image.suggest().window == ALL
    assert image.network.runs == 2


def test_a_tile_that_was_evicted_is_computed_again(image: Opened) -> None:
    image.label((16, 70, 64, 90), BRIGHT)
    image.suggest()
    image.assistant._model.clear()
    assert image.suggest().window == ALL
    assert image.network.runs == 4


def test_it_stops_between_tiles(image: Opened) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        image.assistant.compute([LEFT, RIGHT], control)
    assert image.network.runs == 0


def test_after_closing_labels_are_no_longer_followed(image: Opened) -> None:
    image.assistant.close()
    assert not image.labels._subscribers
