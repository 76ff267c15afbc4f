"""Reassign: turn one class into another inside a polygon."""

from __future__ import annotations

from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import PolygonRegion, Position
from landseg_gui.text import tr
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.context import ToolContext, only
from landseg_gui.tools.polygon import Polygon


class Reassign(Polygon):
    """The class under the first click becomes the active class, inside the polygon and nowhere else."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._from = UNLABELLED

    def may_begin(self, position: Position) -> bool:
        """Take the class under the first click as the one to change; there must be one, and it must not be locked."""
        if not super().may_begin(position):
            return False
        self._from = self.context.value_at(position)
        refusal = self._refusal()
        if refusal:
            self.context.notifier.info(refusal)
        return not refusal

    def _refusal(self) -> str:
        item = self.context.class_of(self._from)
        if item is None:
            return tr("Start on a labelled pixel: its class will be changed.")
        if self._is_locked():
            return tr("{class_name} is locked: unlock it in the Classes panel first.", class_name=item.name)
        return ""

    def _is_locked(self) -> bool:
        return self._from in self.context.locked

    def use(self, vertices: tuple[Position, ...], value: int) -> None:
        """Change the class inside the polygon."""
        former, item = self.context.class_of(self._from), self.context.class_of(value)
        name = tr(
            "{tool}: {former} to {new}",
            tool=self.spec.title,
            former=former.name if former else str(self._from),
            new=item.name if item else tr("unlabelled"),
        )
        self.context.paint(PolygonRegion([vertices]), value, name, only(self._from))
