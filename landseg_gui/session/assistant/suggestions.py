"""The suggestion for the view: a layer that follows labels, classes and the view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from landseg_core.assistant.image_assistant import ImageAssistant, RowOrigin, SuggestedView, tiles_around
from landseg_core.assistant.suggestion import Reason, RowGroup
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import AreasRegion, Position
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.tiles import TileBudget
from landseg_gui.session.acceptable import ShownSuggestion
from landseg_gui.session.assistant.cell_tiles import CellTiles, ImageCells
from landseg_gui.session.assistant.latest_work import LatestWork
from landseg_gui.session.assistant.other_images import MOST_IMAGES, OtherImages
from landseg_gui.text import tr
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.suggestion_layer import SuggestionLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_BUDGET = 96 * 2**20  # bytes of features: some 400 tiles
_AFTER_MS = 60
"""How long the view must rest before its features are computed."""


@dataclass(frozen=True)
class _Request:
    """What a suggestion is made of; two requests for the same tiles, with the same labels, are equal."""

    labels_changes: int
    keys: tuple[TileKey, ...]
    classes: tuple[int, ...]
    areas: tuple[tuple[Position, ...], ...]
    seen: PixelWindow = field(compare=False)


class Suggestions(QObject):
    """Shows what the assistant suggests for the view, while it is on.

    The former suggestion stays until the new one is there. `changed`: it was switched on or off, or one has come.
    `only_when_asked`: a change of labels, classes or view makes the suggestion outdated, and no new one.
    """

    changed = Signal()

    _made = Signal(object, object)
    _failed = Signal(object, str)

    def __init__(self, session: Session, cells: CellTiles) -> None:
        super().__init__(session)
        self._session, self._cells = session, cells
        self._on = self._manual = False
        self._frame: ViewFrame | None = None
        self._assistant: tuple[ImageCells, LabelRaster, ImageAssistant] | None = None
        self._budget = TileBudget(_BUDGET)
        self._work = LatestWork("suggestions")
        self._others = OtherImages()
        self._changes = 0
        self._asked: _Request | None = None
        self._shown: tuple[_Request, SuggestedView] | None = None
        self._later = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._later.timeout.connect(self._follow)
        queued = Qt.ConnectionType.QueuedConnection  # emitted in the thread
        self._made.connect(self._show, queued)
        self._failed.connect(self._report, queued)
        self._follow_session()

    def _follow_session(self) -> None:
        project = self._session.project_session
        editing = project.editing
        editing.history_changed.connect(self._follow_labels)
        editing.schema_changed.connect(self._follow_classes)
        editing.areas_changed.connect(self._later.start)
        project.project_changed.connect(self._forget)
        project.images.shown_changed.connect(self._follow_image)
        self._cells.emptied.connect(self._follow_image)

    # --- switches

    @property
    def on(self) -> bool:
        """Return whether suggestions are shown."""
        return self._on

    @property
    def only_when_asked(self) -> bool:
        """Return whether a suggestion is made only on request."""
        return self._manual

    @property
    def outdated(self) -> bool:
        """Return whether labels, classes or the view have changed since what is shown, or being made, was asked for."""
        return self._on and self._request() != self._asked

    @property
    def is_current(self) -> bool:
        """Return whether what is shown was made of the present labels, classes and view."""
        return self._shown is not None and self._shown[0] == self._request()

    def ask(self) -> None:
        """Show a suggestion; make a new one where it is outdated, else hide it."""
        if not self._on or (self._manual and self.outdated):
            self._on = True
            self._make()
        else:
            self._on = False
            self._clear()
        self.changed.emit()

    def set_only_when_asked(self, manual: bool) -> None:
        """Make suggestions only on request, or with every change."""
        self._manual = manual
        self._follow()

    def set_frame(self, frame: ViewFrame) -> None:
        """Follow the view."""
        self._frame = frame
        if self._on:
            self._later.start()

    def close(self) -> None:
        """Stop, and wait for what is being computed."""
        self._on = False
        self._work.close()
        self._close_assistant()

    # --- what is followed

    def _follow_labels(self) -> None:
        self._changes += 1
        self._follow()

    def _follow_classes(self) -> None:
        layer, schema = self._session.layers.suggestion, self._session.project_session.schema
        if layer is not None and schema is not None:
            layer.set_schema(schema)
        self._follow()

    def _follow_image(self) -> None:
        """Begin anew with another image, whose labels are no longer those that are known of it."""
        image = self._session.project_session.image
        if image is not None:
            self._others.forget(image.id)
        self._close_assistant()
        self._clear()
        if self._on:
            self._later.start()

    def _forget(self) -> None:
        """Begin anew with another project."""
        self._others = OtherImages()
        self._close_assistant()
        self._clear()

    def _follow(self) -> None:
        if self._on and not self._manual:
            self._make()

    # --- the work

    def _make(self) -> None:
        """Have a suggestion made for what is in view, unless it is what was asked for last."""
        request, assistant, project = self._request(), self._current(), self._session.project_session.project
        if request is None or assistant is None or project is None:
            self._clear()
            return
        if request == self._asked:
            return
        self._asked = request
        others = self._other_images(project)
        self._work.begin(lambda control: self._compute(request, assistant, project, others, control))

    def _compute(
        self,
        request: _Request,
        assistant: ImageAssistant,
        project: Project,
        others: list[ImageEntry],
        control: JobControl,
    ) -> None:
        """Make a suggestion, and another one once labels outside the view are known; in a thread."""
        numbers, level = [entry.id for entry in others], request.keys[0].level
        known = self._others
        try:
            complete = assistant.is_complete(level, request.seen)
            self._suggest(request, assistant, known.known(numbers, level), control, complete=complete)
            if not complete:
                self._suggest(request, assistant, known.known(numbers, level), control)
            if known.compute(project, others, level, control):
                self._suggest(request, assistant, known.known(numbers, level), control)
        except LandsegError as error:
            control.checkpoint()
            self._failed.emit(request, str(error))

    def _suggest(
        self,
        request: _Request,
        assistant: ImageAssistant,
        others: list[RowGroup],
        control: JobControl,
        *,
        complete: bool = True,
    ) -> None:
        level = request.keys[0].level
        found = assistant.suggest(level, request.seen, request.classes, others, control, complete=complete)
        if found is None and not complete:
            return  # the rest of the labels may make one: until then the former one stays
        if found is not None and request.areas:
            found.values[~_in_areas(request.areas, found)] = UNLABELLED
        control.checkpoint()
        self._made.emit(request, found)

    def _show(self, request: _Request, found: SuggestedView | None) -> None:
        if request is not self._asked:
            return
        if found is None:
            self._shown = None
            self._session.layers.set_suggestion(None)
        else:
            self._shown = request, found
            layer, scale = self._layer(), 1 << found.level
            window = found.window
            area = PixelWindow(window.x * scale, window.y * scale, window.width * scale, window.height * scale)
            layer.show(area, found.values, found.confidence)
            self._session.layers.set_suggestion(layer)
        self.changed.emit()

    def _layer(self) -> SuggestionLayer:
        layers, schema = self._session.layers, self._session.project_session.schema
        assert layers.image is not None
        assert schema is not None
        return layers.suggestion or SuggestionLayer(layers.image.grid, schema)

    def _report(self, request: _Request, sentence: str) -> None:
        if request is self._asked:
            self._session.notifier.error(sentence)

    def _request(self) -> _Request | None:
        """Return what a suggestion would be made of now; None where there is nothing to make one for."""
        session, frame = self._session.project_session, self._frame
        image, project = self._session.layers.image, session.project
        if image is None or frame is None or project is None or session.image is None:
            return None
        pyramid = image.reader.pyramid
        seen = frame.visible(pyramid.width, pyramid.height)
        if seen is None:
            return None
        level = pyramid.level_for_scale(frame.scale)
        keys = tuple(tiles_around(pyramid, level, seen))
        areas = tuple(tuple((column, row) for column, row in area) for area in project.areas(session.image.id))
        return _Request(self._changes, keys, tuple(project.schema.values), areas, seen)

    def _current(self) -> ImageAssistant | None:
        """Return the assistant of the image in the view, made anew for other pixels or labels."""
        cells, labels = self._cells.image_cells, self._session.project_session.labels
        image = self._session.project_session.image
        if cells is None or labels is None or image is None:
            return None
        if self._assistant is None or self._assistant[:2] != (cells, labels):
            self._close_assistant()
            self._assistant = cells, labels, _assistant_of(image.name, cells, labels, self._budget)
        return self._assistant[2]

    def _other_images(self, project: Project) -> list[ImageEntry]:
        image = self._session.project_session.image
        return [entry for entry in project.images if entry != image and not entry.missing][:MOST_IMAGES]

    def _clear(self) -> None:
        self._work.cancel()
        self._asked = self._shown = None
        self._session.layers.set_suggestion(None)

    def _close_assistant(self) -> None:
        self._work.cancel()
        if self._assistant is not None:
            self._assistant[2].close()
            self._assistant = None

    # --- what is done with it

    def acceptable(self) -> ShownSuggestion | None:
        """Return what is shown, to accept it as labels; None where nothing is shown, or it is hidden."""
        layers = self._session.layers
        layer = layers.suggestion
        if self._shown is None or layer is None or not layer.visible or layers.overlays_hidden:
            return None
        return ShownSuggestion(self._shown[1], layer.schema)

    def why(self, column: float, row: float) -> str:
        """Return what is suggested at a position in raster px, and which labels speak for it.

        It is empty where nothing is suggested, or a label says what is there.
        """
        layer, labels = self._session.layers.suggestion, self._session.layers.labels
        if self._shown is None or layer is None or not layer.visible or self._session.layers.overlays_hidden:
            return ""
        x, y = int(column), int(row)
        if labels is not None and labels.raster.read(PixelWindow(x, y, 1, 1))[0, 0] != UNLABELLED:
            return ""
        found = self._shown[1]
        side, level = layer.reader.pyramid.tile, found.level
        key = TileKey(level, (y >> level) // side, (x >> level) // side)
        tile = self._cells.cells(key) if key in found.suggestion.tiles else None
        cell = tile.cell_at((y >> level) % side, (x >> level) % side, 0) if tile else -1
        return self._reasons_text(found, key, cell, layer.schema) if cell >= 0 else ""

    def _reasons_text(self, found: SuggestedView, key: TileKey, cell: int, schema: ClassSchema) -> str:
        names = dict(zip(schema.values, schema.names, strict=True))
        return tr(
            "Suggestion: {name} {percent} %, as at {positions}",
            name=names.get(int(found.suggestion.values(key)[cell]), ""),
            percent=round(100 * float(found.suggestion.confidence(key)[cell])),
            positions="; ".join(self._position_text(reason) for reason in found.suggestion.reasons(key, cell)),
        )

    def _position_text(self, reason: Reason) -> str:
        origin = reason.origin
        assert isinstance(origin, RowOrigin)
        column, row = origin.position(reason)
        image = self._session.project_session.image
        text = f"{column:.0f}, {row:.0f}"
        return text if image is not None and origin.image == image.name else f"{origin.image} {text}"


def _assistant_of(name: str, cells: ImageCells, labels: LabelRaster, budget: TileBudget) -> ImageAssistant:
    def ids_of(key: TileKey) -> npt.NDArray[np.int32]:
        return cells.of(key).ids

    return ImageAssistant(name, cells.reader, labels, ids_of, lambda: cells.scale, budget)


def _in_areas(areas: tuple[tuple[Position, ...], ...], found: SuggestedView) -> npt.NDArray[np.bool_]:
    scale = 1 << found.level
    rings = [[(column / scale, row / scale) for column, row in ring] for ring in areas]
    return AreasRegion(rings).mask(found.window)
