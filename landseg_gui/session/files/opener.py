"""Files on their way into the window: opened by jobs, and put where they belong once they are there."""

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
from landseg_gui.text import files_text
from landseg_gui.viewer.layer import ImageLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session


def _always() -> bool:
    return True


class FileOpener(QObject):
    """Opens files for a session; the signals of its parts tell when they are there."""

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session)
        self._session, self._runner = session, runner

    def open(self, paths: Sequence[Path | str]) -> None:
        """Open files as they come: the first raster is the picture, masks on its grid become layers over it.

        A project file comes first, and the rest is opened in it; so is what comes while a project is on its way. While
        one is open, the user is asked whether pictures that are not in it are to be added.
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
            title = new[0].name if len(new) == 1 else f"{len(new)} files"
            self._open(title, lambda control: opening.open_files(new, grid, control, several=several))

    def open_raster(self, path: Path | str, wanted: Callable[[], bool] = _always, alpha: str = AUTO) -> Job:
        """Open an orthophoto with its alpha in place of the present one; `wanted` tells whether it still should be."""
        path = Path(path)
        return self._open(path.name, lambda _control: opening.open_picture_alone(path, alpha), wanted)

    def add_mask(
        self,
        path: Path | str,
        schema: ClassSchema | None = None,
        name: str | None = None,
        wanted: Callable[[], bool] = _always,
        place: PixelWindow | None = None,
    ) -> Job:
        """Lay a mask over the orthophoto; `schema` None takes the classes from the file.

        `place` is where a mask of a part lies, in px of the orthophoto; where its file says, by default. `wanted` tells
        in the end whether it still should be there.
        """
        path = Path(path)
        grid = self._grid()
        return self._open(
            path.name, lambda control: opening.open_mask_alone(path, grid, schema, name, control, place), wanted
        )

    def _grid(self) -> RasterGrid | None:
        raster = self._session.rasters.current
        return raster.grid if raster else None

    def _open(
        self, title: str, work: Callable[[JobControl], opening.Opened], wanted: Callable[[], bool] = _always
    ) -> Job:
        job = self._runner.start(f"Open {title}", lambda _on_event, control: work(control), background=True)
        owner = self._session.project_session.owner
        job.finished.connect(lambda opened: self._take(opened, owner) if wanted() else None)
        job.failed.connect(self._session.notifier.error)
        return job

    def _take(self, opened: opening.Opened, owner: Path | None = None) -> None:
        project = self._session.project_session
        if owner is not None and owner != project.owner:
            self._tell_left_out(opened, owner)
            return
        new = [path for path in opened.images if project.images.at(path) is None]
        if new and project.images.can_add:
            # A question takes a while of events, which the end of a job must not be in the middle of.
            QTimer.singleShot(0, self, partial(self._ask_to_add, new, opened, project.owner))
        else:
            self._show_opened(opened, owner)
            self._emit_problems(opened.problems)

    def _tell_left_out(self, opened: opening.Opened, owner: Path) -> None:
        """Tell that images were meant for a project that has been left; masks and maps of it are not missed."""
        if opened.images:
            self._session.notifier.info(
                f"{files_text(opened.images)} not opened: {owner.name} has been closed meanwhile"
            )

    def _ask_to_add(self, images: Sequence[Path], opened: opening.Opened, owner: Path | None) -> None:
        """Show pictures that the project does not have once the user has said whether it is to have them."""
        project = self._session.project_session
        if owner is None or owner != project.owner:
            self._take(opened)  # another project, or none, is open by now
            return
        answer = ask_to_add(images, owner, project.lifecycle.window)
        if owner != project.owner:
            return  # the answer was about another one
        if answer is OpenAs.IMAGE_OF_PROJECT and (job := project.images.add(images)):
            self._show_opened(opened, owner)
            job.ended.connect(lambda: self._emit_problems(opened.problems))  # last, or "Added ..." would replace them
            return
        if answer is OpenAs.ON_ITS_OWN and project.lifecycle.close():
            self._show_opened(opened, None)
        self._emit_problems(opened.problems)

    def _show_opened(self, opened: opening.Opened, owner: Path | None) -> None:
        if opened.picture:
            self._session.rasters.show(opened.picture)
        for mask in opened.masks:
            self._session.rasters.lay_mask(mask, owner)

    def _emit_problems(self, problems: Sequence[str]) -> None:
        for sentence in problems:
            self._session.notifier.error(sentence)

    def choose_alpha(self, alpha: str) -> None:
        """Read the orthophoto anew with an alpha, see `raster.alpha`; a project that it belongs to keeps that."""
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
            picture = opened.picture
            if not picture or image is not self._session.layers.image:
                return  # another one is shown by now
            rasters = self._session.rasters
            if picture.reader.grid.window == image.grid.window:
                rasters.put_in_place(picture, image.grid)  # a project may keep another grid than that of the file
            else:
                rasters.replace_picture(picture)

        again = partial(opening.open_picture_again, image.path, image.rendering, image.reader, alpha=alpha)
        job = self._runner.start(f"Open {image.name}", lambda *_: again(), background=True)
        job.finished.connect(show)
        job.failed.connect(self._session.notifier.error)
