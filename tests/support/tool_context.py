"""A context of tools without a session: labels in memory, and lists of what the tools have done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from landseg_core.assistant.cells import CellTile
from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.edit import LabelEdit, Paintable
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Region
from landseg_gui.notifier import Notifier
from landseg_gui.tools.context import Ring, ToolContext
from landseg_gui.tools.segmenter import Question, SegmenterState
from landseg_gui.tools.tool_settings import ToolSettings
from landseg_gui.viewer.viewport import Viewport


@dataclass
class PaperProject:
    """Stands for a project: it has working areas, and may be out of order."""

    read_only: bool = False
    failure: str | None = None
    busy: bool = False
    drawn: tuple[Ring, ...] = ()
    names: list[str] = field(default_factory=list)


class _Signals(QObject):
    choices_changed = Signal()
    schema_changed = Signal()
    areas_changed = Signal()
    image_changed = Signal()
    project_changed = Signal()
    saving_changed = Signal()


class PaperCells(QObject):
    """Cells that a test puts in: `tiles` by key, or `finer` ones. `wanted` is what has been asked for last."""

    ready = Signal(object)
    emptied = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tiles: dict[TileKey, CellTile] = {}
        self.finer: dict[TileKey, CellTile] = {}
        self.wanted: list[TileKey] = []

    def request(self, keys: Iterable[TileKey], by: str = "tool", *, finer: bool = False) -> None:
        self.wanted, self.wants_finer = list(keys), finer

    def cells(self, key: TileKey, *, finer: bool = False) -> CellTile | None:
        return (self.finer if finer else self.tiles).get(key)

    def is_coming(self, key: TileKey, *, finer: bool = False) -> bool:
        return key in self.wanted and self.cells(key, finer=finer) is None


class PaperSegmenter(QObject):
    """A model that answers when a test does: `crops` to encode, and the questions `asked`."""

    changed = Signal()
    answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = SegmenterState.IDLE
        self.crops: list[Crop] = []
        self.asked: list[Question] = []
        self.calls: list[str] = []

    def show_state(self, state: SegmenterState) -> None:
        self.state = state
        self.changed.emit()

    def encode(self, crop: Crop) -> None:
        self.crops.append(crop)

    def ask(self, question: Question) -> None:
        self.asked.append(question)

    def pause(self) -> None:
        self.calls.append("pause")

    def retry(self) -> None:
        self.calls.append("retry")

    def reset(self) -> None:
        self.calls.append("reset")


class PaperToolContext(ToolContext):
    """Lists the names of the steps, the large paintings without doing them, and how often painting was refused."""

    labels: LabelRaster | None = None
    schema: ClassSchema | None = None
    locked: frozenset[int] = frozenset()

    def __init__(self, viewport: Viewport, labels: LabelRaster, schema: ClassSchema) -> None:
        self.viewport = viewport
        self.settings = ToolSettings(viewport)
        self.notifier = Notifier(viewport)
        self.cells = PaperCells(viewport)
        self.segmenter = PaperSegmenter(viewport)
        self._signals = signals = _Signals(viewport)
        self.choices_changed = signals.choices_changed
        self.schema_changed = signals.schema_changed
        self.areas_changed = signals.areas_changed
        self.image_changed = signals.image_changed
        self.project_changed = signals.project_changed
        self.saving_changed = signals.saving_changed
        self.project: PaperProject | None = PaperProject()
        self.labels, self.schema = labels, schema
        self._active_value, self._only_unlabelled = schema.values[0], False
        self._paints_behind = self._clips = False
        self.steps: list[str] = []
        self.large: list[tuple[Region, int, str, Paintable]] = []
        self.refusals = 0

    @property
    def active_value(self) -> int:
        return self._active_value

    @active_value.setter
    def active_value(self, value: int) -> None:
        self._active_value = value
        self.choices_changed.emit()

    @property
    def only_unlabelled(self) -> bool:
        return self._only_unlabelled

    @only_unlabelled.setter
    def only_unlabelled(self, only: bool) -> None:
        self._only_unlabelled = only
        self.choices_changed.emit()

    @property
    def paints_behind(self) -> bool:
        return self._paints_behind

    @paints_behind.setter
    def paints_behind(self, behind: bool) -> None:
        self._paints_behind = behind
        self.choices_changed.emit()

    @property
    def clips(self) -> bool:
        return self._clips

    @clips.setter
    def clips(self, clips: bool) -> None:
        self._clips = clips
        self.choices_changed.emit()

    @property
    def accepts_edits(self) -> bool:
        project = self.project
        return project is not None and not (project.read_only or project.failure or project.busy)

    def may_paint(self) -> bool:
        self.refusals += not self.accepts_edits
        return self.accepts_edits

    def begin(self) -> LabelEdit | None:
        return self.labels.begin() if self.may_paint() and self.labels else None

    def record(self, edit: LabelEdit, name: str) -> None:
        if edit.finish():
            self.steps.append(name)

    def paint_large(self, region: Region, value: int, name: str, table: Paintable) -> None:
        self.large.append((region, value, name, table))

    def areas(self) -> tuple[Ring, ...]:
        return self.project.drawn if self.project and self.labels else ()

    def set_areas(self, areas: Sequence[Ring], name: str) -> None:
        assert self.project is not None
        if self.may_paint():
            self.project.drawn = tuple(areas)
            self.project.names.append(name)
            self.areas_changed.emit()
