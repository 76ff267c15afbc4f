"""How the labels and the project are changed from the window: by strokes, by jobs, and along the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.edit import LabelEdit, Paintable
from landseg_core.labels.pyramid import Tile
from landseg_core.labels.regions import Region
from landseg_core.project.history import Step
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.history_walk import HistoryWalk
from landseg_gui.session.lifecycle import PROJECT_BUSY, LifeCycle, ProjectLifecycle, read_only_text
from landseg_gui.session.paint import PaintChoices
from landseg_gui.session.saving import Saving
from landseg_gui.session.shown_image import ShownImage
from landseg_gui.session.step_names import shown_step
from landseg_gui.text import images_text, tr, translated

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_DAMAGE_SHOWS_MS = 1500  # after an image has come: by then the tiles in sight have been read


@dataclass(frozen=True)
class _ProjectFacts:
    """The parts of a project that seldom change; areas and predictions are those of one image."""

    images: tuple[ImageEntry, ...] = ()
    schema: ClassSchema | None = None
    areas: tuple[Any, ...] = ()
    predictions: tuple[Any, ...] = ()

    @classmethod
    def of(cls, project: Project | None, image: ImageEntry | None) -> _ProjectFacts:
        """Return the facts about a project as it is now."""
        facts = cls(project.images, project.schema) if project else cls()
        return facts.with_image(project, image)

    def with_image(self, project: Project | None, image: ImageEntry | None) -> _ProjectFacts:
        """Return these facts with the areas and predictions of another image."""
        if project is None or image is None:
            return replace(self, areas=(), predictions=())
        return replace(self, areas=project.areas(image.id), predictions=project.predictions(image.id))


class Editing(QObject):
    """Every way to change the open project; nothing else changes it meanwhile.

    The signals say that this part of the project, or of its image in the window, has changed. `project_wanted`:
    somebody wants to paint, and there is no project yet.
    """

    images_changed = Signal()
    schema_changed = Signal()
    history_changed = Signal()
    areas_changed = Signal()
    predictions_changed = Signal()
    project_wanted = Signal()

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        lifecycle: ProjectLifecycle,
        saving: Saving,
        paint: PaintChoices,
        shown: ShownImage,
    ) -> None:
        super().__init__(lifecycle)
        self._session, self._runner = session, runner
        self._lifecycle, self._saving, self._paint, self._shown = lifecycle, saving, paint, shown
        self._facts = _ProjectFacts()
        self._gesture: tuple[LabelEdit, ImageEntry] | None = None
        self._jobs: list[Job] = []
        self._walk = HistoryWalk(runner, session.notifier, self)
        self._walk.moved.connect(self.history_changed)
        self._walk.ended.connect(self._end_walk)
        lifecycle.project_changed.connect(self._follow_project)
        shown.changed.connect(self._follow_image)

    @property
    def _project(self) -> Project | None:
        return self._lifecycle.project

    def _follow_project(self) -> None:
        self._gesture = None
        self._facts = _ProjectFacts.of(self._project, None)

    def _follow_image(self) -> None:
        self._facts = self._facts.with_image(self._project, self._shown.entry)
        for signal in (self.areas_changed, self.predictions_changed):
            signal.emit()
        QTimer.singleShot(_DAMAGE_SHOWS_MS, self, self._saving.show_damage)

    @property
    def busy(self) -> bool:
        """Return whether something changes the project as a whole, or closes it, so that nothing else can change it."""
        at_work = bool(self._jobs) or self._walk.under_way or self._saving.under_way
        is_closing = self._lifecycle.state is LifeCycle.CLOSING
        return at_work or is_closing or (self._project is not None and self._project.busy)

    @property
    def is_stroke_open(self) -> bool:
        """Return whether somebody is in the middle of a stroke: labels take one gesture at a time."""
        if self._gesture is None or self._project is None:
            return False
        entry = self._project.find_image(self._gesture[1].id)
        return entry is not None and self._project.labels(entry.id).is_being_edited

    # --- gestures

    def may_paint(self) -> bool:
        """Return whether a gesture may begin; where not, show the user why, or ask for a project."""
        if self._session.rasters.current is None:
            self._session.notifier.info(tr("Open an image to paint on."))
            return False
        if self._project is None:
            self.project_wanted.emit()
            return False
        if self._shown.entry is None:
            self._session.notifier.info(
                tr(
                    "{image} is not in the project {project}: add it to paint on it.",
                    image=self._session.rasters.current.path.name,
                    project=self._project.path.name,
                )
            )
            return False
        if self._shown.is_misplaced:
            self._session.notifier.error(
                tr(
                    "The grid of {image} has changed since its labels were painted: choose in File > Changed Files "
                    "where they belong, then paint.",
                    image=self._shown.entry.path.name,
                )
            )
            return False
        return self.may_edit()

    def may_edit(self) -> bool:
        """Return whether the project may be changed; where not, show the user why."""
        self._saving.show_damage()
        if self._project is None:
            self._session.notifier.info(tr("Open a project or create a new one."))
        elif self._project.fault:
            self._saving.show_failure()
        elif self._project.read_only:
            self._session.notifier.info(read_only_text(self._project))
        elif self._project.failure:
            self._saving.show_failure()
        elif self.busy:
            self._session.notifier.info(translated(PROJECT_BUSY))
        else:
            return True
        return False

    def begin(self) -> LabelEdit | None:
        """Begin a gesture on the image in the window; None where nothing may be painted."""
        project, image = self._project, self._shown.entry
        if not self.may_paint() or project is None or image is None:
            return None
        self._session.layers.overlays_hidden = False  # nobody paints without seeing it
        edit = project.labels(image.id).begin()
        self._gesture = edit, image
        return edit

    def record(self, edit: LabelEdit, name: str) -> None:
        """End a gesture and make it a step of the history called `name`; nothing where it has changed nothing."""
        finished = edit.finish()
        if self._gesture is None or self._gesture[0] is not edit:
            raise ValueError("only a gesture that `begin` has given can be recorded")
        image, self._gesture = self._gesture[1], None
        if finished is None or self._project is None:
            return
        try:
            self._project.record(image.id, finished, name)
        except ProjectError as error:  # the labels are as before the gesture
            self._session.notifier.error(str(error))
        self.history_changed.emit()
        self._saving.changed.emit()

    # --- work on the whole project

    def paint_large(self, region: Region, value: int, name: str, paintable: Paintable | None = None) -> Job | None:
        """Give a region too large for a gesture the class `value`, as a job and one step; None where that may not be.

        `paintable` says which labels may be replaced; by default what the user has chosen.
        """
        project, image = self._project, self._shown.entry
        if not self.may_paint() or project is None or image is None:
            return None
        change = _region_painter(region, value, self._paint.paintable() if paintable is None else paintable)
        return self.run(
            shown_step(name),
            lambda on_event, control: project.edit_tiles(
                image.id, name, change, window=region.bounds, on_event=on_event, control=control
            ),
        )

    def run(self, title: str, work: Work) -> Job | None:
        """Run a function of the core that changes the project; None where that may not be.

        Nothing else changes the project meanwhile; afterwards the signals say what it has changed.
        """
        if self.is_stroke_open or not self.may_edit():
            return None
        job = self._runner.start(title, work)
        self._jobs.append(job)
        job.failed.connect(self._session.notifier.error)
        job.stopped.connect(
            lambda: self._session.notifier.info(tr("Stopped: {title}. Nothing has changed.", title=title))
        )
        job.ended.connect(lambda: self._end_edit(job))
        self._saving.changed.emit()
        return job

    def _end_edit(self, job: Job) -> None:
        self._jobs.remove(job)
        self.refresh()

    def refresh(self) -> None:
        """Emit the signals of what has changed in the project since the last time."""
        before = self._facts
        self._shown.refresh()
        now = self._facts = _ProjectFacts.of(self._project, self._shown.entry)
        if before.schema != now.schema:
            self._paint.fit(now.schema)
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
        self._saving.show_damage()
        self.history_changed.emit()
        self._saving.changed.emit()

    # --- history

    def undo(self) -> None:
        """Undo the last step, and show the image that it was on."""
        if self._project is not None:
            self.undo_to(self._project.history.position - 1)

    def redo(self) -> None:
        """Redo the step that was undone last."""
        if self._project is not None:
            self.undo_to(self._project.history.position + 1)

    def undo_to(self, position: int) -> None:
        """Undo or redo until `position` steps are done; many of them in the background."""
        if self._project is None or self.is_stroke_open or not self.may_edit():
            return
        self._walk.start(self._project, position)
        self._saving.changed.emit()

    def _end_walk(self, last: Step | None) -> None:
        before = self._facts.images
        self.refresh()
        self._report_images(before)
        shown = self._shown.entry
        if last is not None and last.image_id is not None and (shown is None or last.image_id != shown.id):
            self._shown.show(last.image_id)

    def _report_images(self, before: Sequence[ImageEntry]) -> None:
        """Report images that have come or gone with undo or redo: the window may show another one now."""
        known, now = ({entry.id: entry for entry in images} for images in (before, self._facts.images))
        if gone := [known[number] for number in known.keys() - now.keys()]:
            self._session.notifier.info(tr("Undone: Add {images}.", images=images_text(gone)))
        if come := [now[number] for number in now.keys() - known.keys()]:
            self._session.notifier.info(tr("Redone: Add {images}.", images=images_text(come)))

    def undo_text(self) -> str:
        """Return the text of the command, such as `Undo Brush: building`; `Undo` where there is nothing to undo."""
        step = self._project.history.next_undo if self._project else None
        return tr("Undo {step}", step=shown_step(step.name)) if step else tr("Undo")

    def redo_text(self) -> str:
        """Return the text of the command, such as `Redo Brush: building`; `Redo` where there is nothing to redo."""
        step = self._project.history.next_redo if self._project else None
        return tr("Redo {step}", step=shown_step(step.name)) if step else tr("Redo")


def _region_painter(
    region: Region, value: int, paintable: Paintable
) -> Callable[[TileKey, PixelWindow, Tile], Tile | None]:
    """Return the change of a tile that gives `region` the class `value`."""

    def change(_key: TileKey, window: PixelWindow, present: Tile) -> Tile | None:
        where = region.mask(window) & paintable[present] & (present != value)
        if not where.any():
            return None
        painted = present.copy()
        painted[where] = value
        return painted

    return change
