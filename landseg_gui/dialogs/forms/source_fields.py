"""The fields of all sources of training data: those of the one that is chosen are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from landseg_core.data.sources.fields import FolderField, ListField, ProjectField
from landseg_core.data.sources.registry import SOURCES
from landseg_core.data.sources.source import DataSource
from landseg_core.project.project import Project
from landseg_core.task_fields import hints_of
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import Field, PathField, pick_file, pick_folder
from landseg_gui.dialogs.forms.file_kinds import TEXT_FILES
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.project_labels import LabelSummary
from landseg_gui.form_settings import FormSettings
from landseg_gui.text import tr, translated

_FIRST = "folders"
_INFO_WIDTH = 500  # px: a label that wraps would rather be high than wide


class _Editor(Protocol):
    """Edits a field of a source; its last value is remembered as a text."""

    changed: SignalInstance

    def path(self) -> Path | None: ...
    def error(self) -> FieldError | None: ...
    def text(self) -> str: ...
    def set_path(self, path: Path | str | None) -> None: ...


@dataclass(frozen=True)
class _Asked:
    """The field that an editor is for."""

    name: str
    description: str
    source_title: str
    required: bool
    project: Project | None
    labels: LabelSummary | None

    @property
    def placeholder(self) -> str:
        return "" if self.required else tr("optional")


class _FolderEditor(PathField):
    def __init__(self, asked: _Asked, hints: FolderField) -> None:
        super().__init__(asked.name, pick_folder(asked.description), asked.placeholder)
        self._asked, self._hints = asked, hints

    def error(self) -> FieldError | None:
        path = self.path()
        if path is None and not self._asked.required:
            return None
        if self._hints.rasters:
            return checks.image_folder_error(path, self._hints.rasters)
        return checks.data_folder_error(path, self._hints.entries, self._asked.source_title)


class _ListEditor(PathField):
    def __init__(self, asked: _Asked, _hints: ListField) -> None:
        super().__init__(asked.name, pick_file(asked.description, translated(TEXT_FILES)), asked.placeholder)

    def error(self) -> FieldError | None:
        return checks.optional_list_error(self.path())


class _ProjectEditor(QWidget):
    """Shows the labels of the open project, which cannot be changed here."""

    changed = Signal()

    def __init__(self, asked: _Asked, _hints: ProjectField) -> None:
        super().__init__()
        self._project, self._labels = asked.project, asked.labels
        info = QLabel(objectName=f"{asked.name}_info", wordWrap=True, textFormat=Qt.TextFormat.RichText)
        info.setText(self._labels.text() if self._labels else "")
        info.setMinimumWidth(_INFO_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(info)

    def path(self) -> Path | None:
        return self._project.path if self._project else None

    def error(self) -> FieldError | None:
        if self._labels and self._labels.pixels:
            return None
        return FieldError(tr("Nothing is labelled yet: paint some areas of each class first."), missing=True)

    def text(self) -> str:
        return ""

    def set_path(self, path: Path | str | None) -> None:
        """Keep the open project."""


_EDITORS: dict[type, Callable[[_Asked, Any], Any]] = {
    FolderField: _FolderEditor,
    ListField: _ListEditor,
    ProjectField: _ProjectEditor,
}
"""The editor of a field, by its kind."""


class SourceFields(QObject):
    """Offers the sources of the registry; `project` is the one that is open, if any, and has these `labels`.

    `changed`: a field has another value; `chosen`: another source is chosen, and its fields are shown.
    """

    changed = Signal()
    chosen = Signal()

    def __init__(
        self, dialog: FormDialog, form: QFormLayout, project: Project | None, labels: LabelSummary | None
    ) -> None:
        super().__init__(dialog)
        self._form, self._project, self._labels = form, project, labels
        self._buttons = {name: self._button(name) for name in SOURCES}
        form.addRow("", _row(*self._buttons.values()))
        self._rows: dict[str, list[Field]] = {name: [] for name in SOURCES}
        self._editors: dict[str, dict[str, _Editor]] = {name: {} for name in SOURCES}
        for name in SOURCES:
            self._add_rows(dialog, name)
        self._show()

    def _button(self, name: str) -> QRadioButton:
        object_name, title = f"train_source_{name}", translated(SOURCES[name].title)
        button: QRadioButton = QRadioButton(title, objectName=object_name, checked=name == _FIRST)
        button.setVisible(self._project is not None or not _of_project(SOURCES[name]))
        button.toggled.connect(self._choose)
        return button

    def _add_rows(self, dialog: FormDialog, name: str) -> None:
        source = SOURCES[name]
        for field, info in source.model_fields.items():
            hints = hints_of(info)
            title, tip = translated(info.title or field), translated(info.description or "")
            object_name, required = f"train_{_short(field)}", info.is_required()
            asked = _Asked(object_name, tip, translated(source.title), required, self._project, self._labels)
            editor = self._editors[name][field] = _EDITORS[type(hints)](asked, hints)
            editor.changed.connect(self.changed)
            caption = f"&{title}" if required and isinstance(editor, PathField) else title
            self._rows[name].append(dialog.add_field(self._form, object_name, caption, editor, tip))

    # --- which source

    @property
    def name(self) -> str:
        """Return the name of the chosen source in the registry."""
        return next(name for name, button in self._buttons.items() if button.isChecked())

    @property
    def has_classes(self) -> bool:
        """Return whether the chosen source has classes of its own."""
        return SOURCES[self.name].has_classes

    @property
    def is_project(self) -> bool:
        """Return whether the open project is chosen."""
        return _of_project(SOURCES[self.name])

    def choose_project(self) -> None:
        """Choose the open project."""
        next(button for name, button in self._buttons.items() if _of_project(SOURCES[name])).setChecked(True)

    def _choose(self, chosen: bool) -> None:
        if chosen:
            self._show()
            self.chosen.emit()

    def _show(self) -> None:
        for name, rows in self._rows.items():
            for row in rows:
                self._form.setRowVisible(row, name == self.name)

    # --- what is remembered

    def recall(self, saved: FormSettings) -> None:
        """Show the source and the paths of the last time; see `remembered`."""
        for editors in self._editors.values():
            for field, editor in editors.items():
                editor.set_path(saved.proposal(_short(field)))
        last = saved.proposal("source", _FIRST)
        self._buttons[last if last in SOURCES else _FIRST].setChecked(True)

    def remembered(self) -> dict[str, str]:
        """Return the paths of all sources."""
        every = [item for editors in self._editors.values() for item in editors.items()]
        return {_short(field): editor.text() for field, editor in every if isinstance(editor, PathField)}

    def clear(self) -> None:
        """Empty all paths."""
        for editors in self._editors.values():
            for editor in editors.values():
                editor.set_path(None)

    # --- what is answered

    def errors(self) -> dict[str, FieldError | None]:
        """Return what is wrong with each field of the chosen source."""
        return {f"train_{_short(field)}": editor.error() for field, editor in self._editors[self.name].items()}

    def source(self) -> DataSource:
        """Return the source with the values of the fields; call it only while there is no error."""
        source = SOURCES[self.name]
        paths = {field: editor.path() for field, editor in self._editors[self.name].items()}
        return source.model_validate({field: path or _nothing(source, field) for field, path in paths.items()})


def _nothing(source: type[DataSource], field: str) -> Path | None:
    return Path() if source.model_fields[field].is_required() else None


def _of_project(source: type[DataSource]) -> bool:
    return any(isinstance(hints_of(info), ProjectField) for info in source.model_fields.values())


def _short(field: str) -> str:
    """Return the name of a field within the form of training."""
    return field.removeprefix("train_")


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder
