"""The project behind the window, put together from its parts; panels, tools and dialogs use the part they need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.errors import LandsegError
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.changed_files import ChangedFiles
from landseg_gui.session.editing import Editing
from landseg_gui.session.images import ProjectImages
from landseg_gui.session.lifecycle import Arrival, ProjectLifecycle, read_only_text
from landseg_gui.session.paint import PaintChoices
from landseg_gui.session.project_files import ClosedProjects
from landseg_gui.session.saving import Saving
from landseg_gui.session.shown_image import ShownImage
from landseg_gui.session.view_state import load_window, save_window
from landseg_gui.text import as_sentence
from landseg_gui.viewer.frame import ViewFrame

if TYPE_CHECKING:
    from landseg_gui.session.session import Session


class ProjectSession(QObject):
    """One project at a time, or none; one of its images is in the window, or none. `project_changed`: it came or went.

    `lifecycle`: which project; `images`: its images; `editing`: its labels, its history and all other changes; `paint`:
    what is painted with; `saving`: whether all is on disk; `changed_files`: what has changed outside of it.
    """

    project_changed = Signal()

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        frame: Callable[[], ViewFrame | None],
        window: QWidget | None,
    ) -> None:
        super().__init__(session)
        self._session, self._runner = session, runner
        notifier = session.notifier
        self._closed = ClosedProjects(runner, notifier, self)
        self.paint = PaintChoices(self)
        self.lifecycle = ProjectLifecycle(runner, self._closed, self._is_in_use, notifier, window, self)
        self._shown = ShownImage(session, frame)
        self.saving = Saving(self.lifecycle, runner, notifier)
        self.editing = Editing(session, runner, self.lifecycle, self.saving, self.paint, self._shown)
        self.images = ProjectImages(self.lifecycle, self.editing, self._shown, notifier)
        self.changed_files = ChangedFiles(self)
        self.images.relinked.connect(self.changed_files.look)
        self._follow_lifecycle()

    def _follow_lifecycle(self) -> None:
        lifecycle = self.lifecycle
        lifecycle.leaving.connect(self._save_window)
        lifecycle.project_changed.connect(self._follow_project)
        lifecycle.arrived.connect(self._welcome)
        lifecycle.save_guard.saved.connect(self._session.opened)

    # --- what there is

    @property
    def project(self) -> Project | None:
        """Return the project that is open."""
        return self.lifecycle.project

    @property
    def owner(self) -> Path | None:
        """Return the file of the project that is open: what begins now belongs to it, or to none."""
        return self.project.path if self.project else None

    @property
    def image(self) -> ImageEntry | None:
        """Return the image of the project that is in the window."""
        return self._shown.entry

    @property
    def labels(self) -> LabelRaster | None:
        """Return the labels of the image in the window."""
        return self.project.labels(self.image.id) if self.project and self.image else None

    @property
    def schema(self) -> ClassSchema | None:
        """Return the classes of the project."""
        return self.project.schema if self.project else None

    def title(self) -> str:
        """Return the project and its image for the window's title, such as `dubai.landseg: tile_3`."""
        if self.project is None:
            return ""
        return f"{self.project.path.name}: {self.image.name}" if self.image else self.project.path.name

    # --- work

    def show_info(self, sentence: str) -> None:
        """Show the user something good to know."""
        self._session.notifier.info(sentence)

    def start_in_background(self, title: str, work: Work) -> Job:
        """Start a job that may be stopped without asking: nothing is lost with it."""
        return self._runner.start(title, work, background=True)

    def change_project(self, owner: Path, change: Callable[[Project], None], refusal: str) -> None:
        """Make a small change to the project `owner`: at once where it is open, else in the background.

        Where that is impossible, the user is shown `refusal`, a sentence, and why.
        """
        project = self.project
        if project is None or owner != project.path:
            self._closed.change(owner, change, refusal)
            return
        try:
            change(project)
        except LandsegError as error:
            self._session.notifier.info(f"{as_sentence(refusal)} {as_sentence(error)}")
        else:
            self.editing.refresh()

    # --- as projects come and go

    def _is_in_use(self) -> bool:
        return self.editing.busy or self.editing.is_stroke_open

    def _save_window(self) -> None:
        self._shown.save_position()
        if self.project and self.image and not self.project.failure:
            save_window(self.project, self.image.id, self.paint.active_value)

    def _follow_project(self) -> None:
        project = self.project
        self._shown.set_project(project)
        self.paint.fit(self.schema, load_window(project).get("active_value") if project else None)
        editing = self.editing
        for signal in (self.project_changed, editing.images_changed, editing.schema_changed, self.images.shown_changed):
            signal.emit()
        editing.history_changed.emit()
        self.saving.changed.emit()

    def _welcome(self, arrival: Arrival) -> None:
        """Show what has come with a project."""
        project = arrival.project
        self._session.opened.emit(project.path)
        if project.read_only:
            self._session.notifier.info(read_only_text(project))
        self.saving.show_damage()
        for sentence in arrival.problems:
            self._session.notifier.error(sentence)
        self.changed_files.look()
        if arrival.files:
            self._session.files.open(arrival.files)
        else:
            self._shown.show_first()
