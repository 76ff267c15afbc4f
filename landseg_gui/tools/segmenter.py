"""What the tool for segmenting by clicks asks: a model that looks at the view, and then answers clicks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.assistant.click_segment.model import Click
from landseg_gui.viewer.viewport import Viewport

_REST_MS = 250
"""How long the view must rest before it is encoded."""
_MOST_TRIES = 40  # until tiles that do not come are not waited for any more


class SegmenterState(Enum):
    """No model is chosen; nothing is encoded yet; the view is being encoded; clicks are answered; it has failed."""

    NO_MODEL = auto()
    IDLE = auto()
    ENCODING = auto()
    READY = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Question:
    """Clicks under way; `hovers`: they are only what a click at the cursor would be."""

    clicks: tuple[Click, ...]
    hovers: bool = False


class Segmenter(Protocol):
    """Encodes views and answers questions in the background.

    `changed`: its state is another, or another view has been encoded; `answered` brings a `Question` and a `Segment`,
    or None where no click on the object lies in the view encoded last.
    """

    changed: SignalInstance
    answered: SignalInstance

    @property
    def state(self) -> SegmenterState:
        """Return what it is doing."""

    def encode(self, crop: Crop) -> None:
        """Encode a view instead of any other; the one before answers until that is done."""

    def ask(self, question: Question) -> None:
        """Answer a question; of those that wait, only the newest is answered, and none before a view is encoded."""

    def pause(self) -> None:
        """Stop encoding: nobody waits for it any more."""

    def retry(self) -> None:
        """Forget that it has failed: what was wrong may have been put right."""

    def reset(self) -> None:
        """Drop what has been encoded: another image is shown."""


class RestingView(QObject):
    """Brings the view as a `Crop`, as it is displayed, once it rests and all its tiles are there.

    `rested` brings it; the same view comes once.
    """

    rested = Signal(object)

    def __init__(self, viewport: Viewport) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._shown: object = None
        self._tries = 0
        self._timer = QTimer(self, singleShot=True, interval=_REST_MS)
        self._timer.timeout.connect(self._look)

    def follow(self) -> None:
        """Bring the view later on where it is another than that which came last, or is coming."""
        image = self._viewport.image
        shown = (self._viewport.frame, image, image.rendering) if image else None
        if shown != self._shown:
            self._shown, self._tries = shown, 0
            self._timer.start() if shown else self._timer.stop()

    def stop(self) -> None:
        """Bring nothing until it is asked to follow again."""
        self._timer.stop()
        self._shown = None

    def _look(self) -> None:
        self._tries += 1
        if not self._viewport.canvas.is_sharp and self._tries < _MOST_TRIES:
            self._timer.start()
            return
        view = self._viewport.read_view()
        if view is not None:
            self.rested.emit(Crop(view.rgb, view.window.x, view.window.y, 1 << view.level))
