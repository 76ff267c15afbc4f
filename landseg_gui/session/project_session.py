"""The project behind the window: panels, tools and dialogs reach the labels, the classes and the history through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal

from landseg_core.errors import LandsegError
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.changed_files import ChangedFiles
from landseg_gui.session.edits import ProjectEdits
from landseg_gui.session.facts import ProjectFacts
from landseg_gui.session.lifecycle import Arrival
from landseg_gui.session.project_files import (
    AddedImages,
    add_images_work,
    entry_at,
)
from landseg_gui.session.view_state import hidden_images, remember_window, remembered_window, set_image_hidden
from landseg_gui.text import capitalised, images_text
from landseg_gui.viewer.frame import ViewFrame

if TYPE_CHECKING:
    from landseg_gui.session.session import Session


class ProjectSession(ProjectEdits):
    """One project at a time, or none; one of its images is in the window, or none.

    `project_changed`: a project came or went; `view_wanted` brings the (column, row) to show in the middle, in raster
    px, and the zoom in device px per raster px. Boxes that ask something open over `window`.
    """

    project_changed = Signal()
    view_wanted = Signal(float, float, float)

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session, runner)
        self.lifecycle.leaving.connect(self._remember_window)
        self.lifecycle.project_changed.connect(self._follow_project)
        self.lifecycle.arrived.connect(self._welcome)
        self.lifecycle.save_guard.saved.connect(session.opened)
        self._shown.place_wanted.connect(self.view_wanted)
        self.changed_files = ChangedFiles(self)

    def change_project(self, owner: Path, change: Callable[[Project], None], refusal: str) -> None:
        """Make a small change to the project `owner`: at once where it is open, else in the background.

        Where that cannot be, the user is told: `refusal`, and why.
        """
        project = self.project
        if project is None or owner != project.path:
            self._closed.change(owner, change, refusal)
            return
        try:
            change(project)
        except LandsegError as error:
            self._session.message.emit(f"{refusal}: {error}")
        else:
            self.refresh()

    def start_in_background(self, title: str, work: Work) -> Job:
        """Start a job that may be stopped without asking: nothing is lost with it."""
        return self._runner.start(title, work, background=True)

    def set_frame_provider(self, provider: Callable[[], ViewFrame | None]) -> None:
        """Tell where to ask what the viewport shows; the project remembers it for each image.

        None stands for the whole image, at whatever size the window has.
        """
        self._shown.frame_provider = provider

    def title(self) -> str:
        """Return the project and its image for the window's title, such as `dubai.landseg: tile_3`."""
        if self.project is None:
            return ""
        return f"{self.project.path.name}: {self.image.name}" if self.image else self.project.path.name

    def _remember_window(self) -> None:
        self._shown.remember_place()
        if self.project and self.image and not self.project.failure:
            remember_window(self.project, self.image.id, self.active_value)

    def _follow_project(self) -> None:
        project = self.project
        self._gesture = None
        self._told_notices.clear()
        self._facts = ProjectFacts.of(project, None)
        self._shown.set_project(project)
        self.fit_choices(self.schema, remembered_window(project).get("active_value") if project else None)
        for signal in (self.project_changed, self.images_changed, self.schema_changed, self.image_changed):
            signal.emit()
        self.history_changed.emit()
        self.stored_changed.emit()

    def _welcome(self, arrival: Arrival) -> None:
        """Show what has come with a project."""
        project = arrival.project
        self._session.opened.emit(project.path)
        if project.read_only:
            self._session.message.emit(f"{project.path.name} is read-only: {project.read_only_reason}")
        self._tell_notices()
        self._tell_problems(arrival.problems)
        self.changed_files.look()
        if arrival.files:
            self._session.open_files(arrival.files)
        else:
            self._shown.show_first()

    # --- images

    @property
    def takes_images(self) -> bool:
        """Tell whether there is a project that images may be added to."""
        return self.project is not None and not self.project.read_only

    def add_images(self, paths: Sequence[Path]) -> Job | None:
        """Add rasters to the project as one step; None where that may not be."""
        if self.project is None or not paths:
            return None
        title = f"Add {paths[0].name}" if len(paths) == 1 else f"Add {len(paths)} images"
        job = self.run_edit(title, add_images_work(self.project, paths))
        if job is not None:
            job.finished.connect(partial(self._tell_added, self.project.path))
        return job

    def _tell_added(self, project: Path, added: AddedImages) -> None:
        if added.images:
            self.tell(f"Added {images_text(added.images)} to {project.name}")
        self._tell_problems(added.problems)  # last: a message takes the place of the one before

    def _tell_problems(self, problems: Sequence[str]) -> None:
        for sentence in problems:
            self._session.problem.emit(capitalised(sentence))

    def keep_alpha(self, alpha: str) -> Job | None:
        """Have the project keep an alpha for the image in the window; None where there is none, or nothing to keep."""
        project, image = self.project, self.image
        if project is None or image is None or project.read_only or image.alpha == alpha:
            return None
        return self.run_edit(f"Alpha of {image.name}", lambda *_: project.set_alpha(image.id, alpha))

    def image_at(self, path: Path) -> ImageEntry | None:
        """Return the image of the project that lies at `path`, or None."""
        return entry_at(self.project.images, path) if self.project else None

    def show_image(self, image_id: int) -> Job | None:
        """Show an image of the project; None where it is missing, or shown already."""
        return self._shown.show(image_id)

    def next_image(self) -> None:
        """Show the image after the present one."""
        self._shown.show_neighbour(1)

    def previous_image(self) -> None:
        """Show the image before the present one."""
        self._shown.show_neighbour(-1)

    def is_hidden(self, image_id: int) -> bool:
        """Tell whether the eye of an image is closed: Next, Previous and "predict all" pass it by."""
        return self.project is not None and image_id in hidden_images(self.project)

    def set_hidden(self, image_id: int, *, hidden: bool) -> None:
        """Close or open the eye of an image."""
        if self.project is not None and self.may_edit():
            set_image_hidden(self.project, image_id, hidden=hidden)
            self.images_changed.emit()

    def remove_image(self, image_id: int) -> Job | None:
        """Take an image out of the project, with its labels and their history; its file stays."""
        project, entry = self.project, self.image_with(image_id)
        if project is None or entry is None:
            return None
        return self.run_edit(f"Remove {entry.name}", lambda _on_event, _control: project.remove_image(image_id))

    def relink(self, image_id: int, path: Path) -> Job | None:
        """Tell the project where the file of an image is now."""
        project, entry = self.project, self.image_with(image_id)
        if project is None or entry is None:
            return None
        job = self.run_edit(f"Relink {entry.name}", lambda _on_event, _control: project.relink(image_id, path))
        return self.changed_files.look_after(job)

    def relink_in_folder(self, folder: Path) -> Job | None:
        """Look for the missing images in a folder; the job gives the number found, and the user is told."""
        project = self.project
        if project is None:
            return None
        title = f"Look for images in {folder.name}"
        job = self.run_edit(title, lambda _on_event, _control: project.relink_in_folder(folder))
        if job is not None:
            job.finished.connect(partial(self._tell_found, len(self.missing_images()), folder))
        return self.changed_files.look_after(job)

    def _tell_found(self, wanted: int, folder: Path, found: int) -> None:
        self._session.message.emit(f"Found {found} of {wanted} missing images in {folder}")

    def missing_images(self) -> list[ImageEntry]:
        """Return the images that are not where the project expects them."""
        return [entry for entry in self.project.images if entry.missing] if self.project else []

    def save_copy(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Write a copy of the project as it is now; painting goes on meanwhile."""
        project = self.project
        if project is None:
            return None
        job = self._runner.start(
            f"Copy to {path.name}",
            lambda on_event, control: project.save_copy(path, on_event, control, overwrite=overwrite),
        )
        job.failed.connect(self._session.problem)
        job.finished.connect(lambda _result: self._session.message.emit(f"Copied to {path}"))
        return job

    def save_as(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Write all to another file, also what cannot be stored, and go on in that; None where something is at work."""
        project = self.project
        if project is None or self.busy or self._gesture_is_open():
            return None
        self._remember_window()
        job = self._runner.start(
            f"Save {path.name}",
            lambda on_event, control: project.save_as(path, on_event, control, overwrite=overwrite),
        )
        self._edits.append(job)
        job.failed.connect(self._session.problem)
        # The job has to end first: closing a file takes a while of events.
        job.finished.connect(lambda _result: QTimer.singleShot(0, self, partial(self._move_to, path, project)))
        job.ended.connect(lambda: self._end_edit(job))
        return job

    def _move_to(self, path: Path, former: Project) -> None:
        if former is self.project:
            self.lifecycle.move_to(path)
