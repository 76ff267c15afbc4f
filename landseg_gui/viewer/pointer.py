"""Who gets the mouse over the viewport: the hand that pans, or a handler such as a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent, QMouseEvent, QWheelEvent

if TYPE_CHECKING:
    from landseg_gui.viewer.viewport import Viewport

Position = tuple[float, float]
"""A (column, row) in raster px."""

_LEFT, _MIDDLE, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


WHEEL_NOTCH = 120
"""What Qt reports for one notch of a wheel, in eighths of a degree."""

HAND_KEY = Qt.Key.Key_Space
"""While it is held, the left button pans."""


class PointerHandler(Protocol):
    """Gets the mouse instead of the hand.

    One button is down at a time, left or right, and each `press` is followed by its `release`, even where the window
    has lost it. Every move comes that Qt brings, with a button held or not; on X11 it joins those that wait in its
    queue, unless AA_CompressHighFrequencyEvents is off.
    """

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Handle a press of the left or right button."""

    def move(self, position: Position, buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Handle a move, of the cursor or of the image below it."""

    def release(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Handle the release of the pressed button."""

    def double_click(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Handle a double click of the left button; its second `press` has just been handled."""

    def leave(self) -> None:
        """Handle the cursor leaving the viewport, or becoming the hand."""

    def key_press(self, event: QKeyEvent) -> bool:
        """Handle a key before the viewport does; return whether it was used."""

    def wheel(self, steps: int) -> bool:
        """Handle a turn of the wheel with Ctrl held, away from the user above 0; where False is returned, it zooms."""

    def cursor(self) -> QCursor:
        """Return the cursor to show over the viewport."""


class PointerRouter:
    """Sends the mouse of a viewport to its handler; the hand gets the middle button and the left one with Space held.

    Without a handler the hand has the left button too.
    """

    def __init__(self, view: Viewport) -> None:
        self._view = view
        self._handler: PointerHandler | None = None
        self._panning: Qt.MouseButton | None = None
        self._pressed: Qt.MouseButton | None = None
        self._space = False
        self._inside = False
        self._at = QPointF()
        self._turned = 0  # of a notch of the wheel: touch pads and fine wheels report less at a time

    @property
    def handler(self) -> PointerHandler | None:
        """Return the handler that gets the mouse, or None while it is the hand."""
        return self._handler

    @handler.setter
    def handler(self, handler: PointerHandler | None) -> None:
        if handler is not self._handler:
            self._release_all()
            self._handler = handler
        self.show_cursor()

    def show_cursor(self) -> None:
        """Show what a press would do."""
        self._view.viewport().setCursor(self._cursor())

    def _cursor(self) -> QCursor:
        if self._panning is not None:
            return QCursor(Qt.CursorShape.ClosedHandCursor)
        if self._handler is None or (self._space and self._pressed is None):
            return QCursor(Qt.CursorShape.OpenHandCursor)
        return self._handler.cursor()

    def press(self, event: QMouseEvent) -> None:
        """Start panning, or pass the press to the handler."""
        self._enter(event)
        if self._is_for_hand(event.button()):
            self._panning = self._panning or event.button()
        elif self._may_press(event.button()):
            assert self._handler is not None
            self._pressed = event.button()
            self._handler.press(self._position(), event.button(), event.modifiers())
        self.show_cursor()

    def double_click(self, event: QMouseEvent) -> None:
        """Handle the second press of two, for which Qt sends only this: fast clicks all count."""
        was_up = self._pressed is None
        self.press(event)
        if self._handler is not None and was_up and self._pressed == _LEFT:
            self._handler.double_click(self._position(), event.modifiers())

    def move(self, event: QMouseEvent) -> None:
        """Pan, or pass the move to the handler."""
        step = event.position() - self._at
        self._enter(event)
        if self._panning is not None:
            self._view.pan_by(step.x(), step.y())
        elif self._handler is not None and (self._pressed is not None or not self._space):
            self._handler.move(self._position(), event.buttons(), event.modifiers())

    def release(self, event: QMouseEvent) -> None:
        """Stop panning, or pass the release to the handler."""
        self._at = event.position()
        self._release(event.button(), event.modifiers())

    def leave(self) -> None:
        """Handle the cursor leaving the viewport."""
        self._inside = False
        if self._handler is not None and self._pressed is None:
            self._handler.leave()

    def mouse_lost(self) -> None:
        """Release all buttons: no release will arrive, since another window has the mouse or the keys."""
        self._space = False
        self._release_all()
        self.show_cursor()

    def wheel(self, event: QWheelEvent) -> bool:
        """Return whether a turn of the wheel was for the handler, and not to zoom."""
        if self._handler is None or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._turned = 0
            return False
        steps, rest = divmod(abs(self._turned + event.angleDelta().y()), WHEEL_NOTCH)
        sign = 1 if self._turned + event.angleDelta().y() > 0 else -1
        self._turned = sign * rest
        return self._handler.wheel(sign * steps)

    def key_press(self, event: QKeyEvent) -> bool:
        """Return whether a key was for the hand or the handler."""
        if event.key() != HAND_KEY:
            return self._handler is not None and self._handler.key_press(event)
        if not event.isAutoRepeat():
            self._hold_space()
        return True

    def key_release(self, event: QKeyEvent) -> bool:
        """Return whether the release of a key was for the hand."""
        if event.key() != HAND_KEY:
            return False
        if not event.isAutoRepeat():
            self._space = False
            self.show_cursor()
        return True

    def follow_frame(self) -> None:
        """Tell the handler that another position is under the cursor; a stroke under way waits for the mouse."""
        if self._inside and self._handler and self._panning is None and self._pressed is None and not self._space:
            modifiers = QGuiApplication.keyboardModifiers()
            self._handler.move(self._position(), Qt.MouseButton.NoButton, modifiers)

    def _hold_space(self) -> None:
        self._space = True
        if self._handler is not None and self._pressed is None:
            self._handler.leave()
        self.show_cursor()

    def _is_for_hand(self, button: Qt.MouseButton) -> bool:
        return button == _MIDDLE or (button == _LEFT and (self._space or self._handler is None))

    def _may_press(self, button: Qt.MouseButton) -> bool:
        return self._handler is not None and self._pressed is None and button in (_LEFT, _RIGHT)

    def _enter(self, event: QMouseEvent) -> None:
        """Follow the cursor to the position of `event`.

        A button that has come up without a release is released where the cursor was last: nobody knows what it has
        passed over since.
        """
        for button in (self._panning, self._pressed):
            if button is not None and (not event.buttons() & button or button == event.button()):
                self._release(button, event.modifiers())
        self._inside = True
        self._at = event.position()

    def _release_all(self) -> None:
        for button in (self._panning, self._pressed):
            if button is not None:
                self._release(button, Qt.KeyboardModifier.NoModifier)

    def _release(self, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        if button == self._panning:
            self._panning = None
        elif button == self._pressed:
            self._pressed = None
            assert self._handler is not None
            self._handler.release(self._position(), button, modifiers)
        self.show_cursor()

    def _position(self) -> Position:
        return self._view.raster_position(self._at)
