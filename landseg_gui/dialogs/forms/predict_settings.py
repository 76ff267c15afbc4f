"""How a map is made, from the fields of a `PredictTask`: check boxes, and the others folded at first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QToolButton

from landseg_core.task_fields import problems_of
from landseg_core.tasks.predict import PredictTask
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import Field
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.setting_editors import editor_for
from landseg_gui.form_settings import FormSettings
from landseg_gui.text import as_sentence, tr, translated

_ELSEWHERE = {"model", "maps", "alpha", "window", "confidence", "keep_going", "overwrite", "large", "corrections"}
"""Fields that the dialog asks for in its own way, or that the window sets.

Corrections are those of the open project.
"""


class PredictSettings(QObject):
    """Adds its fields to forms of a dialog: `add_switches`, then `add_folded`."""

    changed = Signal()

    def __init__(self, dialog: FormDialog) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._fields = {name: info for name, info in PredictTask.model_fields.items() if name not in _ELSEWHERE}
        self._editors = {name: editor_for(f"predict_{name}", info) for name, info in self._fields.items()}
        for name, editor in self._editors.items():
            editor.show(self._fields[name].default)
            editor.changed.connect(self.changed)
        self._unfold = QToolButton(text=tr("Advanced"), objectName="predict_advanced", checkable=True, autoRaise=True)
        self._unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._rows: dict[str, Field] = {}

    @property
    def _switches(self) -> dict[str, QCheckBox]:
        boxes = {name: editor.widget for name, editor in self._editors.items()}
        return {name: box for name, box in boxes.items() if isinstance(box, QCheckBox)}

    def add_switches(self, form: QFormLayout) -> None:
        """Add a check box for each field that is true or false."""
        for name, box in self._switches.items():
            box.setText(self._dialog.with_key(translated(self._fields[name].description or name)))
            form.addRow("", box)

    def add_folded(self, form: QFormLayout) -> None:
        """Add all other fields, folded."""
        form.addRow(self._unfold)
        for name, info in self._fields.items():
            if name not in self._switches:
                label, key = self._dialog.with_key(translated(info.title or name)), f"predict_{name}"
                widget, tip = self._editors[name].widget, translated(info.description or "")
                self._rows[key] = self._dialog.add_field(form, key, label, widget, tip)
        self._unfold.toggled.connect(lambda: self._show_fold(form))
        self._unfold.toggled.connect(lambda unfolded: self._dialog.make_room_for(unfolded=unfolded))
        self._show_fold(form)

    def _show_fold(self, form: QFormLayout) -> None:
        shown = self._unfold.isChecked()
        self._unfold.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for row in self._rows.values():
            form.setRowVisible(row, shown)

    def unfold_for(self, errors: Iterable[str]) -> None:
        """Unfold where one of the fields with `errors` is here, so that the user sees it."""
        if not self._rows.keys().isdisjoint(errors):
            self._unfold.setChecked(True)

    def recall(self, saved: FormSettings) -> None:
        """Check the boxes that were checked the last time."""
        for name, box in self._switches.items():
            box.setChecked(saved.text(name) == str(True))

    def remembered(self) -> dict[str, str]:
        """Return the values that `recall` reads the next time."""
        return {name: str(box.isChecked()) for name, box in self._switches.items()}

    def values(self) -> dict[str, Any]:
        """Return the values by the names of the fields, not yet checked."""
        return {name: editor.read() for name, editor in self._editors.items()}

    def options(self) -> PredictTask:
        """Return the values as those of a task, not yet checked."""
        return PredictTask.model_construct(**self.values())

    def errors(self) -> Iterator[tuple[str, FieldError]]:
        """Yield the field and error of each invalid value; whether bands are compatible is checked with the model."""
        values = self.values() | {"model": Path(), "maps": ()}  # which the dialog checks
        found = problems_of(PredictTask, values) or dict(PredictTask(**values).problems())
        for name, sentence in found.items():
            yield f"predict_{name}", FieldError(as_sentence(sentence))
