"""What a form remembers from one time to the next."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSettings

from landseg_gui.settings import settings_path


class FormMemory:
    """The last values of one form, as texts by field, in the user's settings file."""

    def __init__(self, form: str, store: QSettings | None = None) -> None:
        self._form = form
        self._store = store or QSettings(str(settings_path()), QSettings.Format.IniFormat)

    def text(self, field: str, default: str = "") -> str:
        """Return what `field` held last; what is no text in the file counts as never set."""
        value = self._store.value(f"{self._form}/{field}", default)
        return value if isinstance(value, str) else default

    def keep(self, values: Mapping[str, str]) -> None:
        """Remember the values of some fields."""
        for field, value in values.items():
            self._store.setValue(f"{self._form}/{field}", value)
