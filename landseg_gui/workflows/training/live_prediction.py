"""Live prediction of the current view: requested by a run after each epoch, shown as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.events import Event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewRequest
from landseg_gui.jobs.runner import Job
from landseg_gui.text import translated
from landseg_gui.viewer.layer import MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.preview_layer import PreviewLayer

SAME_VIEW = 0.7
"""The least overlap (intersection over union) of the predicted and the current view for a prediction to be shown."""


class LivePrediction(QObject):
    """Gives a run the current view, and shows its prediction. `refused` carries why an image cannot be predicted.

    A run predicts only for the project in which it was started (`owner`, None for none), while that is open.
    `wanted` is called in the run's thread and returns the view that was last recorded in the window's.
    """

    refused = Signal(str)

    def __init__(
        self, layers: LayerStack, view: Callable[[], PixelWindow | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._layers, self._view = layers, view
        self._job: Job | None = None
        self._owner: Path | None = None
        self._open: Path | None = None
        self._schema: ClassSchema | None = None
        self._enabled = True
        self._wanted: PreviewRequest | None = None
        self._known_masks: set[MaskLayer] = set()
        layers.changed.connect(self._follow_layers)

    @property
    def enabled(self) -> bool:
        """Return whether the view is predicted during a run."""
        return self._enabled

    def set_enabled(self, enabled: bool) -> None:
        """Switch live prediction on, or off and remove its layer."""
        self._enabled = enabled
        self.refused.emit("")
        if not enabled:
            self._layers.set_preview(None)
        self.record_view()

    def wanted(self) -> PreviewRequest | None:
        """Return what to predict now; callable from any thread."""
        return self._wanted

    def follow(self, job: Job, schema: ClassSchema, owner: Path | None = None) -> None:
        """Show the previews of `job`, a run of the project `owner` with the classes of `schema`."""
        self._job, self._schema, self._owner = job, schema, owner
        self._layers.set_preview(None)
        self.refused.emit("")
        self.record_view()
        job.reported.connect(self._take)
        job.ended.connect(self._end)

    def set_project(self, path: Path | None) -> None:
        """Record which project is open; a prediction for another is removed."""
        self._open = path
        self._layers.set_preview(None)
        self.refused.emit("")
        self.record_view()

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours."""
        self._schema = schema
        if self._layers.preview is not None:
            for item in schema.classes:
                self._layers.preview.set_colour(item.value, item.colour)

    def record_view(self) -> None:
        """Record the current view, after a change of the view or the image."""
        image, window = self._layers.image, self._view()
        running = self._enabled and self._job is not None and self._owner == self._open
        request = PreviewRequest(image.path, window, image.source.alpha) if image and window else None
        self._wanted = request if running else None

    def _follow_layers(self) -> None:
        """Follow the image; once the run is over, a new map replaces the last preview."""
        masks, before = set(self._layers.masks), self._known_masks
        self._known_masks = masks
        if self._job is None and masks - before:
            self._layers.set_preview(None)
        self.record_view()

    def _take(self, event: Event) -> None:
        if self._owner != self._open:
            return
        if isinstance(event, PreviewRefused) and self._enabled:
            self.refused.emit(translated(event.reason))
        elif isinstance(event, PreviewMade) and self._is_still_in_view(event.request):
            self._show(event)

    def _is_still_in_view(self, made: PreviewRequest) -> bool:
        now = self._wanted
        return now is not None and now.image == made.image and common_share(now.window, made.window) >= SAME_VIEW

    def _show(self, made: PreviewMade) -> None:
        assert self._schema is not None, "previews come from a run"
        assert self._layers.image is not None, "previews are of the open image"
        self.refused.emit("")
        layer = self._layers.preview or PreviewLayer(self._layers.image.grid, self._schema)
        layer.show(made.window, made.values)
        self._layers.set_preview(layer)

    def _end(self) -> None:
        self._job = None
        self.record_view()


def common_share(one: PixelWindow, other: PixelWindow) -> float:
    """Return the overlap of two windows: intersection over union, 0 to 1."""
    common = one.intersection(other)
    shared = common.pixels if common else 0
    return shared / (one.pixels + other.pixels - shared)
