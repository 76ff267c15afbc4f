"""All settings of a run that presets do not set, each with its explanation; folded at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from landseg_core.runs.config import TrainConfig
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.setting_editors import SettingEditor, editor_for
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr, translated

_DEFAULTS = TrainConfig()
_EDITOR_WIDTH = 132  # px


class AdvancedSettings(QWidget):
    """Every setting of `TrainConfig` but those named in `elsewhere`."""

    changed = Signal()

    def __init__(self, dialog: FormDialog, elsewhere: Iterable[str]) -> None:
        super().__init__(objectName="train_advanced_settings")
        self._editors: dict[str, SettingEditor] = {}
        self._unfold = QToolButton(objectName="train_advanced", checkable=True, text=tr("Advanced"))
        self._unfold.setProperty("unfolds", True)  # noqa: FBT003
        self._unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._count = PlainLabel(objectName="train_advanced_count")
        self._count.setProperty("muted", True)  # noqa: FBT003
        self._reset = QPushButton(tr("Reset to Defaults"), objectName="train_reset", autoDefault=False)
        self._body = QWidget()
        self._lay_out()
        self._add_rows(dialog, frozenset(elsewhere))
        self._unfold.toggled.connect(self._show_fold)
        self._unfold.toggled.connect(lambda unfolded: dialog.make_room_for(unfolded=unfolded))
        self._reset.clicked.connect(lambda: self.show_settings(_DEFAULTS.model_dump()))
        self._show_fold()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._unfold)
        head.addWidget(self._count, 1)
        head.addWidget(self._reset)
        self._form = QFormLayout(self._body)
        self._form.setContentsMargins(0, 4, 0, 0)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self._body)

    def _add_rows(self, dialog: FormDialog, elsewhere: frozenset[str]) -> None:
        for name, field in TrainConfig.model_fields.items():
            if name not in elsewhere:
                editor = self._editors[name] = editor_for(f"train_{name}", field)
                editor.show(getattr(_DEFAULTS, name))
                editor.changed.connect(self._report_change)
                title, description = translated(field.title or name), translated(field.description or "")
                dialog.add_field(
                    self._form, f"train_{name}", title, _explained(editor.widget, description), description
                )
        dialog.add_field(self._form, "train_", "", QWidget(), "")  # for errors of several settings together

    @property
    def names(self) -> frozenset[str]:
        """Return the settings that are edited here."""
        return frozenset(self._editors)

    def settings(self) -> dict[str, Any]:
        """Return the values, not yet checked."""
        return {name: editor.read() for name, editor in self._editors.items()}

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show those of `settings` that are edited here."""
        for name, editor in self._editors.items():
            if name in settings:
                editor.show(settings[name])

    def lock(self) -> None:
        """Disable all editors."""
        self._reset.setEnabled(False)
        for editor in self._editors.values():
            editor.widget.setEnabled(False)

    def unfold_for(self, errors: Iterable[str]) -> None:
        """Unfold where one of the fields with `errors` is here, so that the user sees it."""
        if any(name.removeprefix("train_") in ("", *self._editors) for name in errors):
            self._unfold.setChecked(True)

    def _report_change(self) -> None:
        self._show_count()
        self.changed.emit()

    def _show_fold(self) -> None:
        unfolded = self._unfold.isChecked()
        self._unfold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._body.setVisible(unfolded)
        self._reset.setVisible(unfolded)
        self._show_count()

    def _show_count(self) -> None:
        changed = sum(_differs(name, editor.read()) for name, editor in self._editors.items())
        text = tr("%n settings differ from the defaults", n=changed, one="1 setting differs from the defaults")
        self._count.setText(text if changed else "")
        self._reset.setEnabled(bool(changed))


def _differs(name: str, value: Any) -> bool:
    default = getattr(_DEFAULTS, name)
    try:
        return bool((float(value) if isinstance(default, float) else value) != default)
    except (TypeError, ValueError):
        return True


def _explained(editor: QWidget, description: str) -> QWidget:
    """Return an editor with its explanation next to it."""
    text = PlainLabel(description, wordWrap=True)
    text.setProperty("muted", True)  # noqa: FBT003
    editor.setFixedWidth(_EDITOR_WIDTH)
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    row.addWidget(editor)
    row.addWidget(text, 1)
    holder.setFocusProxy(editor)
    return holder
