"""The suggestion for the view: a layer that follows labels, classes and the view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from landseg_core.assistant.image_assistant import ImageAssistant, SuggestedView, tiles_around
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.models.header import read_header
from landseg_core.raster.tiles import TileBudget
from landseg_gui.session.acceptable import ShownSuggestion
from landseg_gui.session.assistant.cell_tiles import CellTiles, ImageCells
from landseg_gui.session.assistant.latest_work import LatestWork
from landseg_gui.session.assistant.making import Subject, SuggestionMaker, SuggestionRequest
from landseg_gui.session.assistant.other_images import MOST_IMAGES
from landseg_gui.session.assistant.reasons import Why, why_suggested
from landseg_gui.text import as_sentence, tr
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.suggestion_layer import SuggestionLayer

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

_BUDGET = 96 * 2**20  # bytes of features: some 400 tiles
_AFTER_MS = 60
"""How long the view must rest before its features are computed."""


class Suggestions(QObject):
    """Shows what the assistant suggests for the view, while it is on.

    The former suggestion stays until the new one is there. `changed`: it was switched on or off, or one has come.
    `only_when_asked`: a change of labels, classes or view makes the suggestion outdated, and no new one.
    """

    changed = Signal()

    _made = Signal(object, object)
    _failed = Signal(object, str)
    _refused = Signal(object, object)

    def __init__(self, session: Session, cells: CellTiles) -> None:
        super().__init__(session)
        self._session, self._cells = session, cells
        self._on = self._manual = self._explains = False
        self._frame: ViewFrame | None = None
        self._assistant: tuple[ImageCells, LabelRaster, ImageAssistant] | None = None
        self._budget = TileBudget(_BUDGET)
        self._work = LatestWork("suggestions")
        self._maker = SuggestionMaker(self._made.emit, self._refused.emit)
        self._explains_model = False
        self._header: tuple[Path, ClassSchema | None] | None = None
        self._changes = 0
        self._asked: SuggestionRequest | None = None
        self._shown: tuple[SuggestionRequest, SuggestedView] | None = None
        self._later = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._later.timeout.connect(self._follow)
        queued = Qt.ConnectionType.QueuedConnection  # emitted in the thread
        self._made.connect(self._show, queued)
        self._failed.connect(self._report, queued)
        self._refused.connect(self._report_model, queued)
        self._follow_session()

    def _follow_session(self) -> None:
        project = self._session.project_session
        editing = project.editing
        editing.history_changed.connect(self._follow_labels)
        editing.schema_changed.connect(self._follow_classes)
        editing.areas_changed.connect(self._later.start)
        project.project_changed.connect(self._forget)
        project.images.shown_changed.connect(self._follow_image)
        self._session.model.changed.connect(self._follow)
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
        """Return whether what is shown was made of the present labels, classes and view, and for all of it."""
        if self._shown is None or self._shown[0] != self._request():
            return False
        request, found = self._shown
        return set(request.keys) <= set(found.suggestion.tiles)

    @property
    def is_settled(self) -> bool:
        """Return whether what is shown is current, and nothing is computed that could make it better."""
        return self.is_current and self._work.is_idle

    def restore(self, *, on: bool, only_when_asked: bool) -> None:
        """Switch both as they were in the last session; on, it begins once two classes have a label."""
        self._on, self._manual = on, only_when_asked
        self._follow()
        self.changed.emit()

    def ask(self) -> None:
        """Show a suggestion; make a new one where it is outdated, else hide it. Where there is none, say why."""
        if not self._on or (self._manual and self.outdated):
            self._on = self._explains = self._explains_model = True
            self._make()
            self._explain_that_nothing_is_open()
        else:
            self._on = False
            self._clear()
        self.changed.emit()

    def _explain_that_nothing_is_open(self) -> None:
        if self._session.project_session.project is None and self._session.model.path is None:
            self._session.notifier.info(tr("Open a project, or choose a model: then the view gets a suggestion."))

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
        self._maker.release()
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
            self._maker.forget_others(image.id)
        self._close_assistant()
        self._clear()
        if self._on:
            self._later.start()

    def _forget(self) -> None:
        """Begin anew with another project."""
        self._maker.forget_others()
        self._close_assistant()
        self._clear()

    def _follow(self) -> None:
        if self._on and not self._manual:
            self._make()

    # --- the work

    def _make(self) -> None:
        """Have a suggestion made for what is in view, unless it is what was asked for last."""
        request, subject = self._request(), self._subject()
        if request is None or subject is None:
            self._clear()
            return
        if request == self._asked:
            return
        self._asked = request
        self._work.begin(lambda control: self._compute(request, subject, control))

    def _compute(self, request: SuggestionRequest, subject: Subject, control: JobControl) -> None:
        """Make suggestions; in a thread."""
        try:
            self._maker.make(request, subject, control)
        except LandsegError as error:
            control.checkpoint()
            self._failed.emit(request, str(error))

    def _show(self, request: SuggestionRequest, found: SuggestedView | None) -> None:
        if request is not self._asked:
            return
        if found is None:
            self._shown = None
            self._session.layers.set_suggestion(None)
            if self._explains:
                self._session.notifier.info(tr("Label two classes: then the rest of the view gets a suggestion."))
        else:
            self._shown = request, found
            layer, scale = self._layer(request.schema), 1 << found.level
            window = found.window
            area = PixelWindow(window.x * scale, window.y * scale, window.width * scale, window.height * scale)
            layer.show(area, found.values, found.confidence)
            self._session.layers.set_suggestion(layer)
        self._explains = False
        self.changed.emit()

    def _layer(self, schema: ClassSchema) -> SuggestionLayer:
        layers = self._session.layers
        assert layers.image is not None
        return layers.suggestion or SuggestionLayer(layers.image.grid, schema)

    def _report(self, request: SuggestionRequest, sentence: str) -> None:
        if request is self._asked:
            self._session.notifier.error(sentence)

    def _report_model(self, request: SuggestionRequest, error: LandsegError) -> None:
        """Say why the model in use makes no suggestion, once after each request of the user."""
        if request is self._asked and self._explains_model:
            self._explains_model = False
            reason = as_sentence(error)
            self._session.notifier.warning(tr("Suggestions are made from labels alone. {reason}", reason=reason))

    def _request(self) -> SuggestionRequest | None:
        """Return what a suggestion would be made of now; None where there is nothing to make one for."""
        session, frame = self._session.project_session, self._frame
        image, project, model = self._session.layers.image, session.project, self._session.model.path
        schema = project.schema if project else self._model_schema(model)
        if image is None or frame is None or schema is None or (project and session.image is None):
            return None
        pyramid = image.reader.pyramid
        seen = frame.visible(pyramid.width, pyramid.height)
        if seen is None:
            return None
        keys = tuple(tiles_around(pyramid, pyramid.level_for_scale(frame.scale), seen))
        rings = project.areas(session.image.id) if project and session.image else ()
        areas = tuple(tuple((column, row) for column, row in area) for area in rings)
        return SuggestionRequest(self._changes, keys, schema.values, schema.names, areas, model, seen, schema)

    def _model_schema(self, model: Path | None) -> ClassSchema | None:
        """Return the classes of a model; None where there is none, or it cannot be read."""
        if model is None:
            return None
        if self._header is None or self._header[0] != model:
            try:
                self._header = model, read_header(model).schema
            except (LandsegError, OSError):
                self._header = model, None
        return self._header[1]

    def _subject(self) -> Subject | None:
        """Return the image in the view, with an assistant made anew for other pixels or labels."""
        session, cells, layer = self._session.project_session, self._cells.image_cells, self._session.layers.image
        if cells is None or layer is None:
            return None
        known = self._assistant[1] if self._assistant and self._assistant[0] is cells else None
        labels = session.labels or known or LabelRaster(layer.grid.width, layer.grid.height)
        if self._assistant is None or self._assistant[:2] != (cells, labels):
            self._close_assistant()
            name = session.image.name if session.image else layer.path.stem
            self._assistant = cells, labels, _assistant_of(name, cells, labels, self._budget)
        project, assistant = session.project, self._assistant[2]
        if project is None or session.image is None:
            return Subject(assistant, layer.path)
        others = [entry for entry in project.images if entry != session.image and not entry.missing]
        return Subject(assistant, layer.path, project, session.image, tuple(others[:MOST_IMAGES]))

    def _clear(self) -> None:
        self._work.cancel()
        self._asked = self._shown = None
        self._session.layers.set_suggestion(None)

    def _close_assistant(self) -> None:
        self._work.cancel()
        if self._assistant is not None:
            self._work.begin(lambda _control: self._maker.release())
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

    def why(self, column: float, row: float) -> Why | None:
        """Return what is suggested at a position in raster px, and which labels speak for it.

        None where nothing is suggested, or a label says what is there.
        """
        layer, labels = self._session.layers.suggestion, self._session.layers.labels
        if self._shown is None or layer is None or not layer.visible or self._session.layers.overlays_hidden:
            return None
        x, y = int(column), int(row)
        if labels is not None and labels.raster.read(PixelWindow(x, y, 1, 1))[0, 0] != UNLABELLED:
            return None
        found = self._shown[1]
        side, level = layer.reader.pyramid.tile, found.level
        key = TileKey(level, (y >> level) // side, (x >> level) // side)
        tile = self._cells.cells(key) if key in found.suggestion.tiles else None
        cell = tile.cell_at((y >> level) % side, (x >> level) % side, 0) if tile else -1
        if cell < 0:
            return None
        at = (x >> level) - found.window.x, (y >> level) - found.window.y
        image = self._session.project_session.image
        return why_suggested(found, key, cell, at, layer.schema, image.name if image else "")


def _assistant_of(name: str, cells: ImageCells, labels: LabelRaster, budget: TileBudget) -> ImageAssistant:
    def ids_of(key: TileKey) -> npt.NDArray[np.int32]:
        return cells.of(key).ids

    return ImageAssistant(name, cells.reader, labels, ids_of, lambda: cells.scale, budget)
