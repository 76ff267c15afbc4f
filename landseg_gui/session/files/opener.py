"""Opens files for the window: in jobs, as images or as masks over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from landseg_core.events import JobControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.alpha import AUTO
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.session.files import opening
from landseg_gui.session.images import OpenAs, ask_to_add
from landseg_gui.session.lifecycle import OpenOutcome
from landseg_gui.session.project_files import is_project
from landseg_gui.text import files_text, tr
from landseg_gui.viewer.layer import ImageLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session


def _always() -> bool:
    return True


class FileOpener(QObject):
    """Opens files for a session; the signals of its parts say when they are there."""

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session)
        self._session, self._runner = session, runner

    def open(self, paths: Sequence[Path | str]) -> None:
        """Open files of any kind: the first raster is the image, masks on its grid become layers over it.

        A project file comes first, and the rest is opened in it, as are files that come while a project is being
        opened. While one is open, the user is asked whether to add images that are not in it.
        """
        files = [Path(path) for path in paths]
        project = next(filter(is_project, files), None)
        rasters = [path for path in files if not is_project(path)]
        lifecycle = self._session.project_session.lifecycle
        is_there = project is None or lifecycle.open(project, rasters) is OpenOutcome.ALREADY_OPEN
        if is_there and not (rasters and lifecycle.open_with_next(rasters)):
            self._open_rasters(rasters)

    def _open_rasters(self, files: list[Path]) -> None:
        project = self._session.project_session
        known = project.images.at(files[0]) if files else None
        if known:
            project.images.show(known.id)
        new = [path for path in files if project.images.at(path) is None]
        if new:
            grid, several = self._grid(), project.images.can_add
            title = tr("Open %n files", n=len(new), one="Open {file}", file=new[0].name)
            self._open(title, lambda control: opening.open_files(new, grid, control, several=several))

    def open_raster(self, path: Path | str, wanted: Callable[[], bool] = _always, alpha: str = AUTO) -> Job:
        """Open an image with its alpha instead of the present one; `wanted` returns whether to show it in the end."""
        path = Path(path)
        title = tr("Open {file}", file=path.name)
        return self._open(title, lambda _control: opening.open_image_alone(path, alpha), wanted)

    def add_mask(
        self,
        path: Path | str,
        schema: ClassSchema | None = None,
        name: str | None = None,
        wanted: Callable[[], bool] = _always,
        window: PixelWindow | None = None,
    ) -> Job:
        """Overlay a mask on the image; `schema` None takes the classes from the file.

        `window` is the part of the image, in its px, that a mask of a part covers; by default what its file says.
        `wanted` returns, once it is read, whether it still should be shown.
        """
        path = Path(path)
        grid = self._grid()
        title = tr("Open {file}", file=path.name)
        return self._open(
            title, lambda control: opening.open_mask_alone(path, grid, schema, name, control, window), wanted
        )

    def _grid(self) -> RasterGrid | None:
        raster = self._session.rasters.current
        return raster.grid if raster else None

    def _open(
        self, title: str, work: Callable[[JobControl], opening.Opened], wanted: Callable[[], bool] = _always
    ) -> Job:
        job = self._runner.start(title, lambda _on_event, control: work(control), background=True)
        owner = self._session.project_session.owner
        job.finished.connect(lambda opened: self._take(opened, owner) if wanted() else None)
        job.failed.connect(self._session.notifier.error)
        return job

    def _take(self, opened: opening.Opened, owner: Path | None = None) -> None:
        project = self._session.project_session
        if owner is not None and owner != project.owner:
            self._report_left_out(opened, owner)
            return
        new = [path for path in opened.images if project.images.at(path) is None]
        if new and project.images.can_add:
            # A question takes a while of events, which the end of a job must not be in the middle of.
            QTimer.singleShot(0, self, partial(self._ask_to_add, new, opened, project.owner))
        else:
            self._show_opened(opened, owner)
            self._emit_problems(opened.problems)

    def _report_left_out(self, opened: opening.Opened, owner: Path) -> None:
        """Report images that were meant for a project that has been closed; its masks and maps are not missed."""
        if opened.images:
            files = files_text(opened.images)
            self._session.notifier.info(
                tr("Not opened: {files}. {project} has been closed meanwhile.", files=files, project=owner.name)
            )

    def _ask_to_add(self, images: Sequence[Path], opened: opening.Opened, owner: Path | None) -> None:
        """Ask whether to add images that the project does not have, and show them."""
        project = self._session.project_session
        if owner is None or owner != project.owner:
            self._take(opened)  # another project, or none, is open by now
            return
        answer = ask_to_add(images, owner, project.lifecycle.window)
        if owner != project.owner:
            return  # the answer was for another one
        if answer is OpenAs.IMAGE_OF_PROJECT and (job := project.images.add(images)):
            self._show_opened(opened, owner)
            job.ended.connect(lambda: self._emit_problems(opened.problems))  # last, or "Added ..." would replace them
            return
        if answer is OpenAs.ON_ITS_OWN and project.lifecycle.close():
            self._show_opened(opened, None)
        self._emit_problems(opened.problems)

    def _show_opened(self, opened: opening.Opened, owner: Path | None) -> None:
        if opened.image:
            self._session.rasters.show(opened.image)
        for mask in opened.masks:
            self._session.rasters.show_mask(mask, owner)

    def _emit_problems(self, problems: Sequence[str]) -> None:
        for sentence in problems:
            self._session.notifier.error(sentence)

    def choose_alpha(self, alpha: str) -> None:
        """Read the image again with an alpha, see `raster.alpha`; a project that it belongs to stores that."""
        image = self._session.layers.image
        if image is None:
            return
        job = self._session.project_session.images.keep_alpha(alpha)
        if job is None:
            self._read_with(image, alpha)
        else:
            job.finished.connect(lambda _entry: self._read_with(image, alpha))

    def _read_with(self, image: ImageLayer, alpha: str) -> None:
        def show(opened: opening.Opened) -> None:
            again = opened.image
            if not again or image is not self._session.layers.image:
                return  # another one is shown by now
            rasters = self._session.rasters
            if again.reader.grid.window == image.grid.window:
                rasters.show_again(again, image.grid)  # a project may keep another grid than that of the file
            else:
                rasters.replace_image(again)

        reopen = partial(opening.reopen_image, image.path, image.rendering, image.reader, alpha=alpha)
        job = self._runner.start(tr("Open {file}", file=image.name), lambda *_: reopen(), background=True)
        job.finished.connect(show)
        job.failed.connect(self._session.notifier.error)
