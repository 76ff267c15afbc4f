"""The images of the project: added, removed, relinked, and one of them in the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.messages import N_
from landseg_core.project.images import ImageEntry
from landseg_gui.jobs.runner import Job
from landseg_gui.message_boxes import choose
from landseg_gui.notifier import Notifier
from landseg_gui.session.editing import Editing
from landseg_gui.session.lifecycle import ProjectLifecycle
from landseg_gui.session.project_files import AddedImages, add_images_work, entry_at
from landseg_gui.session.shown_image import ShownImage
from landseg_gui.session.view_state import hidden_images, set_image_hidden
from landseg_gui.text import images_text, tr

_MOST_NAMES = 8
_ADD = N_("Add to Project")
_OPEN_ALONE = N_("Open without Project")


class OpenAs(Enum):
    """How an image is opened: as an image of the project, or without a project."""

    IMAGE_OF_PROJECT = auto()
    ON_ITS_OWN = auto()


_ANSWERS: Mapping[str, OpenAs] = {_ADD: OpenAs.IMAGE_OF_PROJECT, _OPEN_ALONE: OpenAs.ON_ITS_OWN}


class ProjectImages(QObject):
    """The images of the open project.

    `shown_changed`: another one, or none, is in the window. `view_wanted` brings the (column, row) to show in the
    middle, in raster px, and the zoom in device px per raster px. `relinked`: files have been found again.
    """

    shown_changed = Signal()
    view_wanted = Signal(float, float, float)
    relinked = Signal()

    def __init__(
        self,
        lifecycle: ProjectLifecycle,
        editing: Editing,
        shown: ShownImage,
        notifier: Notifier,
    ) -> None:
        super().__init__(lifecycle)
        self._lifecycle, self._editing, self._shown = lifecycle, editing, shown
        self._notifier = notifier
        shown.changed.connect(self.shown_changed)
        shown.position_wanted.connect(self.view_wanted)

    def with_id(self, image_id: int) -> ImageEntry | None:
        """Return an image of the project, or None where there is none of this id."""
        project = self._lifecycle.project
        return project.find_image(image_id) if project else None

    @property
    def can_add(self) -> bool:
        """Return whether there is a project that images may be added to."""
        return self._lifecycle.project is not None and not self._lifecycle.project.read_only

    def add(self, paths: Sequence[Path]) -> Job | None:
        """Add rasters to the project as one step; None where that is not allowed now."""
        if self._lifecycle.project is None or not paths:
            return None
        title = tr("Add %n images", n=len(paths), one="Add {image}", image=paths[0].name)
        job = self._editing.run(title, add_images_work(self._lifecycle.project, paths))
        if job is not None:
            job.finished.connect(partial(self._report_added, self._lifecycle.project.path))
        return job

    def _report_added(self, project: Path, added: AddedImages) -> None:
        if added.images:
            self._notifier.info(
                tr("Added {images} to {project}.", images=images_text(added.images), project=project.name)
            )
        for sentence in added.problems:
            self._notifier.error(sentence)

    def keep_alpha(self, alpha: str) -> Job | None:
        """Store an alpha for the image in the window; None where there is no image, or nothing to store."""
        project, image = self._lifecycle.project, self._shown.entry
        if project is None or image is None or project.read_only or image.alpha == alpha:
            return None
        return self._editing.run(
            tr("Set alpha of {image}", image=image.name), lambda *_: project.set_alpha(image.id, alpha)
        )

    def at(self, path: Path) -> ImageEntry | None:
        """Return the image of the project that lies at `path`, or None."""
        return entry_at(self._lifecycle.project.images, path) if self._lifecycle.project else None

    def show(self, image_id: int) -> Job | None:
        """Show an image of the project; None where it is missing, or shown already."""
        return self._shown.show(image_id)

    def show_next(self) -> None:
        """Show the image after the present one."""
        self._shown.show_neighbour(1)

    def show_previous(self) -> None:
        """Show the image before the present one."""
        self._shown.show_neighbour(-1)

    def is_hidden(self, image_id: int) -> bool:
        """Return whether an image is hidden: Next, Previous and Predict All skip it."""
        return self._lifecycle.project is not None and image_id in hidden_images(self._lifecycle.project)

    def set_hidden(self, image_id: int, *, hidden: bool) -> None:
        """Hide or show an image."""
        if self._lifecycle.project is not None and self._editing.may_edit():
            set_image_hidden(self._lifecycle.project, image_id, hidden=hidden)
            self._editing.images_changed.emit()

    def remove(self, image_id: int) -> Job | None:
        """Remove an image from the project, with its labels and their history; its file stays."""
        project, entry = self._lifecycle.project, self.with_id(image_id)
        if project is None or entry is None:
            return None
        return self._editing.run(
            tr("Remove {image}", image=entry.name), lambda _on_event, _control: project.remove_image(image_id)
        )

    def relink(self, image_id: int, path: Path) -> Job | None:
        """Set where the file of an image is now."""
        project, entry = self._lifecycle.project, self.with_id(image_id)
        if project is None or entry is None:
            return None
        job = self._editing.run(
            tr("Relink {image}", image=entry.name), lambda _on_event, _control: project.relink(image_id, path)
        )
        if job is not None:
            job.ended.connect(self.relinked)
        return job

    def relink_in_folder(self, folder: Path) -> Job | None:
        """Look for the missing images in a folder; the job returns the number found, which is shown to the user."""
        project = self._lifecycle.project
        if project is None:
            return None
        title = tr("Look for images in {folder}", folder=folder.name)
        job = self._editing.run(title, lambda _on_event, _control: project.relink_in_folder(folder))
        if job is not None:
            job.finished.connect(partial(self._report_found, len(self.missing()), folder))
        if job is not None:
            job.ended.connect(self.relinked)
        return job

    def _report_found(self, wanted: int, folder: Path, found: int) -> None:
        self._notifier.info(
            tr("Found {found} of {wanted} missing images in {folder}.", found=found, wanted=wanted, folder=folder)
        )

    def missing(self) -> list[ImageEntry]:
        """Return the images whose files are missing."""
        return [entry for entry in self._lifecycle.project.images if entry.missing] if self._lifecycle.project else []


def ask_to_add(images: Sequence[Path], project: Path, window: QWidget | None) -> OpenAs | None:
    """Ask whether to add images to the project, or to open one on its own; None where the user cancels."""
    if len(images) == 1:
        answers = [_ADD, _OPEN_ALONE]
        explanation = tr(
            "To open it without a project, {project} is closed first; all its edits are saved.", project=project.name
        )
    else:  # the window shows one image at a time: the others would not be seen
        answers, explanation = [_ADD], _names(images)
    question = tr(
        "Add %n images to the project “{project}”?",
        n=len(images),
        one="Add {image} to the project “{project}”?",
        image=images[0].name,
        project=project.stem,
    )
    answer = choose(window, question, explanation, answers, default=_ADD)
    return _ANSWERS[answer] if answer else None


def _names(images: Sequence[Path]) -> str:
    """Return the names of the first images, and how many more there are, one a line."""
    names = [path.name for path in images[:_MOST_NAMES]]
    if more := len(images) - len(names):
        names.append(tr("and %n more", n=more, one="and one more"))
    return "\n".join(names)
