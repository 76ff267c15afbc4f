from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pytestqt.qtbot import QtBot
from rasterio.crs import CRS

from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import load_classes
from landseg_gui.dialogs.source_reader import DescribedSource, SourceReader
from landseg_gui.jobs.runner import JobRunner

GRID = RasterGrid(96, 64, Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000), CRS.from_epsg(32632))


class Heard:
    """A reader whose work is done before `read` returns; its answers come later."""

    def __init__(self, runner: JobRunner) -> None:
        self.reader = SourceReader(load_classes("landcover-dubai"), GRID, runner, runner)
        self.values: list[list[str]] = []
        self.refusals: list[str] = []
        self.reader.described.connect(self._take)
        self.reader.failed.connect(self.refusals.append)

    def _take(self, described: DescribedSource) -> None:
        self.values.append([value.key for value in described.info.values])


@pytest.fixture
def runner(qapp) -> Iterator[JobRunner]:
    runner = JobRunner(inline=True)
    yield runner
    assert runner.shut_down(20)


@pytest.fixture
def heard(runner: JobRunner) -> Heard:
    return Heard(runner)


def write_mask(path: Path, value: int) -> Path:
    profile = {"driver": "GTiff", "count": 1, "height": 64, "width": 96, "dtype": "uint8"}
    with rasterio.open(path, "w", crs=GRID.crs, transform=GRID.transform, **profile) as dataset:
        dataset.write(np.full((1, 64, 96), value, np.uint8))
    return path


def test_a_late_answer_about_another_file_is_dropped(
    heard: Heard, runner: JobRunner, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(runner.idle):
        heard.reader.read(write_mask(tmp_path / "a.tif", 1))
        heard.reader.read(tmp_path / "nowhere.tif")
        heard.reader.read(write_mask(tmp_path / "b.tif", 2))
        assert heard.reader.is_reading
    assert (heard.values, heard.refusals) == ([["2"]], [])
    assert not heard.reader.is_reading


def test_nothing_comes_after_a_stop(heard: Heard, runner: JobRunner, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(runner.idle):
        heard.reader.read(write_mask(tmp_path / "a.tif", 1))
        heard.reader.stop()
    assert (heard.values, heard.refusals) == ([], [])


def test_a_refusal_is_told(heard: Heard, runner: JobRunner, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(runner.idle):
        heard.reader.read(tmp_path / "nowhere.tif")
    assert "nowhere.tif" in heard.refusals[0]


def test_a_job_stopped_by_the_user_is_told(heard: Heard, runner: JobRunner, qtbot: QtBot, tmp_path: Path) -> None:
    runner.started.connect(lambda job: job.stop())
    with qtbot.waitSignal(runner.idle):
        heard.reader.read(write_mask(tmp_path / "a.tif", 1))
    assert "was cancelled" in heard.refusals[0]
