"""Compares labels with a prediction: shows them in turn, or only where the two differ."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import ClassLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.workflows.difference import Difference

_FLASH_MS = 600


def overlays(layers: LayerStack) -> list[ClassLayer]:
    """Return all that lies over the image: the labels and the live prediction, if there are any, and the masks."""
    return [*(layer for layer in (layers.labels, layers.preview) if layer is not None), *layers.masks]


class _OneAlone:
    """Shows one overlay of a stack alone for a while; `end` leaves all eyes as they were."""

    def __init__(self, layers: LayerStack) -> None:
        self._layers = layers
        self._eyes: dict[ClassLayer, bool] = {}
        self._hidden = layers.overlays_hidden
        layers.overlays_hidden = False

    def show(self, shown: ClassLayer) -> None:
        """Show this overlay, and none of the others, those that have come since included."""
        for layer in overlays(self._layers):
            self._eyes.setdefault(layer, layer.visible)
            layer.visible = layer is shown

    def eye(self, layer: ClassLayer) -> bool:
        """Tell whether an eye will be open at the end."""
        return self._eyes[layer]

    def set_eye(self, layer: ClassLayer, *, visible: bool) -> None:
        """Have an eye open or closed at the end."""
        self._eyes[layer] = visible

    def end(self) -> None:
        """Open and close the eyes of the layers that are still there."""
        for layer in overlays(self._layers):
            layer.visible = self._eyes.get(layer, layer.visible)
        self._layers.overlays_hidden = self._hidden


class Comparison(QObject):
    """Compares the labels of a stack with one of its masks: the one chosen, or else the topmost in sight.

    `flashing` shows the two in turn, `hold` the mask alone for a moment. `only_differences` shows the mask only where
    there are labels of another class, and closes the eye of the labels, which would cover just that. All of it ends by
    itself when labels or mask go. `available_changed`: there is, or is no longer, anything to compare.
    """

    available_changed = Signal(bool)
    flashing_changed = Signal(bool)
    only_differences_changed = Signal(bool)

    def __init__(self, layers: LayerStack, parent: QObject | None = None, *, flash_ms: int = _FLASH_MS) -> None:
        super().__init__(parent)
        self._layers = layers
        self._chosen: MaskLayer | None = None
        self._available = False
        self._flashing = self._held = self._shows_labels = False
        self._pair: tuple[LabelLayer, MaskLayer] | None = None
        self._alone: _OneAlone | None = None
        self._difference: Difference | None = None
        self._labels_eye = True
        self._clock = QTimer(self, interval=flash_ms)
        self._clock.timeout.connect(self._turn)
        layers.changed.connect(self._follow_layers)
        self._follow_layers()

    @property
    def available(self) -> bool:
        """Tell whether there are labels and a mask."""
        return self._available

    @property
    def prediction(self) -> MaskLayer | None:
        """Return the mask to compare with: the one chosen, else the topmost in sight, else the topmost."""
        masks = self._layers.masks
        if self._chosen in masks:
            return self._chosen
        return next((mask for mask in masks if mask.visible), masks[0] if masks else None)

    def choose(self, prediction: MaskLayer | None) -> None:
        """Compare with this mask from now on; None: with the topmost in sight."""
        flashing, differences = self.flashing, self.only_differences
        self.flashing = self.only_differences = False
        self._chosen = prediction
        self.flashing, self.only_differences = flashing, differences

    # --- one after the other

    @property
    def flashing(self) -> bool:
        """Tell whether labels and prediction are shown in turn."""
        return self._flashing

    @flashing.setter
    def flashing(self, flashing: bool) -> None:
        self._shows_labels = False
        self._set_alone(flashing=flashing, held=self._held)

    def hold(self, held: bool) -> None:
        """Show the prediction alone for as long as a key or button is held."""
        self._set_alone(flashing=self._flashing, held=held)

    def _set_alone(self, *, flashing: bool, held: bool) -> None:
        was_flashing = self._flashing
        self._flashing, self._held = flashing and self._available, held and self._available
        if self._flashing or self._held:
            self._show_alone()
        elif self._alone:
            alone, self._alone, self._pair = self._alone, None, None
            alone.end()
        self._run_clock()
        if self._flashing != was_flashing:
            self.flashing_changed.emit(self._flashing)

    def _run_clock(self) -> None:
        if not self._flashing:
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()

    def _show_alone(self) -> None:
        if self._alone is None:
            self._pair = self._present_pair()
            self._alone = _OneAlone(self._layers)
        assert self._pair is not None
        labels, prediction = self._pair
        self._alone.show(labels if self._shows_labels and not self._held else prediction)

    def _turn(self) -> None:
        self._shows_labels = not self._shows_labels
        self._show_alone()

    # --- what differs

    @property
    def only_differences(self) -> bool:
        """Tell whether the prediction is shown only where it differs from labels."""
        return self._difference is not None

    @only_differences.setter
    def only_differences(self, on: bool) -> None:
        pair = self._present_pair() if on else None
        if (pair is not None) == self.only_differences:
            return
        if pair:
            self._begin_difference(*pair)
        else:
            self._end_difference()
        self.only_differences_changed.emit(pair is not None)

    def _begin_difference(self, labels: LabelLayer, prediction: MaskLayer) -> None:
        self._difference = Difference(labels, prediction, self)
        self._labels_eye = self._alone.eye(labels) if self._alone else labels.visible
        self._set_eye(labels, visible=False)
        self._set_eye(prediction, visible=True)

    def _end_difference(self) -> None:
        difference, self._difference = self._difference, None
        assert difference is not None
        difference.end()
        if self._labels_eye:
            self._set_eye(difference.labels, visible=True)

    def _set_eye(self, layer: ClassLayer, *, visible: bool) -> None:
        """Open or close an eye: at once, or after the flashing that has all of them for now."""
        if self._alone:
            self._alone.set_eye(layer, visible=visible)
        else:
            layer.visible = visible

    # --- layers come and go

    def _present_pair(self) -> tuple[LabelLayer, MaskLayer] | None:
        labels, prediction = self._layers.labels, self.prediction
        return (labels, prediction) if labels and prediction else None

    def _follow_layers(self) -> None:
        present = overlays(self._layers)
        if self._pair and not all(layer in present for layer in self._pair):
            self._set_alone(flashing=False, held=False)
        elif self._pair:
            self._show_alone()
        difference = self._difference
        if difference and not (difference.labels in present and difference.prediction in present):
            self.only_differences = False
        if self._chosen not in present:
            self._chosen = None
        self._tell_available()

    def _tell_available(self) -> None:
        available = self._present_pair() is not None
        if available != self._available:
            self._available = available
            self.available_changed.emit(available)
