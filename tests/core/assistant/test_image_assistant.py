from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.assistant import image_assistant
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.image_assistant import ImageAssistant, RowOrigin
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.events import JobControl, JobStopped
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.edit import FinishedEdit
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import StrokeRegion
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget

FIELD, WATER = 4, 8
SIZE = 600, 320
"""Width and height: two tiles side by side, of which the right one is narrow."""
ALL = PixelWindow(0, 0, *SIZE)


def landscape(bands: int = 3, seed: int = 0) -> np.ndarray:
    """Return rough green fields above smooth dark water."""
    rng = np.random.default_rng(seed)
    land = np.arange(SIZE[1]) < 160
    pixels = rng.normal(60, 3, (bands, SIZE[1], SIZE[0]))
    pixels[:, land] += rng.normal(40, 25, (bands, 160, SIZE[0]))
    pixels[1, land] += 30
    return pixels.clip(1, 255).astype(np.uint8)


class Opened:
    """An image with its labels and an assistant."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        source = stack.enter_context(RasterSource(path))
        self.reader = PyramidReader(source)
        stack.callback(self.reader.close)
        self.scale = ImageScale.of(source)
        self.labels = LabelRaster(*SIZE)
        self.assistant = ImageAssistant(
            path.name, self.reader, self.labels, self.cells, lambda: self.scale, TileBudget(1 << 24)
        )

    def cells(self, key: TileKey) -> np.ndarray:
        tile = read_tile_image(self.reader, key, self.scale)
        return cut_cells(tile.rgb, tile.valid).ids

    def stroke(self, y: float, value: int, x: tuple[float, float] = (20, 120)) -> FinishedEdit:
        edit = self.labels.begin()
        edit.paint(StrokeRegion(((x[0], y), (x[1], y)), 12), value)
        finished = edit.finish()
        assert finished is not None
        return finished


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def image(tmp_path: Path, stack: ExitStack) -> Opened:
    return Opened(write_raster(tmp_path / "a.tif", landscape()), stack)


def accuracy(values: np.ndarray) -> float:
    truth = np.where(np.arange(SIZE[1])[:, None] < 160, FIELD, WATER)
    return float((values == truth).mean())


def test_two_strokes_make_a_map_of_the_view(image: Opened) -> None:
    assert image.assistant.suggest(0, ALL, (FIELD, WATER)) is None
    image.stroke(80, FIELD)
    assert image.assistant.suggest(0, ALL, (FIELD, WATER)) is None
    image.stroke(240, WATER)
    found = image.assistant.suggest(0, ALL, (FIELD, WATER))
    assert found is not None
    assert found.window == ALL
    assert accuracy(found.values) > 0.9
    assert found.confidence.min() > 100


def test_undo_and_redo_change_it_back_and_forth(image: Opened) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    before = image.assistant.suggest(0, ALL, (FIELD, WATER))
    wrong = image.stroke(200, FIELD, (10, 590))
    during = image.assistant.suggest(0, ALL, (FIELD, WATER))
    image.labels.apply(wrong.delta.inverted())
    after = image.assistant.suggest(0, ALL, (FIELD, WATER))
    assert before is not None
    assert during is not None
    assert after is not None
    assert (before.values == after.values).all()
    assert (before.values != during.values).any()


def test_labels_out_of_view_count(image: Opened) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    found = image.assistant.suggest(0, PixelWindow(580, 0, 20, 320), (FIELD, WATER))
    assert found is not None
    assert found.window == PixelWindow(512, 0, 88, 320)
    assert accuracy(found.values) > 0.85
    reason = found.suggestion.reasons(TileKey(0, 0, 1), 0)[0]
    assert reason.origin == RowOrigin("a.tif", TileKey(0, 0, 0))


def test_an_unlabelled_image_starts_with_the_labels_of_another(image: Opened, tmp_path: Path, stack: ExitStack) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    other = Opened(write_raster(tmp_path / "b.tif", landscape(seed=5)), stack)
    rows = image.assistant.row_groups(0, 0.3)
    found = other.assistant.suggest(0, ALL, (FIELD, WATER), rows)
    assert found is not None
    assert accuracy(found.values) > 0.9
    key = TileKey(0, 0, 0)
    reason = found.suggestion.reasons(key, int(other.cells(key)[80, 70]))[0]
    assert isinstance(reason.origin, RowOrigin)
    assert reason.origin.image == "a.tif"
    assert reason.origin.position(reason)[1] == pytest.approx(80, abs=20)


def test_a_coarse_level_is_labelled_by_coarse_labels(image: Opened) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    found = image.assistant.suggest(1, ALL, (FIELD, WATER))
    assert found is not None
    assert found.values.shape == (160, 300)
    assert accuracy(found.values.repeat(2, axis=0).repeat(2, axis=1)) > 0.85


def test_four_bands_of_16_bits_with_a_hole(tmp_path: Path, stack: ExitStack) -> None:
    pixels = landscape(4).astype(np.uint16) * 200
    pixels[:, 100:140, 300:400] = 0
    image = Opened(write_raster(tmp_path / "c.tif", pixels, nodata=0), stack)
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    found = image.assistant.suggest(0, ALL, (FIELD, WATER))
    assert found is not None
    assert (found.values[100:140, 300:400] == UNLABELLED).all()
    assert (found.values == UNLABELLED).sum() == 4000
    assert accuracy(found.values) > 0.88


def test_an_image_without_data_has_nothing_to_suggest(tmp_path: Path, stack: ExitStack) -> None:
    image = Opened(write_raster(tmp_path / "d.tif", np.zeros((3, *SIZE[::-1]), np.uint8), nodata=0), stack)
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    assert image.assistant.suggest(0, ALL, (FIELD, WATER)) is None


def test_it_stops_on_request(image: Opened) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        image.assistant.suggest(0, ALL, (FIELD, WATER), control=control)


def test_after_closing_labels_are_no_longer_followed(image: Opened) -> None:
    image.assistant.close()
    image.stroke(80, FIELD)
    assert not image.labels._subscribers


def test_rows_of_an_image_with_other_bands_do_not_count(image: Opened, tmp_path: Path, stack: ExitStack) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    four = Opened(write_raster(tmp_path / "e.tif", landscape(5)), stack)
    assert four.assistant.suggest(0, ALL, (FIELD, WATER), image.assistant.row_groups(0, 0.3)) is None


def test_labels_out_of_view_can_wait(image: Opened) -> None:
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    seen = PixelWindow(580, 0, 20, 320)
    assert not image.assistant.is_complete(0, seen)
    assert image.assistant.suggest(0, seen, (FIELD, WATER), complete=False) is None
    later = image.assistant.suggest(0, seen, (FIELD, WATER))
    assert image.assistant.is_complete(0, seen)
    again = image.assistant.suggest(0, seen, (FIELD, WATER), complete=False)
    assert later is not None
    assert again is not None
    assert (later.values == again.values).all()


def test_without_two_classes_nothing_is_read_of_the_image(image: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image.assistant._features, "of", lambda key: pytest.fail(f"{key} is read"))
    assert image.assistant.suggest(0, ALL, (FIELD, WATER)) is None
    image.stroke(80, FIELD)
    image.stroke(240, 9)  # of no class that there is
    assert image.assistant.suggest(0, ALL, (FIELD, WATER)) is None


def test_a_first_suggestion_is_for_the_middle_of_the_view(image: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_assistant, "FIRST_TILES", 1)
    image.stroke(80, FIELD)
    image.stroke(240, WATER)
    keys = [TileKey(0, 0, column) for column in (0, 1)]
    monkeypatch.setattr(image_assistant, "tiles_around", lambda *_: keys)
    assert not image.assistant.has_much_to_do(0, ALL)
    found = image.assistant.suggest(0, ALL, (FIELD, WATER), first=True)
    assert found is not None
    assert found.suggestion.tiles == (keys[0],)
    assert found.window == PixelWindow(0, 0, 512, 320)
    whole = image.assistant.suggest(0, ALL, (FIELD, WATER))
    assert whole is not None
    assert set(whole.suggestion.tiles) == set(keys)
    again = image.assistant.suggest(0, ALL, (FIELD, WATER), first=True)  # what is known is shown, however much it is
    assert again is not None
    assert (again.values == whole.values).all()


def test_the_middle_comes_first(image: Opened) -> None:
    keys = [TileKey(0, row, column) for row in range(5) for column in range(5)]
    order = image.assistant._missing(keys)
    assert order[0] == TileKey(0, 2, 2)
    assert set(order[-4:]) == {TileKey(0, row, column) for row in (0, 4) for column in (0, 4)}
