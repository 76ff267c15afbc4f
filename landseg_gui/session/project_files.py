"""Work on project files that takes a while: open, create, add images, change one that is closed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.output_files import made_folder
from landseg_core.project.images import ImageEntry, NewImage
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.notifier import Notifier
from landseg_gui.paths import PROJECT_SUFFIX
from landseg_gui.text import as_sentence, tr

Change = Callable[[Project], None]


@dataclass(frozen=True)
class OpenedProject:
    """A project ready to be worked on, and a sentence for each image that could not be added to it."""

    project: Project
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddedImages:
    """The images that were added to a project, and a sentence for each that could not be."""

    images: tuple[ImageEntry, ...]
    problems: tuple[str, ...]


def is_project(path: Path) -> bool:
    """Return whether a file is a project by its name."""
    return path.suffix.lower() == PROJECT_SUFFIX


def same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same file, whether or not it exists."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def entry_at(images: Sequence[ImageEntry], path: Path) -> ImageEntry | None:
    """Return the image whose file is at `path`, or None."""
    exact = (entry for entry in images if entry.path == path)
    return next(exact, None) or next((entry for entry in images if same_file(entry.path, path)), None)


def open_work(path: Path, news: OnEvent) -> Work:
    """Return the work of opening a project, which returns an `OpenedProject`; `news` gets the events of its writer."""
    return lambda _on_event, _control: OpenedProject(Project.open(path, on_event=news))


def change_closed_work(path: Path, change: Change) -> Work:
    """Return the work of a small change to a project that is not open in the window; it is opened for this alone."""

    def work(_on_event: OnEvent, _control: JobControl) -> None:
        with Project.open(path) as project:
            if project.read_only:
                reason = project.read_only_reason
                raise ProjectError(N_("{project} is read-only: {reason}", project=path.name, reason=reason))
            change(project)

    return work


def create_work(path: Path, schema: ClassSchema, rasters: Sequence[Path], news: OnEvent) -> Work:
    """Return the work of creating a project with images, which returns an `OpenedProject`."""

    def work(_on_event: OnEvent, control: JobControl) -> OpenedProject:
        with made_folder(path.parent):
            project = Project.create(path, schema, on_event=news)
        return OpenedProject(project, add_images(project, rasters, control, as_step=False).problems)

    return work


def add_images_work(project: Project, rasters: Sequence[Path]) -> Work:
    """Return the work of adding images to a project, which returns `AddedImages`."""
    return lambda _on_event, control: add_images(project, rasters, control)


def add_images(project: Project, rasters: Sequence[Path], control: JobControl, *, as_step: bool = True) -> AddedImages:
    """Add rasters to a project, as one step; a stop ends it after the present one, and those before are added.

    Images that a new project begins with are no step.
    """
    images: list[NewImage] = []
    problems = []
    for raster in rasters:
        if control.stop_requested:
            break
        try:
            images.append(project.examine_image(raster, besides=images))
        except LandsegError as error:
            problems.append(str(error))
    return AddedImages(project.add_images(images, as_step=as_step), tuple(problems))


class ClosedProjects(QObject):
    """Makes changes one after the other, each in a job that opens the project for it alone.

    Where one cannot be made, the user is shown what, and why.
    """

    def __init__(self, runner: JobRunner, notifier: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._notifier = runner, notifier
        self._waiting: list[tuple[Path, Change, str]] = []
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Return whether a project is being changed: it could be opened only for reading meanwhile."""
        return self._job is not None

    def change(self, path: Path, change: Change, refusal: str) -> None:
        """Change the project at `path` as soon as possible; where that fails, the user is shown `refusal` and why."""
        self._waiting.append((path, change, refusal))
        self._begin()

    def _begin(self) -> None:
        if self._job is not None or not self._waiting:
            return
        path, change, refusal = self._waiting.pop(0)
        job = self._job = self._runner.start(
            tr("Update {project}", project=path.name), change_closed_work(path, change)
        )
        job.failed.connect(lambda reason: self._notifier.error(f"{as_sentence(refusal)} {reason}"))
        job.ended.connect(self._end)

    def _end(self) -> None:
        self._job = None
        self._begin()
