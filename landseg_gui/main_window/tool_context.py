"""What the tools work with: the image in the view and its labels, as the session has them."""

from __future__ import annotations

from collections.abc import Sequence

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.edit import LabelEdit, Paintable
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Region
from landseg_gui.notifier import Notifier
from landseg_gui.session.assistant.cell_tiles import CellTiles
from landseg_gui.session.assistant.click_segmenter import ClickSegmenter
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.tools.context import Ring, ToolContext
from landseg_gui.tools.tool_settings import ToolSettings
from landseg_gui.viewer.viewport import Viewport


class SessionToolContext(ToolContext):
    """The project of a session, as the tools of a viewport see it."""

    def __init__(
        self,
        viewport: Viewport,
        session: ProjectSession,
        notifier: Notifier,
        cells: CellTiles,
        segmenter: ClickSegmenter,
    ) -> None:
        self.viewport = viewport
        self.notifier = notifier
        self.cells = cells
        self.segmenter = segmenter
        self.settings = ToolSettings(viewport)
        self._session = session
        self.choices_changed = session.paint.changed
        self.schema_changed = session.editing.schema_changed
        self.areas_changed = session.editing.areas_changed
        self.image_changed = session.images.shown_changed
        self.project_changed = session.project_changed
        self.saving_changed = session.saving.changed

    @property
    def labels(self) -> LabelRaster | None:
        """Return the labels of the image in the view, or None."""
        return self._session.labels

    @property
    def schema(self) -> ClassSchema | None:
        """Return the classes of the project, or None."""
        return self._session.schema

    @property
    def active_value(self) -> int:
        """Return the class value that tools paint."""
        return self._session.paint.active_value

    @active_value.setter
    def active_value(self, value: int) -> None:
        self._session.paint.active_value = value

    @property
    def only_unlabelled(self) -> bool:
        """Return whether existing labels stay as they are."""
        return self._session.paint.only_unlabelled

    @only_unlabelled.setter
    def only_unlabelled(self, only: bool) -> None:
        self._session.paint.only_unlabelled = only

    @property
    def paints_behind(self) -> bool:
        """Return whether existing labels stay as they are while a key is held."""
        return self._session.paint.paints_behind

    @paints_behind.setter
    def paints_behind(self, behind: bool) -> None:
        self._session.paint.paints_behind = behind

    @property
    def clips(self) -> bool:
        """Return whether labels change only inside the working areas."""
        return self._session.paint.clips

    @clips.setter
    def clips(self, clips: bool) -> None:
        self._session.paint.clips = clips

    @property
    def locked(self) -> frozenset[int]:
        """Return the class values that nothing may paint over."""
        return self._session.paint.locked

    @property
    def accepts_edits(self) -> bool:
        """Return whether an edit could be stored now."""
        project = self._session.project
        return project is not None and not (project.read_only or project.failure or project.busy)

    def may_paint(self) -> bool:
        """Return whether a gesture may begin; where not, show the user why."""
        return self._session.editing.may_paint()

    def begin(self) -> LabelEdit | None:
        """Begin a gesture on the labels; None where nothing may be painted."""
        return self._session.editing.begin()

    def record(self, edit: LabelEdit, name: str) -> None:
        """End a gesture and make it a step of the history."""
        self._session.editing.record(edit, name)

    def paint_large(self, region: Region, value: int, name: str, table: Paintable) -> object:
        """Give a large region the class `value`, as a job and one step."""
        return self._session.editing.paint_large(region, value, name, table)

    def areas(self) -> tuple[Ring, ...]:
        """Return the working areas of the image."""
        project, image = self._session.project, self._session.image
        return project.areas(image.id) if project and image else ()

    def set_areas(self, areas: Sequence[Ring], name: str) -> None:
        """Replace the working areas, as one step, where the project may be changed."""
        project, image = self._session.project, self._session.image
        if project and image and self._session.editing.may_edit():
            project.set_areas(image.id, tuple(areas), name)
            self._session.editing.refresh()
