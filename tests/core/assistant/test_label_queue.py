from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.assistant import label_queue
from landseg_core.assistant.cell_table import CellTable
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.image_assistant import ImageAssistant, SuggestedView
from landseg_core.assistant.label_queue import (
    LabelQueue,
    Question,
    QueueRequest,
    RatedCells,
    question_level,
    queue_level,
)
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.events import JobControl, JobStopped
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget

FIELD, WATER, ROOF = 4, 8, 2
CLASSES = (FIELD, WATER, ROOF)
SIZE = 520, 200
POND = PixelWindow(390, 30, 90, 90)


def truth() -> np.ndarray:
    """Return fields with a pond, and a roof in the corner."""
    mask = np.full((SIZE[1], SIZE[0]), FIELD, np.uint8)
    mask[POND.slices()] = WATER
    mask[100:190, 20:120] = ROOF
    return mask


def landscape() -> np.ndarray:
    colours = np.zeros((256, 3))
    colours[FIELD], colours[WATER], colours[ROOF] = (90, 140, 80), (30, 50, 90), (200, 90, 70)
    noise = np.random.default_rng(0).normal(0, 4, (SIZE[1], SIZE[0], 3))
    return (colours[truth()] + noise).clip(1, 255).astype(np.uint8).transpose(2, 0, 1)


class Opened:
    """An image with its labels and a queue."""

    def __init__(self, path: Path, stack: ExitStack, resolution: float | None = None) -> None:
        source = stack.enter_context(RasterSource(path))
        reader = PyramidReader(source)
        stack.callback(reader.close)
        scale = ImageScale.of(source)

        @cache
        def cells(key: TileKey) -> np.ndarray:
            tile = read_tile_image(reader, key, scale)
            return cut_cells(tile.rgb, tile.valid).ids

        self.labels = LabelRaster(*SIZE)
        self.assistant = ImageAssistant(path.name, reader, self.labels, cells, lambda: scale, TileBudget(1 << 24))
        stack.callback(self.assistant.close)
        self.queue = LabelQueue(self.assistant, reader.pyramid, self.labels, cells, resolution)

    def paint(self, window: PixelWindow, value: int) -> None:
        edit = self.labels.begin()
        edit.paint(RectangleRegion((window.x, window.y), (window.right, window.bottom)), value)
        edit.finish()

    def asked(self, count: int, **request) -> list[Question]:
        return list(islice(self.queue.questions(QueueRequest(CLASSES, **request)), count))

    def answer(self, question: Question) -> int:
        """Label a cell with its most frequent true class."""
        inside = question.region.mask(PixelWindow(0, 0, *SIZE))
        value = int(np.bincount(truth()[inside]).argmax())
        edit = self.labels.begin()
        edit.paint(question.region, value)
        edit.finish()
        return value


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("queue") / "a.tif", landscape())


@pytest.fixture
def image(path: Path) -> Iterator[Opened]:
    with ExitStack() as stack:
        yield Opened(path, stack)


def test_the_first_questions_are_about_different_looks(image: Opened) -> None:
    values = [image.answer(question) for question in image.asked(8)]
    assert set(values) == {FIELD, WATER, ROOF}


def test_nothing_is_suggested_until_two_classes_have_labels(image: Opened) -> None:
    (question,) = image.asked(1)
    assert (question.value, question.share) == (UNLABELLED, 0)
    image.paint(PixelWindow(170, 120, 100, 60), FIELD)
    image.paint(PixelWindow(410, 50, 40, 40), WATER)
    (question,) = image.asked(1)
    assert question.value in (FIELD, WATER)
    assert 0.5 <= question.share <= 1


def test_what_looks_like_no_label_comes_first(image: Opened) -> None:
    image.paint(PixelWindow(160, 20, 150, 160), FIELD)
    image.paint(PixelWindow(410, 50, 40, 40), WATER)
    assert ROOF in [image.answer(question) for question in image.asked(2)]


def test_no_question_is_about_labelled_cells(image: Opened) -> None:
    image.paint(PixelWindow(0, 0, 400, 200), FIELD)
    image.paint(PixelWindow(460, 170, 10, 10), WATER)
    questions = image.asked(1000)
    assert questions
    for question in questions:
        bounds = question.region.bounds
        labels = image.labels.read(bounds)
        assert (labels[question.region.mask(bounds)] == UNLABELLED).all()


def test_nothing_is_left_when_all_has_labels(image: Opened) -> None:
    image.paint(PixelWindow(0, 0, *SIZE), FIELD)
    assert image.asked(1) == []


def test_working_areas_limit_the_questions(image: Opened) -> None:
    area = ((20.0, 20.0), (200.0, 20.0), (200.0, 200.0), (20.0, 200.0))
    questions = image.asked(1000, areas=(area,))
    assert questions
    for question in questions:
        assert 10 < question.position[0] < 210
        assert 10 < question.position[1] < 210


def test_questions_are_apart_and_what_was_asked_is_not_asked_again(image: Opened) -> None:
    first = image.asked(5)
    positions = [question.position for question in first]
    later = [question.position for question in image.asked(5, asked=tuple(positions))]
    for at in later:
        assert min(np.hypot(at[0] - x, at[1] - y) for x, y in positions) > label_queue.SPACING
    everything = np.array([question.position for question in image.asked(1000)])
    distances = np.hypot(*(everything[:, None] - everything[None]).T)
    assert distances[~np.eye(len(everything), dtype=bool)].min() > label_queue.SPACING


def test_the_same_labels_give_the_same_questions(image: Opened, path: Path) -> None:
    with ExitStack() as stack:
        again = Opened(path, stack)
        for opened in (image, again):
            opened.paint(PixelWindow(100, 20, 50, 50), FIELD)
            opened.paint(PixelWindow(410, 50, 40, 40), WATER)
        assert [each.position for each in image.asked(6)] == [each.position for each in again.asked(6)]


def test_a_coarse_question_is_refined(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the finer cells would be far smaller than objects."""
    monkeypatch.setattr(label_queue, "MOST_PIXELS", 60_000)
    with ExitStack() as stack:
        fine = Opened(path, stack).asked(3)
        coarse = Opened(path, stack, resolution=0.1).asked(3)
    for one, larger in zip(fine, coarse, strict=True):
        assert (one.region.scale, larger.region.scale) == (1, 2)
        column, row = (int(at) for at in one.position)
        assert larger.region.mask(PixelWindow(column, row, 1, 1)).all()


def test_suggestions_may_be_made_otherwise(image: Opened, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a model. What is suggested for a coarse cell counts where nothing is for the finer ones in it."""
    monkeypatch.setattr(label_queue, "MOST_PIXELS", 60_000)
    with ExitStack() as stack:
        other = Opened(path, stack)
        other.paint(PixelWindow(170, 120, 100, 60), FIELD)
        other.paint(PixelWindow(410, 50, 40, 40), WATER)

        def suggest(level: int, window: PixelWindow, control: JobControl) -> SuggestedView | None:
            return other.assistant.suggest(level, window, CLASSES, (), control) if level else None

        question = next(image.queue.questions(QueueRequest(CLASSES), suggest))
    assert question.region.scale == 1
    assert question.value in (FIELD, WATER)
    assert question.share >= 0.5


def test_it_stops_on_request(image: Opened) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        next(image.queue.questions(QueueRequest(CLASSES), control=control))


@given(width=st.integers(1, 200_000), height=st.integers(1, 200_000))
def test_the_whole_image_is_looked_at_in_few_pixels(width: int, height: int) -> None:
    pyramid = TilePyramid(width, height)
    level = queue_level(pyramid)
    across, down = pyramid.level_size(level)
    assert across * down <= label_queue.MOST_PIXELS
    if level:
        finer = pyramid.level_size(level - 1)
        assert finer[0] * finer[1] > label_queue.MOST_PIXELS


@given(side=st.integers(1, 100_000), resolution=st.floats(0.001, 100))
def test_cells_to_label_are_no_larger_than_an_object(side: int, resolution: float) -> None:
    pyramid = TilePyramid(side, side)
    level = question_level(pyramid, resolution)
    assert 0 <= level <= queue_level(pyramid)
    assert level == 0 or 16 * resolution * 2**level <= label_queue.QUESTION_SIDE
    assert question_level(pyramid, None) == 0


def rated(looks: np.ndarray, shares: np.ndarray, labelled: np.ndarray) -> RatedCells:
    """Return cells in a row, 100 px apart."""
    count = len(looks)
    positions = np.stack([np.arange(count) * 100.0, np.zeros(count)], 1)
    table = CellTable({TileKey(0, 0, 0): 0}, positions, np.ones(count, bool), labelled)
    classes = np.arange(shares.shape[1], dtype=np.uint8)
    return RatedCells(table, looks.astype(np.float32), classes, shares.astype(np.float32), QueueRequest((0, 1)))


def test_the_uncertain_of_two_groups_comes_first() -> None:
    looks = np.repeat([[0.0], [10], [20]], [5, 5, 5], axis=0)
    shares = np.repeat([[1, 0], [0.95, 0.05], [0.6, 0.4]], [5, 5, 5], axis=0)
    cells = rated(looks, shares, np.arange(15) < 2)
    assert list(islice(cells.in_order(50), 2)) == [10, 5]


def test_the_larger_of_two_groups_comes_first() -> None:
    looks = np.repeat([[0.0], [10], [20]], [2, 3, 8], axis=0)
    assert list(islice(rated(looks, np.zeros((13, 0)), np.zeros(13, bool)).in_order(50), 3)) == [5, 2, 0]


def test_the_most_typical_cell_of_a_region_is_open_and_uncertain() -> None:
    looks = np.array([[0.0], [0.1], [0], [8], [9], [0]])
    shares = np.repeat([[0.6, 0.4]], 6, axis=0)
    labelled = np.arange(6) == 2
    region = RectangleRegion((-50, -50), (450, 50))  # without the last cell
    assert rated(looks, shares, labelled).most_typical(region) in (0, 1)
    shares[:3] = 1, 0
    assert rated(looks, shares, labelled).most_typical(region) in (3, 4)
    assert rated(looks, shares, np.arange(6) < 5).most_typical(region) is None


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_every_open_cell_comes_once(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(classes), 20) if classes else np.zeros((20, 0))
    cells = rated(rng.normal(size=(20, 3)), shares, rng.random(20) < 0.3)
    assert sorted(cells.in_order(50)) == np.flatnonzero(cells.table.open).tolist()
