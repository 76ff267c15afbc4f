"""How the labels and the project are changed from the window: by strokes, by jobs, and along the history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal

from landseg_core.errors import ProjectError
from landseg_core.events import Event, StoringFailed, StoringResumed
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelEdit, LabelRaster, Paintable
from landseg_core.labels.regions import Region
from landseg_core.project.history import Step
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.closed_projects import ClosedProjects
from landseg_gui.session.facts import ProjectFacts
from landseg_gui.session.history_walk import HistoryWalk
from landseg_gui.session.lifecycle import LifeCycle, ProjectLifecycle
from landseg_gui.session.paint_choices import PaintChoices
from landseg_gui.session.region_painter import region_painter
from landseg_gui.session.saving import StoredState, stored_state
from landseg_gui.session.shown_image import ShownImage
from landseg_gui.text import capitalised, images_text

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_DAMAGE_SHOWS_MS = 1500  # after an image has come: by then the tiles in sight have been read
_MOST_NOTICES = 5


class ProjectEdits(PaintChoices):
    """The project, the image of it that is in the window, and every way to change them.

    `image_changed`: another image, or none, is in the window; `stored_changed`: what `stored_state` returns. The other
    signals tell that this part of the project has changed. `project_wanted`: somebody wants to paint, and there is no
    project yet. `save_wanted`: the project's file is lost, by the sentence that comes with it, and all
    should be saved to another one.
    """

    image_changed = Signal()
    images_changed = Signal()
    schema_changed = Signal()
    history_changed = Signal()
    areas_changed = Signal()
    predictions_changed = Signal()
    stored_changed = Signal()
    project_wanted = Signal()
    save_wanted = Signal(str)

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__(session)
        self._session = session
        self._runner = runner
        self._facts = ProjectFacts()
        self._gesture: tuple[LabelEdit, ImageEntry] | None = None
        self._edits: list[Job] = []
        self._closed = ClosedProjects(runner, self)
        self._closed.failed.connect(session.problem)
        self.lifecycle = ProjectLifecycle(runner, self._closed, lambda: self.busy or self._gesture_is_open(), self)
        self.lifecycle.message.connect(session.message)
        self.lifecycle.problem.connect(session.problem)
        self.lifecycle.storing_news.connect(self._take_news, Qt.ConnectionType.QueuedConnection)  # from a thread
        self._shown = ShownImage(session)
        self._walk = HistoryWalk(runner, self)
        self._shown.changed.connect(self._tell_image)
        self._walk.moved.connect(self.history_changed)
        self._walk.failed.connect(session.problem)
        self._walk.ended.connect(self._end_walk)
        self._told_notices: set[str] = set()

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

    @property
    def busy(self) -> bool:
        """Tell whether something changes the project as a whole, or closes it, so that nothing else can change it."""
        at_work = bool(self._edits) or self._walk.under_way or self.lifecycle.state is LifeCycle.CLOSING
        return at_work or (self.project is not None and self.project.busy)

    def image_with(self, image_id: int) -> ImageEntry | None:
        """Return an image of the project, or None where there is none of this id."""
        return self.project.find_image(image_id) if self.project else None

    def stored_state(self) -> StoredState:
        """Return how safe the edits are."""
        return stored_state(self.project)

    def tell(self, sentence: str) -> None:
        """Show the user something good to know."""
        self._session.message.emit(sentence)

    # --- gestures

    def may_paint(self) -> bool:
        """Tell whether a gesture may begin; where not, the user is told why, or asked for a project."""
        if self._session.raster is None:
            self._session.message.emit("Open an orthophoto to paint on")
            return False
        if self.project is None:
            self.project_wanted.emit()
            return False
        if self.image is None:
            self._session.message.emit(f"{self._session.raster.path.name} is no image of {self.project.path.name}")
            return False
        if self._shown.is_misplaced:
            self._session.problem.emit(
                f"{self.image.path.name} lies elsewhere than its labels by now: choose in File > Changed Files where"
                " they belong, then paint"
            )
            return False
        return self.may_edit()

    def may_edit(self) -> bool:
        """Tell whether the project may be changed; where not, the user is told why."""
        self._tell_notices()
        if self.project is None:
            self._session.message.emit("Open a project, or make a new one")
        elif self.project.fault:
            self.save_wanted.emit(_save_as(self.project.failure))
        elif self.project.read_only:
            self._session.message.emit(f"{self.project.path.name} is read-only: {self.project.read_only_reason}")
        elif self.project.failure:
            self._session.problem.emit(_try_again(self.project.failure))
        elif self.busy:
            self._session.message.emit("The project is being changed: wait for that, or stop it in the Jobs panel")
        else:
            return True
        return False

    def begin(self) -> LabelEdit | None:
        """Begin a gesture on the image in the window; None where nothing may be painted."""
        if not self.may_paint() or self.labels is None or self.image is None:
            return None
        self._session.layers.overlays_hidden = False  # nobody paints without seeing it
        edit = self.labels.begin()
        self._gesture = edit, self.image
        return edit

    def record(self, edit: LabelEdit, name: str) -> None:
        """End a gesture and make it a step of the history called `name`; nothing where it has changed nothing."""
        finished = edit.finish()
        if self._gesture is None or self._gesture[0] is not edit:
            raise ValueError("only a gesture that `begin` has given can be recorded")
        image, self._gesture = self._gesture[1], None
        if finished is None or self.project is None:
            return
        try:
            self.project.record(image.id, finished, name)
        except ProjectError as error:  # the labels are as before the gesture
            self._session.problem.emit(capitalised(str(error)))
        self.history_changed.emit()
        self.stored_changed.emit()

    # --- work on the whole project

    def paint_large(self, region: Region, value: int, name: str, paintable: Paintable | None = None) -> Job | None:
        """Give a region too large for a gesture the class `value`, as a job and one step; None where that may not be.

        `paintable` tells which labels may be replaced; by default what the user has chosen.
        """
        project, image = self.project, self.image
        if not self.may_paint() or project is None or image is None:
            return None
        change = region_painter(region, value, self.paintable() if paintable is None else paintable)
        return self.run_edit(
            name,
            lambda on_event, control: project.edit_tiles(
                image.id, name, change, window=region.bounds, on_event=on_event, control=control
            ),
        )

    def run_edit(self, title: str, work: Work) -> Job | None:
        """Run a function of the core that changes the project; None where that may not be.

        Nothing else changes the project meanwhile; afterwards the signals tell what it has changed.
        """
        if self._gesture_is_open() or not self.may_edit():
            return None
        job = self._runner.start(title, work)
        self._edits.append(job)
        job.failed.connect(self._session.problem)
        job.stopped.connect(lambda: self._session.message.emit(f"{title}: stopped, nothing has changed"))
        job.ended.connect(lambda: self._end_edit(job))
        self.stored_changed.emit()
        return job

    def _end_edit(self, job: Job) -> None:
        self._edits.remove(job)
        self.refresh()

    def refresh(self) -> None:
        """Tell what has changed in the project since it was told last."""
        before = self._facts
        self._shown.refresh()
        now = self._facts = ProjectFacts.of(self.project, self.image)
        if before.schema != now.schema:
            self.fit_choices(now.schema)
            self._shown.show_classes()
        signals = {
            "images": self.images_changed,
            "schema": self.schema_changed,
            "areas": self.areas_changed,
            "predictions": self.predictions_changed,
        }
        for name, signal in signals.items():
            if getattr(before, name) != getattr(now, name):
                signal.emit()
        self._tell_notices()
        self.history_changed.emit()
        self.stored_changed.emit()

    def _tell_image(self) -> None:
        self._facts = self._facts.with_image(self.project, self.image)
        for signal in (self.image_changed, self.areas_changed, self.predictions_changed):
            signal.emit()
        QTimer.singleShot(_DAMAGE_SHOWS_MS, self, self._tell_notices)

    # --- history

    def undo(self) -> None:
        """Take the last step back, and show the image that it was on."""
        if self.project is not None:
            self.undo_to(self.project.position - 1)

    def redo(self) -> None:
        """Do again the step that was taken back last."""
        if self.project is not None:
            self.undo_to(self.project.position + 1)

    def undo_to(self, position: int) -> None:
        """Undo or redo until `position` steps are done; many of them in the background."""
        if self.project is None or self._gesture_is_open() or not self.may_edit():
            return
        self._walk.start(self.project, position)
        self.stored_changed.emit()

    def _gesture_is_open(self) -> bool:
        """Tell whether somebody is in the middle of a stroke: labels take one gesture at a time."""
        if self._gesture is None or self.project is None or self.image_with(self._gesture[1].id) is None:
            return False
        try:
            self.project.labels(self._gesture[1].id).begin().revert()
        except RuntimeError:
            return True
        return False

    def _end_walk(self, last: Step | None) -> None:
        before = self._facts.images
        self.refresh()
        self._tell_images(before)
        if last is not None and last.image_id is not None and (self.image is None or last.image_id != self.image.id):
            self._shown.show(last.image_id)

    def _tell_images(self, before: Sequence[ImageEntry]) -> None:
        """Tell of images that have come or gone with undo or redo: the window may show another one now."""
        known, now = ({entry.id: entry for entry in images} for images in (before, self._facts.images))
        for verb, images in (
            ("Undone", [known[number] for number in known.keys() - now.keys()]),
            ("Redone", [now[number] for number in now.keys() - known.keys()]),
        ):
            if images:
                self.tell(f"{verb}: Add {images_text(images)}")

    def undo_text(self) -> str:
        """Return the text of the command, such as `Undo Brush: building`; `Undo` where there is nothing to undo."""
        step = self.project.next_undo if self.project else None
        return f"Undo {step.name}" if step else "Undo"

    def redo_text(self) -> str:
        """Return the text of the command, such as `Redo Brush: building`; `Redo` where there is nothing to redo."""
        step = self.project.next_redo if self.project else None
        return f"Redo {step.name}" if step else "Redo"

    # --- news of the writer, and of damage

    def _tell_notices(self) -> None:
        """Tell what was found damaged since the user was told last, in few sentences."""
        new = [notice for notice in self.project.notices if notice not in self._told_notices] if self.project else []
        self._told_notices.update(new)
        for notice in new[:_MOST_NOTICES]:
            self._session.problem.emit(capitalised(notice))
        if len(new) > _MOST_NOTICES:
            self._session.problem.emit(f"And {len(new) - _MOST_NOTICES} more parts of the project are damaged")

    def retry(self) -> None:
        """Try again to store the edits that could not be stored."""
        if self.project is not None:
            self.project.retry()
            self.stored_changed.emit()

    def _take_news(self, event: Event) -> None:
        if self.project is not None and isinstance(event, StoringFailed | StoringResumed):
            self._tell_storing(self.project)
        self._tell_notices()
        self.stored_changed.emit()

    def _tell_storing(self, project: Project) -> None:
        if project.fault:
            self.save_wanted.emit(_save_as(project.failure))
        elif project.failure:
            self._session.problem.emit(_try_again(project.failure))
        else:
            self._session.message.emit(f"{project.path.name} is at its place again: every edit is stored there")


def _save_as(failure: str | None) -> str:
    return f"{capitalised(failure or '')}. Painting waits: choose Save As to write all of it to another file"


def _try_again(failure: str) -> str:
    return f"{failure}. Painting waits until then: choose Try again in the status bar"
