"""What a form remembers from one time to the next."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSettings

from landseg_core.project.project import Project
from landseg_gui.settings import settings_path, stored_value


class FormMemory:
    """The last values of one form, as texts by field.

    How somebody works (a tile, a number of minutes) is the user's and stays in the settings file. Which files and
    classes it was about is the project's: with a `project`, these proposals are kept in it, and those of other projects
    are not known.
    """

    def __init__(self, form: str, store: QSettings | None = None, project: Project | None = None) -> None:
        self._form = form
        self._store = store or QSettings(str(settings_path()), QSettings.Format.IniFormat)
        self._project = project

    def of(self, project: Project | None) -> FormMemory:
        """Return the memory of the same form for `project`, or this one where that is None."""
        return FormMemory(self._form, self._store, project) if project else self

    def text(self, field: str, default: str = "") -> str:
        """Return what `field` held last; what is no text in the file counts as never set."""
        return _text(stored_value(self._store, f"{self._form}/{field}", default), default)

    def keep(self, values: Mapping[str, str]) -> None:
        """Remember the values of some fields."""
        for field, value in values.items():
            self._store.setValue(f"{self._form}/{field}", value)

    def proposal(self, field: str, default: str = "") -> str:
        """Return which file, folder or classes `field` held last in this project, or without one."""
        if self._project is None:
            return self.text(field, default)
        return _text(self._kept_by(self._project).get(field), default)

    def keep_proposals(self, values: Mapping[str, str]) -> None:
        """Remember files, folders and classes for this project, or for the time without one."""
        if self._project is None:
            self.keep(values)
        elif not self._project.failure:
            self._project.set_view_state(self._key, self._kept_by(self._project) | dict(values))

    @property
    def _key(self) -> str:
        return f"form/{self._form}"

    def _kept_by(self, project: Project) -> dict[str, object]:
        kept = project.view_state(self._key)
        return kept if isinstance(kept, dict) else {}


def _text(value: object, default: str) -> str:
    """Return a text that was kept, unless somebody has made something else of it; no path has the character NUL."""
    return value if isinstance(value, str) and "\0" not in value else default
