"""A mouse that drags over a widget, and how long each of its moves takes to be seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
_LONGEST_WAIT = 120.0


def wait_until(condition: Callable[[], bool]) -> None:
    """Run the event loop until `condition` holds.

    Between events this thread sleeps, as that of a window does: else it would keep Python's lock from all others.
    """
    end = time.perf_counter() + _LONGEST_WAIT
    alarm = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
    alarm.start()
    while not condition():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.perf_counter() > end:
            raise TimeoutError("the window does not get ready")
    alarm.stop()


class PaintCounter(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


@dataclass(frozen=True)
class Drag:
    """Seconds from each move of the mouse to the end of the repaint, and a call for the release."""

    moves: list[float]
    release: Callable[[], None]


class Mouse:
    """Drags over `surface`, 1600 x 900 px or more, each time on another way."""

    def __init__(self, surface: QWidget) -> None:
        self._surface = surface
        self._paints = PaintCounter(surface)
        self._phase = 0.0

    def seconds_to_repaint(self, act: Callable[[], object]) -> float:
        """Return how long it takes until `act` is seen."""
        before, start = self._paints.count, time.perf_counter()
        act()
        wait_until(lambda: self._paints.count > before)
        return time.perf_counter() - start

    def drag(self, moves: int) -> Drag:
        """Press, move in curves, and leave the button held."""
        self._phase += 0.7
        self._send(QEvent.Type.MouseButtonPress, self._place(0), _LEFT, _LEFT)
        QApplication.processEvents()
        places = [self._place(step) for step in range(1, moves + 1)]
        seconds = [self.seconds_to_repaint(partial(self._move, place)) for place in places]
        return Drag(seconds, lambda: self._send(QEvent.Type.MouseButtonRelease, self._place(moves), _LEFT, _NONE))

    def _move(self, place: QPointF) -> None:
        self._send(QEvent.Type.MouseMove, place, _NONE, _LEFT)

    def _place(self, step: int) -> QPointF:
        angle = self._phase + step / 15  # some 30 px from move to move: a hand in a hurry
        return QPointF(800 + 500 * math.cos(angle), 450 + 300 * math.sin(1.3 * angle))

    def _send(self, kind: QEvent.Type, place: QPointF, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        where = self._surface.mapToGlobal(place)
        event = QMouseEvent(kind, place, where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._surface, event)
