"""Labelling where it helps most: the view moves from cell to cell, and a key gives each its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from landseg_core.assistant.label_queue import Question
from landseg_core.labels.classes import UNLABELLED, LandClass
from landseg_core.labels.regions import Position
from landseg_core.project.images import ImageEntry
from landseg_gui.panels.question_bar import QuestionBar
from landseg_gui.session.assistant.question_search import QuestionSearch
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.tools.cell_source import outline
from landseg_gui.tools.context import only
from landseg_gui.tools.manager import DIGITS, ToolManager
from landseg_gui.viewer.frame import LARGEST_SCALE
from landseg_gui.viewer.overlay import Shape

_WIDE = 80
"""Logical px of the screen that a cell should measure: enough to see it, and what is around it."""
_FITTING = (40, 160)  # between these, the zoom stays as it is
_LINE = 2.5
_GROUP = "question"


@dataclass(eq=False)
class _Asked:
    """A question that has been shown, and the class value that was the answer: `UNLABELLED` for none."""

    question: Question
    answer: int = UNLABELLED


@dataclass(eq=False)
class _Round:
    """What has been asked of one image: `past` before, `present` now; `ahead` after going back; `waiting` is new."""

    past: list[_Asked] = field(default_factory=list)
    present: _Asked | None = None
    ahead: list[_Asked] = field(default_factory=list)
    waiting: list[Question] = field(default_factory=list)

    def asked(self) -> list[Position]:
        """Return where not to ask again: at what is on display or comes after it, and at what was skipped."""
        present = [self.present] if self.present else []
        skipped = [each for each in self.past if each.answer == UNLABELLED]
        return [each.question.position for each in (*present, *self.ahead, *skipped)]

    def advance(self) -> None:
        """Go on to the next question, if there is one."""
        if self.present:
            self.past.append(self.present)
        if self.ahead:
            self.present = self.ahead.pop(0)
        else:
            self.present = _Asked(self.waiting.pop(0)) if self.waiting else None

    def go_back(self) -> None:
        """Go back to the question before, if there is one."""
        if self.past:
            if self.present:
                self.ahead.insert(0, self.present)
            self.present = self.past.pop()


class LabelQueueFlow(QObject):
    """The mode in which landseg asks for the class of one cell after another. `on_changed`: it began or ended.

    An answer labels the whole cell, as one step, and the view moves on. Further questions are looked for in the
    background after each change of the labels; the one on display stays.
    """

    on_changed = Signal(bool)

    keys: ClassVar[Mapping[int, str]] = {
        Qt.Key.Key_Return: "accept",
        Qt.Key.Key_Enter: "accept",
        Qt.Key.Key_S: "skip",
        Qt.Key.Key_Backspace: "back",
        Qt.Key.Key_Escape: "end",
    }
    """The keys of the mode beside the digits, and what each calls."""

    def __init__(self, session: Session, tools: ToolManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._project = session, session.project_session
        self._tools, self._context = tools, tools.context
        self._viewport = tools.context.viewport
        self._on = False
        self._round = _Round()
        self.bar = QuestionBar()
        self._search = QuestionSearch(session, session.cells, self)
        self._later = QTimer(self, singleShot=True, interval=0)  # when all that follows a change has followed it
        self._later.timeout.connect(self._look)
        self._connect()

    def _connect(self) -> None:
        self._search.found.connect(self._take)
        self._search.ended.connect(self._take_end)
        self._search.failed.connect(self._show_failure)
        bar, context = self.bar, self._context
        bar.answered.connect(self.answer)
        bar.accepted.connect(self.accept)
        bar.skipped.connect(self.skip)
        bar.back_wanted.connect(self.back)
        bar.closed.connect(self.end)
        bar.next_image_wanted.connect(self._show_next_image)
        for signal in (self._project.editing.history_changed, context.areas_changed, self._session.cells.emptied):
            signal.connect(self._renew)
        self._session.model.changed.connect(self._renew)
        context.schema_changed.connect(self._follow_classes)
        context.image_changed.connect(self._follow_image)
        context.project_changed.connect(self.end)

    @property
    def on(self) -> bool:
        """Return whether the mode is on."""
        return self._on

    @property
    def question(self) -> Question | None:
        """Return what is asked now."""
        return self._round.present.question if self._round.present else None

    @property
    def is_looking(self) -> bool:
        """Return whether further questions are looked for."""
        return self._search.under_way or self._later.isActive()

    def set_on(self, on: bool) -> None:
        """Begin or end the mode."""
        (self.begin if on else self.end)()

    def begin(self) -> None:
        """Ask for the class of the cell where a label helps most; what is being drawn is dropped."""
        if self._on or self._project.image is None:
            return
        self._on = True
        self._tools.cancel()
        self._tools.mode = self
        self._viewport.setFocus()
        self._follow_classes()
        self._follow_image()
        self.on_changed.emit(self._on)

    def end(self) -> None:
        """Ask no more; the view stays."""
        if self._on:
            self._on = False
            self._tools.mode = None
            self._clear()
            self.bar.hide()
            self._viewport.setFocus()
            self.on_changed.emit(self._on)

    def close(self) -> None:
        """End, and wait for what is being looked for."""
        self.end()
        self._search.close()

    # --- what the user does

    def has_key(self, key: int) -> bool:
        """Return whether a key is one of the mode."""
        return key in DIGITS or key in self.keys

    def key_press(self, key: int) -> bool:
        """Handle a key of the mode; return whether it was one."""
        if key in DIGITS:
            schema, number = self._context.schema, DIGITS.index(key)
            if schema is not None and number < len(schema):
                self.answer(schema.values[number])
        elif key in self.keys:
            getattr(self, self.keys[key])()
        return self.has_key(key)

    def answer(self, value: int) -> None:
        """Label the cell with a class, and go on."""
        asked = self._round.present
        if asked is not None and self._context.may_paint() and self._label(asked, value):
            asked.answer = value
            self._advance()

    def _label(self, asked: _Asked, value: int) -> bool:
        """Give the cell a class; return whether that was possible. A former answer is replaced."""
        context = self._context
        table = context.paintable(value)
        if asked.answer != UNLABELLED:
            table = table | (only(asked.answer) & context.paintable(UNLABELLED))
        name = context.step_name(tr("Superpixels"), value)
        return context.paint(asked.question.region, value, name, table) is not None

    def accept(self) -> None:
        """Label the cell with the class that is suggested."""
        asked = self._round.present
        if asked is not None and self._suggested(asked.question) is not None:
            self.answer(asked.question.value)

    def skip(self) -> None:
        """Go on without a label."""
        if self._round.present is not None:
            self._advance()

    def back(self) -> None:
        """Go back to the question before, to answer it again."""
        if self._round.past:
            self._round.go_back()
            self._show()

    # --- what is followed

    def _follow_classes(self) -> None:
        schema = self._context.schema
        if self._on and schema is not None:
            self.bar.set_classes(schema.classes)
            self._renew()
            self._show()

    def _follow_image(self) -> None:
        """Begin anew with another image; end where it is none of the project."""
        if not self._on:
            return
        if self._project.image is None:
            self.end()
            return
        self._clear()
        self._renew()
        self._show()

    def _clear(self) -> None:
        self._round = _Round()
        self._later.stop()
        self._search.forget()
        self._viewport.overlay.clear(_GROUP)

    # --- the search

    def _renew(self) -> None:
        """Look for questions anew, as labels, classes, areas, cells or what has been asked are others now."""
        self._search.cancel()
        self._later.start()

    def _look(self) -> None:
        if self._on:
            self._search.request(self._round.asked())

    def _take(self, questions: Sequence[Question]) -> None:
        self._round.waiting = list(questions)
        if self._round.present is None:
            self._advance()

    def _take_end(self) -> None:
        if self._round.present is None:
            self._show()

    def _show_failure(self, sentence: str) -> None:
        self._session.notifier.error(sentence)
        self.end()

    def _advance(self) -> None:
        """Go on to the next question; those whose cells have been labelled meanwhile are dropped."""
        self._round.waiting = [question for question in self._round.waiting if self._is_open(question)]
        self._round.advance()
        self._renew()
        self._show()

    def _is_open(self, question: Question) -> bool:
        """Return whether no label touches a cell."""
        labels, bounds = self._project.labels, question.region.bounds
        inside = question.region.mask(bounds)
        return labels is not None and bool((labels.read(bounds)[inside] == UNLABELLED).all())

    # --- what is shown

    def _show(self) -> None:
        """Show the present question, or why there is none."""
        asked, first = self._round.present, not self._round.past
        if asked is not None:
            self._show_question(asked, first=first)
            return
        self._viewport.overlay.clear(_GROUP)
        if self.is_looking:
            self.bar.show_state(tr("Looking for the next area…"), first=first)
        else:
            self.bar.show_state(tr("Nothing left to ask."), first=first, next_image=self._next_image() is not None)

    def _show_question(self, asked: _Asked, *, first: bool) -> None:
        question = asked.question
        suggested, answer = self._suggested(question), self._context.class_of(asked.answer)
        if answer is not None:
            text = tr("Answered: {name}", name=answer.name)
        elif suggested is not None:
            text = tr("{name} {percent} %?", name=suggested.name, percent=round(100 * question.share))
        else:
            text = tr("Which class?")
        self.bar.show_question(text, suggested=suggested is not None, first=first)
        self._frame(question)

    def _frame(self, question: Question) -> None:
        """Bring a cell to the middle, outlined; zoom where it would be too small or too large."""
        bounds, view = question.region.bounds, self._viewport
        wide = max(bounds.width, bounds.height) * self._context.screen_scale
        fits = _FITTING[0] <= wide <= _FITTING[1]
        scale = view.scale_factor if fits else min(view.scale_factor * _WIDE / wide, LARGEST_SCALE)
        view.centre_on(bounds.x + bounds.width / 2, bounds.y + bounds.height / 2, scale)
        line = self._context.colour(question.value)
        view.overlay.show(_GROUP, [Shape(outline(question.region), line, width=_LINE)])

    def _suggested(self, question: Question) -> LandClass | None:
        return self._context.class_of(question.value)

    # --- the next image

    def _next_image(self) -> ImageEntry | None:
        """Return the image after the present one, the first after the last; None where there is no other."""
        project, image = self._project.project, self._project.image
        hidden = self._project.images.is_hidden
        entries = project.images if project else ()
        there = [each for each in entries if each == image or not (each.missing or hidden(each.id))]
        if image not in there or len(there) < 2:
            return None
        return there[(there.index(image) + 1) % len(there)]

    def _show_next_image(self) -> None:
        entry = self._next_image()
        if entry is not None:
            self._project.images.show(entry.id)
