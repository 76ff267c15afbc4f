"""Compares labels with a prediction: blinks the two, or shows only their differences."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import ClassLayer, MaskLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.workflows.difference import Difference

_BLINK_MS = 600


def overlays(layers: LayerStack) -> list[ClassLayer]:
    """Return all layers over the image: the labels and the live prediction, if there are any, and the masks."""
    return [*(layer for layer in (layers.labels, layers.preview) if layer is not None), *layers.masks]


class _OneAlone:
    """Shows one overlay of a stack alone for a while; `end` restores the visibility of all."""

    def __init__(self, layers: LayerStack) -> None:
        self._layers = layers
        self._visibility: dict[ClassLayer, bool] = {}
        self._hidden = layers.overlays_hidden
        layers.overlays_hidden = False

    def show(self, shown: ClassLayer) -> None:
        """Show this overlay and none of the others, including those that were added since."""
        for layer in overlays(self._layers):
            self._visibility.setdefault(layer, layer.visible)
            layer.visible = layer is shown

    def visible_at_end(self, layer: ClassLayer) -> bool:
        """Return whether a layer will be visible at the end."""
        return self._visibility[layer]

    def set_visible_at_end(self, layer: ClassLayer, *, visible: bool) -> None:
        """Set whether a layer will be visible at the end."""
        self._visibility[layer] = visible

    def end(self) -> None:
        """Restore the visibility of the layers that still exist."""
        for layer in overlays(self._layers):
            layer.visible = self._visibility.get(layer, layer.visible)
        self._layers.overlays_hidden = self._hidden


class Comparison(QObject):
    """Compares the labels of a stack with one of its masks: the one chosen, or else the topmost visible one.

    `blinking` shows the two in turn, `hold` the mask alone while a key is held. `only_differences` shows the mask only
    where there are labels of another class, and hides the labels, which would cover the differences. All of it ends
    automatically when labels or mask are removed. `available_changed`: there is, or is no longer, a pair to compare.
    """

    available_changed = Signal(bool)
    blinking_changed = Signal(bool)
    only_differences_changed = Signal(bool)

    def __init__(self, layers: LayerStack, parent: QObject | None = None, *, blink_ms: int = _BLINK_MS) -> None:
        super().__init__(parent)
        self._layers = layers
        self._chosen: MaskLayer | None = None
        self._available = False
        self._blinking = self._held = self._shows_labels = False
        self._pair: tuple[LabelLayer, MaskLayer] | None = None
        self._alone: _OneAlone | None = None
        self._difference: Difference | None = None
        self._labels_visible = True
        self._clock = QTimer(self, interval=blink_ms)
        self._clock.timeout.connect(self._turn)
        layers.changed.connect(self._follow_layers)
        self._follow_layers()

    @property
    def available(self) -> bool:
        """Return whether there are labels and a mask."""
        return self._available

    @property
    def prediction(self) -> MaskLayer | None:
        """Return the mask to compare with: the one chosen, else the topmost visible one, else the topmost."""
        masks = self._layers.masks
        if self._chosen in masks:
            return self._chosen
        return next((mask for mask in masks if mask.visible), masks[0] if masks else None)

    def choose(self, prediction: MaskLayer | None) -> None:
        """Compare with this mask from now on; None: with the topmost visible one."""
        blinking, differences = self.blinking, self.only_differences
        self.blinking = self.only_differences = False
        self._chosen = prediction
        self.blinking, self.only_differences = blinking, differences

    # --- blinking

    @property
    def blinking(self) -> bool:
        """Return whether labels and prediction are shown in turn."""
        return self._blinking

    @blinking.setter
    def blinking(self, blinking: bool) -> None:
        self._shows_labels = False
        self._set_alone(blinking=blinking, held=self._held)

    def hold(self, held: bool) -> None:
        """Show the prediction alone for as long as a key or button is held."""
        self._set_alone(blinking=self._blinking, held=held)

    def _set_alone(self, *, blinking: bool, held: bool) -> None:
        was_blinking = self._blinking
        self._blinking, self._held = blinking and self._available, held and self._available
        if self._blinking or self._held:
            self._show_alone()
        elif self._alone:
            alone, self._alone, self._pair = self._alone, None, None
            alone.end()
        self._run_clock()
        if self._blinking != was_blinking:
            self.blinking_changed.emit(self._blinking)

    def _run_clock(self) -> None:
        if not self._blinking:
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

    # --- differences

    @property
    def only_differences(self) -> bool:
        """Return whether the prediction is shown only where it differs from the labels."""
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
        self._labels_visible = self._alone.visible_at_end(labels) if self._alone else labels.visible
        self._set_visible(labels, visible=False)
        self._set_visible(prediction, visible=True)

    def _end_difference(self) -> None:
        difference, self._difference = self._difference, None
        assert difference is not None
        difference.end()
        if self._labels_visible:
            self._set_visible(difference.labels, visible=True)

    def _set_visible(self, layer: ClassLayer, *, visible: bool) -> None:
        """Show or hide a layer: at once, or after the blinking, which controls all layers until it ends."""
        if self._alone:
            self._alone.set_visible_at_end(layer, visible=visible)
        else:
            layer.visible = visible

    # --- changes of the layers

    def _present_pair(self) -> tuple[LabelLayer, MaskLayer] | None:
        labels, prediction = self._layers.labels, self.prediction
        return (labels, prediction) if labels and prediction else None

    def _follow_layers(self) -> None:
        present = overlays(self._layers)
        if self._pair and not all(layer in present for layer in self._pair):
            self._set_alone(blinking=False, held=False)
        elif self._pair:
            self._show_alone()
        difference = self._difference
        if difference and not (difference.labels in present and difference.prediction in present):
            self.only_differences = False
        if self._chosen not in present:
            self._chosen = None
        self._update_available()

    def _update_available(self) -> None:
        available = self._present_pair() is not None
        if available != self._available:
            self._available = available
            self.available_changed.emit(available)
