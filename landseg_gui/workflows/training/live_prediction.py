"""The view as a network that learns sees it: asked for by the run after each epoch, shown as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.events import Event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewRequest
from landseg_gui.jobs.runner import Job
from landseg_gui.viewer.layer import MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.preview_layer import PreviewLayer

SAME_VIEW = 0.7
"""The share that the view and what was predicted must have in common; below, the view has moved too far meanwhile."""


class LivePrediction(QObject):
    """Tells a run what is looked at, and shows what it makes of it. `refused` brings why an image does not suit it.

    A run predicts only for the project in which it was started (`owner`, None for none), while that is open.
    `wanted` is called in the run's thread; it only hands on what was last noted in the window's.
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
        """Tell whether the view is predicted while a run goes on."""
        return self._enabled

    def set_enabled(self, enabled: bool) -> None:
        """Switch it on, or off and the layer away."""
        self._enabled = enabled
        self.refused.emit("")
        if not enabled:
            self._layers.set_preview(None)
        self.note_view()

    def wanted(self) -> PreviewRequest | None:
        """Return what to predict now; from any thread."""
        return self._wanted

    def follow(self, job: Job, schema: ClassSchema, owner: Path | None = None) -> None:
        """Show the previews of `job`, a run of the project `owner` that learns the classes of `schema`."""
        self._job, self._schema, self._owner = job, schema, owner
        self._layers.set_preview(None)
        self.refused.emit("")
        self.note_view()
        job.reported.connect(self._take)
        job.ended.connect(self._end)

    def set_project(self, path: Path | None) -> None:
        """Take note which project is open now; what was predicted for another goes."""
        self._open = path
        self._layers.set_preview(None)
        self.refused.emit("")
        self.note_view()

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours."""
        self._schema = schema
        if self._layers.preview is not None:
            for item in schema.classes:
                self._layers.preview.set_colour(item.value, item.colour)

    def note_view(self) -> None:
        """Take note that another part of the image, or another image, is in sight."""
        image, window = self._layers.image, self._view()
        running = self._enabled and self._job is not None and self._owner == self._open
        request = PreviewRequest(image.path, window, image.source.alpha) if image and window else None
        self._wanted = request if running else None

    def _follow_layers(self) -> None:
        """Follow the image; once the run is over, a new map takes the place of the last preview."""
        masks, before = set(self._layers.masks), self._known_masks
        self._known_masks = masks
        if self._job is None and masks - before:
            self._layers.set_preview(None)
        self.note_view()

    def _take(self, event: Event) -> None:
        if self._owner != self._open:
            return
        if isinstance(event, PreviewRefused) and self._enabled:
            self.refused.emit(event.reason)
        elif isinstance(event, PreviewMade) and self._is_still_in_sight(event.request):
            self._show(event)

    def _is_still_in_sight(self, made: PreviewRequest) -> bool:
        now = self._wanted
        return now is not None and now.image == made.image and common_share(now.window, made.window) >= SAME_VIEW

    def _show(self, made: PreviewMade) -> None:
        assert self._schema is not None, "previews come from a run"
        assert self._layers.image is not None, "previews are of what is in sight"
        self.refused.emit("")
        layer = self._layers.preview or PreviewLayer(self._layers.image.grid, self._schema)
        layer.show(made.window, made.values)
        self._layers.set_preview(layer)

    def _end(self) -> None:
        self._job = None
        self.note_view()


def common_share(one: PixelWindow, other: PixelWindow) -> float:
    """Return how much two windows have in common: intersection over union, 0 to 1."""
    common = one.intersection(other)
    shared = common.pixels if common else 0
    return shared / (one.pixels + other.pixels - shared)
