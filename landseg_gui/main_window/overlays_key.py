"""The key that hides the overlays: tapped, until the next tap; held, for as long as it is held."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from landseg_gui.viewer.layers import LayerStack

_KEY = Qt.Key.Key_Tab
_HELD_MS = 300  # a tap is shorter


class OverlaysKey(QObject):
    """Undoes, at the end of a long press over `view`, what the action of the key has done at its beginning."""

    def __init__(self, view: QWidget, layers: LayerStack) -> None:
        super().__init__(view)
        self._layers = layers
        self._before: bool | None = None
        self._since = QElapsedTimer()
        view.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the key; a press comes as the question whether it is a shortcut."""
        if isinstance(event, QKeyEvent) and event.key() == _KEY and not event.isAutoRepeat():
            if event.type() == QEvent.Type.ShortcutOverride:
                self._press()
            elif event.type() == QEvent.Type.KeyRelease:
                self._release(held=self._since.isValid() and self._since.elapsed() >= _HELD_MS)
        elif event.type() == QEvent.Type.FocusOut:  # the release will go elsewhere
            self._release(held=True)
        return False

    def _press(self) -> None:
        self._before = self._layers.overlays_hidden
        self._since.start()

    def _release(self, *, held: bool) -> None:
        before, self._before = self._before, None
        if held and before is not None:
            self._layers.overlays_hidden = before
