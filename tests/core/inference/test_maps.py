"""From blended rows to the blocks of a file."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from landseg_core.errors import OutputError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.layout import Strip
from landseg_core.inference.maps import MapSink, class_values, confidences
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.writer import MAP_BLOCK

ROWS = BlendedRows(
    top=0,
    index=np.array([[0, 1, 2, 2]], np.uint8),
    score=np.array([[0.3351, 1.0000001, 0.0, 0.9]], np.float32),
    valid=np.array([[True, True, True, False]]),
)


def test_class_values_are_those_of_the_schema_and_255_without_data(schema: ClassSchema) -> None:
    assert class_values(ROWS, schema.value_table()).tolist() == [[1, 4, 0, 255]]


def test_confidences_are_whole_percents_and_255_without_data() -> None:
    assert confidences(ROWS).tolist() == [[34, 100, 0, 255]]


class Writer:
    """Takes what a map would be given."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.written: list[tuple[PixelWindow, np.ndarray]] = []

    def write(self, window: PixelWindow, values: np.ndarray) -> None:
        if self.failure:
            raise self.failure
        self.written.append((window, values))


def rows_between(values: np.ndarray, top: int, bottom: int) -> BlendedRows:
    part = values[top:bottom]
    return BlendedRows(top, part, part.astype(np.float32), np.ones(part.shape, np.bool_))


def feed(sink: MapSink, values: np.ndarray, first: int, cuts: list[int]) -> None:
    strip: Any = Strip(first, first + values.shape[1], (), ())
    with sink.strip(strip) as write:
        for top, bottom in pairwise(cuts):
            write(rows_between(values, top, bottom))


def test_rows_are_written_by_whole_blocks() -> None:
    writer: Any = Writer()
    values = np.random.default_rng(0).integers(0, 9, (1300, 6), np.uint8)
    with MapSink(PixelWindow(100, 50, 20, 1300), [(writer, lambda rows: rows.index)]) as sink:
        feed(sink, values, 110, [0, 300, 301, 1200, 1300])
    windows = [window for window, _ in writer.written]
    assert windows == [PixelWindow(10, 0, 6, 2 * MAP_BLOCK), PixelWindow(10, 2 * MAP_BLOCK, 6, 1300 - 2 * MAP_BLOCK)]
    assert np.array_equal(np.concatenate([part for _, part in writer.written]), values)


def test_what_goes_wrong_while_writing_is_raised_where_the_network_runs() -> None:
    writer: Any = Writer(OutputError("the disk is full"))
    with (
        pytest.raises(OutputError, match="the disk is full"),
        MapSink(PixelWindow(0, 0, 6, 600), [(writer, lambda rows: rows.index)]) as sink,
    ):
        feed(sink, np.zeros((600, 6), np.uint8), 0, [0, 600])


def test_no_thread_is_left_when_the_work_fails() -> None:
    writer: Any = Writer()

    def work() -> None:
        with MapSink(PixelWindow(0, 0, 6, 600), [(writer, lambda rows: rows.index)]) as sink:
            feed(sink, np.zeros((600, 6), np.uint8), 0, [0, 100])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("landseg-write")]
