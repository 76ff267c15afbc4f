"""The last values of forms, remembered for the next time."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSettings

from landseg_core.project.project import Project
from landseg_gui.settings import settings_path, stored_value


class FormSettings:
    """The last values of one form, as texts by field.

    Values about the user's way of working (a tile size, a number of minutes) are stored in the settings file. Files,
    folders and classes belong to a project: with a `project`, these proposals are stored in it, apart from those of
    other projects.
    """

    def __init__(self, form: str, store: QSettings | None = None, project: Project | None = None) -> None:
        self._form = form
        self._store = store or QSettings(str(settings_path()), QSettings.Format.IniFormat)
        self._project = project

    def of(self, project: Project | None) -> FormSettings:
        """Return the settings of the same form for `project`, or these where that is None."""
        return FormSettings(self._form, self._store, project) if project else self

    def text(self, field: str, default: str = "") -> str:
        """Return the last value of `field`; a value in the file that is no text counts as not set."""
        return _text(stored_value(self._store, f"{self._form}/{field}", default), default)

    def save(self, values: Mapping[str, str]) -> None:
        """Save the values of some fields."""
        for field, value in values.items():
            self._store.setValue(f"{self._form}/{field}", value)

    def proposal(self, field: str, default: str = "") -> str:
        """Return the file, folder or classes that `field` had last in this project, or without a project."""
        if self._project is None:
            return self.text(field, default)
        return _text(self._saved_in(self._project).get(field), default)

    def save_proposals(self, values: Mapping[str, str]) -> None:
        """Save files, folders and classes for this project, or for when none is open."""
        if self._project is None:
            self.save(values)
        elif not self._project.failure:
            self._project.set_view_state(self._key, self._saved_in(self._project) | dict(values))

    @property
    def _key(self) -> str:
        return f"form/{self._form}"

    def _saved_in(self, project: Project) -> dict[str, object]:
        saved = project.view_state(self._key)
        return saved if isinstance(saved, dict) else {}


def _text(value: object, default: str) -> str:
    """Return a saved text, unless it was damaged; no path has the character NUL."""
    return value if isinstance(value, str) and "\0" not in value else default
