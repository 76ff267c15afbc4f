"""Reads, in the background, what a file of labels contains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.events import JobControl, OnEvent
from landseg_core.formats.importers import describe_source, is_polygon_file
from landseg_core.formats.mask_on_image import MaskOnImage
from landseg_core.formats.source_info import SourceInfo
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.source import RasterSource
from landseg_gui.jobs.runner import Job, JobRunner, Work, while_alive
from landseg_gui.text import tr


@dataclass(frozen=True)
class DescribedSource:
    """The content of a file; `resampled`: it is a mask with another grid than the image."""

    info: SourceInfo
    resampled: bool = False


def describe_work(source: Path, schema: ClassSchema, grid: RasterGrid) -> Work:
    """Return the work that returns a `DescribedSource`, and fails where a mask does not overlap `grid`."""

    def work(on_event: OnEvent, control: JobControl) -> DescribedSource:
        resampled = not is_polygon_file(source) and _is_resampled(source, grid)
        return DescribedSource(describe_source(source, schema, on_event, control), resampled)

    return work


def _is_resampled(mask: Path, grid: RasterGrid) -> bool:
    with RasterSource(mask) as raster:
        return MaskOnImage(raster, grid).resampled


class SourceReader(QObject):
    """Describes one file at a time: the last that was asked for. `described` carries it, `failed` the reason."""

    described = Signal(object)
    failed = Signal(str)

    def __init__(self, schema: ClassSchema, grid: RasterGrid, runner: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._schema, self._grid, self._runner = schema, grid, runner
        self._job: Job | None = None

    @property
    def is_reading(self) -> bool:
        """Return whether a file is being read."""
        return self._job is not None

    def read(self, source: Path) -> None:
        """Describe `source`, and no other file that was asked for before."""
        self.stop()
        job = self._runner.start(
            tr("Read {source}", source=source.name), describe_work(source, self._schema, self._grid)
        )
        self._job = job
        job.finished.connect(while_alive(self, lambda described: self._answer(job, described)))
        job.failed.connect(while_alive(self, lambda sentence: self._refuse(job, sentence)))
        job.stopped.connect(
            while_alive(self, lambda: self._refuse(job, tr("reading the file was cancelled; choose it again")))
        )

    def stop(self) -> None:
        """Cancel reading; no answer follows."""
        if self._job is not None:
            job, self._job = self._job, None
            job.stop()

    def _answer(self, job: Job, described: DescribedSource) -> None:
        if job is self._job:
            self._job = None
            self.described.emit(described)

    def _refuse(self, job: Job, sentence: str) -> None:
        if job is self._job:
            self._job = None
            self.failed.emit(sentence)
