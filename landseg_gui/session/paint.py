"""What is painted with: the active class, the classes that are protected, and what else limits painting."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.edit import Paintable, paintable


class PaintChoices(QObject):
    """The choices of the person who paints. `changed`: one of them has changed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._active_value = UNLABELLED
        self._locked: frozenset[int] = frozenset()
        self._only_unlabelled = False
        self._paints_behind = False
        self._clips = False

    @property
    def active_value(self) -> int:
        """Return the class value that tools paint; 255, which erases, where there is no class."""
        return self._active_value

    @active_value.setter
    def active_value(self, value: int) -> None:
        if value != self._active_value:
            self._active_value = value
            self.changed.emit()

    @property
    def locked(self) -> frozenset[int]:
        """Return the class values that nothing may paint over."""
        return self._locked

    def set_locked(self, value: int, locked: bool) -> None:
        """Protect the labels of a class, or release them."""
        values = self._locked | {value} if locked else self._locked - {value}
        if values != self._locked:
            self._locked = values
            self.changed.emit()

    @property
    def only_unlabelled(self) -> bool:
        """Return whether existing labels stay as they are."""
        return self._only_unlabelled

    @only_unlabelled.setter
    def only_unlabelled(self, only: bool) -> None:
        if only != self._only_unlabelled:
            self._only_unlabelled = only
            self.changed.emit()

    @property
    def paints_behind(self) -> bool:
        """Return whether existing labels stay as they are while a key is held."""
        return self._paints_behind

    @paints_behind.setter
    def paints_behind(self, behind: bool) -> None:
        if behind != self._paints_behind:
            self._paints_behind = behind
            self.changed.emit()

    @property
    def clips(self) -> bool:
        """Return whether labels change only inside the working areas."""
        return self._clips

    @clips.setter
    def clips(self, clips: bool) -> None:
        if clips != self._clips:
            self._clips = clips
            self.changed.emit()

    def paintable(self) -> Paintable:
        """Return the (256,) table that says which present values may be painted over."""
        return paintable(self._locked, only_unlabelled=self._only_unlabelled)

    def fit(self, schema: ClassSchema | None, wished: int | None = None) -> None:
        """Keep to the classes of `schema`: activate `wished`, else the present class, else the first."""
        values = schema.values if schema else ()
        self._locked &= frozenset(values)
        candidates = [value for value in (wished, self._active_value, *values[:1]) if value in values]
        self._active_value = candidates[0] if candidates else UNLABELLED
        self.changed.emit()
