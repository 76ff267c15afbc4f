"""Segment by clicks: a model of the user outlines what is clicked on, and Enter paints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainterPath

from landseg_core.assistant.click_segment.model import Click, Segment
from landseg_core.labels.regions import Position
from landseg_core.messages import N_
from landseg_gui.text import tr, translated
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.polygon_draft import rings_path
from landseg_gui.tools.segmenter import Question, RestingView, SegmenterState
from landseg_gui.viewer.overlay import Shape

_NEAR = 8  # logical px on the screen
_RADIUS = 6.0  # of the mark of a click, in logical px on the screen
_ON, _OFF = QColor("#ffffff"), QColor("#202020")
_HINTS = {
    SegmenterState.NO_MODEL: N_("Choose a model in Settings"),
    SegmenterState.ENCODING: N_("Encoding the view…"),
    SegmenterState.FAILED: N_("Choose another model in Settings"),
}
_KEYS: Mapping[int, str] = {
    Qt.Key.Key_Return: "finish",
    Qt.Key.Key_Enter: "finish",
    Qt.Key.Key_Backspace: "undo_last",
}


class SegmentByClicks(Tool):
    """Outlines what is under the cursor; clicks on the object and beside it refine that, and Enter paints it.

    Clicks are positions in the raster: they stay when the view is another one, which is then encoded and answers them
    anew. Where it shows none of them, the outline stays as it was.

    Attributes:
        choose_model: called where somebody clicks without a model: shows the dialog that chooses one.
    """

    keys: ClassVar[Mapping[int, str]] = _KEYS

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.choose_model: Callable[[], object] = lambda: None
        self._segmenter = context.segmenter
        self._active = False
        self._hover: Position | None = None
        self._clicks: list[Click] = []
        self._answered: tuple[Click, ...] = ()
        self._segment: Segment | None = None
        self._finishes = False
        self._view = RestingView(context.viewport)
        self._view.rested.connect(self._segmenter.encode)
        context.viewport.frame_changed.connect(self._follow_view)
        self._segmenter.changed.connect(self._follow_segmenter)
        self._segmenter.answered.connect(self._take)

    @property
    def is_busy(self) -> bool:
        """Return whether there are clicks."""
        return bool(self._clicks)

    @property
    def hint(self) -> str:
        """Return how to use it, or what has to be done or waited for first."""
        return translated(_HINTS.get(self._segmenter.state, self.spec.hint))

    # --- the view

    def activate(self) -> None:
        """Encode the view."""
        self._active = True
        self._segmenter.retry()
        self._follow_view()

    def deactivate(self) -> None:
        """Encode nothing any more."""
        self._active = False
        self._view.stop()
        self._segmenter.pause()

    def _follow_view(self) -> None:
        if self._active and self._segmenter.state is not SegmenterState.NO_MODEL:
            self._view.follow()

    def _follow_segmenter(self) -> None:
        """Ask again: another view has been encoded, perhaps by another model."""
        if not self._active:
            return
        if self._segmenter.state is SegmenterState.IDLE:
            self._view.stop()  # so that the same view comes again
        self._follow_view()
        self._ask()
        self.context.viewport.update_cursor()

    # --- the mouse

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Outline what is under the cursor, as long as nothing has been clicked."""
        self._hover = position if self.context.pixel(position) else None
        self._follow_view()
        if not self.is_busy:
            self._ask()
            self.refresh()

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Add a click: on the object, or with the right button on what does not belong to it."""
        is_on = button == Qt.MouseButton.LeftButton
        if self.context.pixel(position) is None or not (self.context.may_paint() and self._has_model()):
            return
        if not (is_on or self.is_busy):
            self.context.notifier.info(
                tr("Click the object first: the right button leaves out what is not part of it.")
            )
            return
        self._clicks.append(Click(*position, is_on))
        self._change()

    def _has_model(self) -> bool:
        """Return whether there is a model; where not, let the user choose one."""
        if self._segmenter.state is not SegmenterState.NO_MODEL:
            return True
        self.choose_model()
        return False

    def double_click(self, _position: Position) -> None:
        """Paint; the second click of the two is no click of its own."""
        if len(self._clicks) > 1 and self._is_repeated():
            self._clicks.pop()
            self._change()
        if self.is_busy:
            self.finish()

    def _is_repeated(self) -> bool:
        former, last = self._clicks[-2:]
        return former.on == last.on and self.context.screen_distance(former[:2], last[:2]) <= _NEAR

    def leave(self) -> None:
        """Drop the outline under the cursor; that of clicks stays."""
        self._hover = None
        if not self.is_busy:
            self._drop_answer()
            self.refresh()

    # --- keys

    def key(self, key: int) -> bool:
        """Do what `keys` says, once there are clicks."""
        if not self.is_busy or key not in self.keys:
            return False
        getattr(self, self.keys[key])()
        return True

    def finish(self) -> None:
        """Paint what is segmented; where the answer is still to come, as soon as it is there."""
        if self._segmenter.state is SegmenterState.FAILED:
            self.context.notifier.info(self.hint)
            return
        self._finishes = self._answered != tuple(self._clicks)
        if not self._finishes:
            self._paint()
        self.context.viewport.update_cursor()

    def _paint(self) -> None:
        region = self._segment.region if self._segment else None
        if region is None:
            self.context.notifier.info(
                tr("There is nothing to paint: click somewhere else, or move the clicks into view.")
            )
            return
        value = self.context.active_value
        self.cancel()
        self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def undo_last(self) -> bool:
        """Take the last click back."""
        if not self.is_busy:
            return False
        self._clicks.pop()
        self._change()
        return True

    def cancel(self) -> bool:
        """Drop all clicks."""
        was_busy = self.is_busy
        self._clicks = []
        self._change()
        return was_busy

    def mouse_lost(self) -> None:
        """Leave the clicks: nothing is dragged."""

    def reset(self) -> None:
        """Drop everything: another image is shown."""
        self._hover = None
        self.cancel()
        self._segmenter.reset()

    # --- answers

    def _change(self) -> None:
        """Ask for the clicks as they are now; the former outline stays until the answer comes."""
        self._finishes = False
        if not self.is_busy:
            self._drop_answer()
        self._ask()
        self.refresh()

    def _drop_answer(self) -> None:
        self._answered, self._segment = (), None

    def _ask(self) -> None:
        question = self._question()
        if question is not None and self._active:
            self._segmenter.ask(question)

    def _question(self) -> Question | None:
        if self.is_busy:
            return Question(tuple(self._clicks))
        return Question((Click(*self._hover),), hovers=True) if self._hover else None

    def _take(self, question: Question, segment: Segment | None) -> None:
        """Show an answer, unless it is to other clicks than there are now."""
        wanted = self._question()
        if wanted is None or wanted.hovers != question.hovers or not (question.hovers or wanted == question):
            return
        if segment is not None or self._answered != question.clicks:
            self._segment = segment
        self._answered = question.clicks
        self.refresh()
        if self._finishes:
            self.finish()

    # --- what is seen

    def refresh(self) -> None:
        """Draw the outline and the clicks."""
        marks = [shape for click in self._clicks for shape in self._mark(click)]
        shapes = [*self._outline(), *marks]
        if shapes:
            self.context.show(shapes)
        elif self._active:  # else what is shown may be that of another tool
            self.context.clear()

    def _outline(self) -> list[Shape]:
        """Return the outline; inside, it is light only where it will be painted by Enter."""
        if self._segment is None or not self._segment.rings:
            return []
        path = rings_path(self._segment.rings)
        shape = self.context.outline(path, self.context.active_value)
        return [shape if self.is_busy else Shape(path, shape.line)]

    def _mark(self, click: Click) -> list[Shape]:
        """Return a disc with a plus or a minus in it."""
        radius = _RADIUS / self.context.screen_scale
        middle, arm = QPointF(click.x, click.y), radius * 0.55
        disc, sign = QPainterPath(), QPainterPath()
        disc.addEllipse(middle, radius, radius)
        for along in (QPointF(arm, 0), QPointF(0, arm))[: 2 if click.on else 1]:
            sign.moveTo(middle - along)
            sign.lineTo(middle + along)
        ground, line = (_ON, _OFF) if click.on else (_OFF, _ON)
        return [Shape(disc, line, ground, width=1.0), Shape(sign, line, width=1.5)]

    def cursor(self) -> QCursor:
        """Return a cross, or what shows that the view is being encoded, or an answer awaited."""
        waits = self._finishes or self._segmenter.state is SegmenterState.ENCODING
        return QCursor(Qt.CursorShape.BusyCursor if waits else self.shape)


SEGMENT_SPEC = ToolSpec(
    name="segment",
    title=N_("Segment by Clicks"),
    icon="tool_segment",
    shortcut="Z",
    tip=N_("Outline an object by clicks, with a model of yours"),
    hint=N_(
        "Click an object, right-click what is not part of it; Enter or a double click paints the outline, Backspace "
        "removes the last click; Ctrl + click picks a class"
    ),
    make=SegmentByClicks,
    samples=True,
    paints=True,
    edits=True,
)
"""The tool as data, for the registry of tools."""
