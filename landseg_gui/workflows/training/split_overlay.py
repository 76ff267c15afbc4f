"""Shows on the image which blocks of the labels a run would train on, and on which it would validate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.runs.config import TrainConfig
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import Job, JobRunner, Work, while_alive
from landseg_gui.session.session import Session
from landseg_gui.text import as_sentence, tr
from landseg_gui.viewer.overlay import Shape
from landseg_gui.viewer.viewport import Viewport

if TYPE_CHECKING:
    from landseg_core.data.loading.project import SplitBlocks
    from landseg_core.project.project import Project

GROUP = "blocks"
"""The name of these shapes in the overlay of the viewport."""
_TRAIN, _VALIDATE = QColor("#56b4e9"), QColor("#e69f00")  # distinct for the colour-blind; dashes help, too
_FILL_ALPHA, _WIDTH = 40, 2.5


class SplitOverlay(QObject):
    """The blocks of the open image: for training in blue, for validation in dashed orange.

    They are those of the labels at the time of `refresh`, and of the last settings in the training dialog.
    """

    def __init__(self, session: Session, runner: JobRunner, viewport: Viewport) -> None:
        super().__init__(viewport)
        self._session, self._runner, self._viewport = session, runner, viewport
        self._project_session = session.project_session
        self._blocks: Mapping[int, SplitBlocks] = {}
        self._job: Job | None = None
        self._shown = False
        self._project_session.project_changed.connect(self.refresh)
        self._project_session.images.shown_changed.connect(self._draw)

    def set_shown(self, shown: bool) -> None:
        """Show the blocks of the labels as they are now, or nothing."""
        self._shown = shown
        self.refresh()

    def refresh(self) -> None:
        """Find the blocks again, such as when a run has been started; do nothing where they are not shown."""
        self._clear()
        project = self._project_session.project
        if self._shown and project:
            job = self._job = self._runner.start(
                tr("Find training blocks of {project}", project=project.path.name), _blocks_work(project)
            )
            job.finished.connect(while_alive(self, lambda blocks: self._take(job, blocks)))
            job.failed.connect(while_alive(self, lambda sentence: self._session.notifier.info(as_sentence(sentence))))

    def _clear(self) -> None:
        if self._job is not None:
            self._job.stop()
        self._job, self._blocks = None, {}
        self._draw()

    def _take(self, job: Job, blocks: Mapping[int, SplitBlocks]) -> None:
        if job is self._job:  # no later one has been started
            self._job, self._blocks = None, blocks
            self._draw()

    def _draw(self) -> None:
        image = self._project_session.image
        blocks = self._blocks.get(image.id) if image else None
        if blocks is None:
            self._viewport.overlay.clear(GROUP)
        else:
            shapes = [_shape(blocks.train, _TRAIN), _shape(blocks.val, _VALIDATE, dashed=True)]
            self._viewport.overlay.show(GROUP, shapes)


def _blocks_work(project: Project) -> Work:
    config = TrainConfig()
    seed, chip = _remembered("seed", config.seed), _remembered("chip", config.chip)

    def work(_on_event: OnEvent, control: JobControl) -> Mapping[int, SplitBlocks]:
        from landseg_core.data.loading.project import label_blocks

        return label_blocks(project, seed, chip, control, split=config.split, buffer=config.buffer)

    return work


def _remembered(field: str, default: int) -> int:
    """Return the last value of a setting in the training dialog."""
    with suppress(ValueError):
        return int(FormSettings("train").text(field))
    return default


def _shape(windows: Iterable[PixelWindow], colour: QColor, *, dashed: bool = False) -> Shape:
    path = QPainterPath()
    for window in windows:
        path.addRect(QRectF(window.x, window.y, window.width, window.height))
    fill = QColor(colour)
    fill.setAlpha(_FILL_ALPHA)
    return Shape(path, colour, fill, dashed, _WIDTH)
