"""What lies in the viewer: the image, masks over it, a live prediction, a suggestion and the labels, in their order."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import ImageLayer, Layer, MaskLayer
from landseg_gui.viewer.preview_layer import PreviewLayer
from landseg_gui.viewer.suggestion_layer import SuggestionLayer


class LayerStack(QObject):
    """The image, the masks over it, the topmost first, then a live prediction, a suggestion, and the labels on top.

    `changed`: a layer came, went or moved.
    """

    changed = Signal()
    overlays_hidden_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.image: ImageLayer | None = None
        self.masks: list[MaskLayer] = []
        self.preview: PreviewLayer | None = None
        self.suggestion: SuggestionLayer | None = None
        self.labels: LabelLayer | None = None
        self._overlays_hidden = False

    @property
    def overlays_hidden(self) -> bool:
        """Return whether masks and labels are hidden for the moment, whatever their eyes say."""
        return self._overlays_hidden

    @overlays_hidden.setter
    def overlays_hidden(self, hidden: bool) -> None:
        if hidden != self._overlays_hidden:
            self._overlays_hidden = hidden
            self.overlays_hidden_changed.emit(hidden)

    def drawn(self) -> list[Layer]:
        """Return the layers to draw, from the bottom to the top."""
        layers = self.present()[:1] if self._overlays_hidden else self.present()
        return [layer for layer in layers if layer.visible]

    def present(self) -> list[Layer]:
        """Return all layers, from the bottom to the top, whether they are shown or not."""
        if self.image is None:
            return []
        above = (self.preview, self.suggestion, self.labels)
        return [self.image, *self.masks[::-1], *(layer for layer in above if layer is not None)]

    def set_image(self, image: ImageLayer | None) -> None:
        """Show another image, or none; what lay over the former one goes."""
        self.image, self.preview, self.suggestion = image, None, None
        self.masks.clear()
        self._drop_labels()
        self.changed.emit()

    def replace_image(self, image: ImageLayer) -> None:
        """Replace the image by itself read again, such as from a file that has changed: what lies over it stays."""
        if self.image is not None:
            image.opacity, image.visible = self.image.opacity, self.image.visible
        self.image = image
        self.changed.emit()

    def set_labels(self, raster: LabelRaster | None, schema: ClassSchema | None = None) -> None:
        """Show the labels of the image, of its size, by the classes of `schema`; or none, where one is None.

        Labels that are shown already keep their eyes and their opacity.
        """
        if raster is None or schema is None:
            self._drop_labels()
        elif self.labels is not None and self.labels.raster is raster:
            self.labels.set_schema(schema)
            return
        else:
            self._drop_labels()
            self.labels = LabelLayer(raster, schema)
        self.changed.emit()

    def _drop_labels(self) -> None:
        if self.labels is not None:
            self.labels.close()
            self.labels = None

    def set_preview(self, preview: PreviewLayer | None) -> None:
        """Show this live prediction instead of the current one, or none."""
        if preview is not self.preview:
            self.preview = preview
            self.changed.emit()

    def set_suggestion(self, suggestion: SuggestionLayer | None) -> None:
        """Show this suggestion instead of the current one, or none."""
        if suggestion is not self.suggestion:
            self.suggestion = suggestion
            self.changed.emit()

    def add_mask(self, mask: MaskLayer) -> None:
        """Add a mask on top, visible; it replaces one of the same file.

        Masks of the same area, or of a part of it, are hidden: of two maps, one through the other, neither can be read.
        """
        self.overlays_hidden = False
        former = next((other for other in self.masks if other.path.absolute() == mask.path.absolute()), None)
        if former is None:
            for other in self.masks:
                other.visible = other.visible and not mask.area.contains(other.area)
            self.masks = [mask, *self.masks]
            self.changed.emit()
        else:
            self.replace_mask(former, mask)
            mask.visible = True

    def replace_mask(self, former: MaskLayer, mask: MaskLayer) -> None:
        """Replace a mask by another, which takes over its opacity and its eyes."""
        mask.look_like(former)
        self.masks = [mask if other is former else other for other in self.masks]
        self.changed.emit()

    def remove_mask(self, mask: MaskLayer) -> None:
        """Remove a mask; its file stays."""
        self.masks.remove(mask)
        self.changed.emit()

    def move_mask(self, mask: MaskLayer, steps: int) -> None:
        """Move a mask `steps` down (positive) or up the stack."""
        index = self.masks.index(mask)
        self.masks.insert(min(max(0, index + steps), len(self.masks) - 1), self.masks.pop(index))
        self.changed.emit()
