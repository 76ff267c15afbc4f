"""Somebody who works with the tools: mouse, keys, and what is seen of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import Region
from landseg_gui.notifier import Level, Message
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.manager import ToolManager
from landseg_gui.viewer.viewport import Viewport

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton


class Mouse:
    """A mouse over a viewport; places are (column, row) of the raster."""

    def __init__(self, viewport: Viewport, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self._viewport, self._modifiers = viewport, modifiers
        self._held = NONE

    def holding(self, modifiers: Qt.KeyboardModifier) -> Mouse:
        """Return the same mouse with modifier keys held."""
        return Mouse(self._viewport, modifiers)

    def point(self, position: tuple[float, float]) -> QPointF:
        """Return where a raster place is in the viewport, logical px."""
        x, y = self._viewport.frame.to_device(*position)
        ratio = self._viewport.devicePixelRatioF()
        return QPointF(x / ratio, y / ratio)

    def _send(self, kind: QEvent.Type, position: tuple[float, float], button: Qt.MouseButton) -> None:
        at, target = self.point(position), self._viewport.viewport()
        event = QMouseEvent(kind, at, target.mapToGlobal(at), button, self._held, self._modifiers)
        QApplication.sendEvent(target, event)

    def press(self, position: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        self._held |= button
        self._send(QEvent.Type.MouseButtonPress, position, button)

    def move(self, position: tuple[float, float]) -> None:
        self._send(QEvent.Type.MouseMove, position, NONE)

    def release(self, position: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        self._held &= ~button
        self._send(QEvent.Type.MouseButtonRelease, position, button)

    def click(self, position: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        self.move(position)
        self.press(position, button)
        self.release(position, button)

    def double_click(self, position: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        """Click twice, as Qt tells it: the second press comes as a double click."""
        self.click(position, button)
        self._held |= button
        self._send(QEvent.Type.MouseButtonDblClick, position, button)
        self.release(position, button)

    def drag(self, *positions: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        self.move(positions[0])
        self.press(positions[0], button)
        for position in positions[1:]:
            self.move(position)
        self.release(positions[-1], button)


class ToolUser:
    """Somebody at work: tools and their context, mouse and keys, and what the tools have said."""

    def __init__(self, context: ToolContext) -> None:
        self.viewport, self.context = context.viewport, context
        self.tools = ToolManager(context)
        self.mouse = Mouse(context.viewport)
        self.said: list[str] = []
        self.problems: list[str] = []
        context.notifier.posted.connect(self._listen)

    def _listen(self, message: Message) -> None:
        (self.problems if message.level is Level.ERROR else self.said).append(message.text)

    @property
    def steps(self) -> list[str]:
        return self.context.steps

    def key(self, key: Qt.Key, text: str = "", modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(self.viewport, QKeyEvent(kind, key, modifiers, text))

    def labels(self) -> np.ndarray:
        """Return all labels, (H, W) uint8."""
        pyramid = self.context.labels.pyramid
        return self.context.labels.read(PixelWindow(0, 0, pyramid.width, pyramid.height))

    def paint(self, region: Region, value: int) -> None:
        """Label something beforehand."""
        edit = self.context.labels.begin()
        edit.paint(region, value)
        edit.finish()

    def expected(self, region: Region, value: int, ground: np.ndarray | None = None) -> np.ndarray:
        """Return `ground` (by default nothing labelled) with `region` in `value`."""
        pyramid = self.context.labels.pyramid
        values = np.full((pyramid.height, pyramid.width), 255, np.uint8) if ground is None else ground.copy()
        values[region.mask(PixelWindow(0, 0, pyramid.width, pyramid.height))] = value
        return values

    def shapes(self, group: str) -> list:
        """Return the shapes that a group of the overlay shows."""
        return [*self.viewport.overlay.shapes(group)]
