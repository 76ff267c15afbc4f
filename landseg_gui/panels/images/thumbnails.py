"""Thumbnails of images for lists, made in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from landseg_core.errors import LandsegError
from landseg_core.events import Event, JobControl, OnEvent
from landseg_core.file_identity import FileIdentity
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering
from landseg_gui.jobs.file_watch import FileWatch, Watched
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.paths import is_there
from landseg_gui.text import tr

SIDE = 96
"""The longer side of a thumbnail in px: enough for 48 px on a screen of double density."""


OpenedWith = tuple[Path, str]
"""The file of an image and the alpha that it is opened with, see `raster.alpha`."""


@dataclass(frozen=True)
class Thumbnail:
    """A small copy of an image, null where it cannot be read; the image's ground resolution in m/px, or None."""

    image: QImage
    ground_resolution: float | None = None


@dataclass(frozen=True)
class ThumbnailMade(Event):
    """The thumbnail of an image has been made; `identity` is that of the file."""

    image: OpenedWith
    thumbnail: Thumbnail
    identity: FileIdentity | None = None


def make_thumbnail(path: Path, side: int = SIDE, alpha: str = AUTO) -> Thumbnail:
    """Return a thumbnail of a raster whose longer side has `side` px at most, read from its coarsest level.

    Raises:
        RasterError: it cannot be opened or read.
    """
    with RasterSource(path, alpha=alpha) as source:
        reader = PyramidReader(source)
        try:
            rendering = default_rendering(source)
            top = TileKey(reader.pyramid.levels - 1, 0, 0)
            rgba = rendering.to_rgba(*reader.read_tile(top, rendering.bands))
        finally:
            reader.close()
        return Thumbnail(_small_image(rgba, side), source.grid.ground_resolution())


def _small_image(rgba: npt.NDArray[np.uint8], side: int) -> QImage:
    """Return (H, W, 4) pixels as an image whose longer side has `side` px at most."""
    height, width = rgba.shape[:2]
    factor = min(1.0, side / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    return QImage(small.tobytes(), *size, size[0] * 4, QImage.Format.Format_RGBA8888).copy()


def thumbnails_work(images: Sequence[OpenedWith]) -> Work:
    """Return the work that makes thumbnails, an event each; what cannot be read has an empty one."""

    def work(on_event: OnEvent, control: JobControl) -> None:
        for path, alpha in images:
            control.checkpoint()
            identity = FileIdentity.of(path)
            try:
                thumbnail = make_thumbnail(path, alpha=alpha)
            except LandsegError:  # opening the image shows why
                thumbnail = Thumbnail(QImage())
            on_event(ThumbnailMade((path, alpha), thumbnail, identity))

    return work


class Thumbnails(QObject):
    """The thumbnails that have been made, and a job for the others. `arrived`: there are more.

    One whose file changes is made again; the former one is shown until then.
    """

    arrived = Signal()

    def __init__(self, start: Callable[[str, Work], Job], parent: QObject | None = None) -> None:
        """Make thumbnails in jobs that `start` starts."""
        super().__init__(parent)
        self._start = start
        self._made: dict[OpenedWith, ThumbnailMade] = {}
        self._missing: list[OpenedWith] = []
        self._job: Job | None = None
        self.watch = FileWatch(self._watched, self)
        self.watch.looked.connect(self._renew)

    def _watched(self) -> Watched:
        return {path: FilesAsOpened((path,), (made.identity,)) for (path, _), made in self._made.items()}

    def _renew(self, changed: Sequence[Path]) -> None:
        """Make the thumbnails of files that have changed again, except of missing ones."""
        outdated = [image for image in self._made if image[0] in changed and is_there(image[0].exists)]
        self._missing += [image for image in outdated if image not in self._missing]
        if self._job is None:
            self._begin()

    def get(self, path: Path, alpha: str = AUTO) -> Thumbnail | None:
        """Return the thumbnail of the image at `path`, or None where it has not been made yet."""
        made = self._made.get((path, alpha))
        return made.thumbnail if made else None

    def want(self, images: Sequence[OpenedWith]) -> None:
        """Have the thumbnails of `images`, and no others, as soon as possible."""
        self._made = {image: self._made[image] for image in images if image in self._made}
        self._missing = [image for image in images if image not in self._made]
        if self._job is not None:
            self._job.stop()  # the next one begins when it has ended
        else:
            self._begin()

    def _begin(self) -> None:
        if not self._missing:
            return
        images, self._missing = self._missing, []
        self._job = self._start(tr("Thumbnails"), thumbnails_work(images))
        self._job.reported.connect(self._take)
        self._job.ended.connect(self._end)

    def _take(self, event: Event) -> None:
        if isinstance(event, ThumbnailMade):
            self._made[event.image] = event
            self._missing = [image for image in self._missing if image != event.image]
            self.arrived.emit()

    def _end(self) -> None:
        self._job = None
        self._begin()
