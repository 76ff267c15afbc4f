"""What the window stores from one start to the next; a broken settings file means a fresh start, not a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

from landseg_core.input_files import parsed_json
from landseg_core.project.storage.paths import is_there

_RECENT_FILES = 10
_SWITCH = {"true": True, "false": False}


def settings_path() -> Path:
    """Return the path of the user's settings file."""
    return Path(platformdirs.user_config_dir("landseg", appauthor=False)) / "landseg.ini"


def stored_value(store: QSettings, key: str, default: Any = None) -> Any:
    """Return a value of a settings file, or the default; so, too, where it is of a type that Python does not know."""
    try:
        return store.value(key, default)
    except RuntimeError:  # PySide has no converter for it
        return default


class Settings:
    """The user's settings in an INI file."""

    def __init__(self, path: Path | None = None) -> None:
        self._store = QSettings(str(path or settings_path()), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """Return `system`, `light` or `dark`, or whatever the file holds."""
        return str(stored_value(self._store, "window/theme", "system"))

    @theme.setter
    def theme(self, choice: str) -> None:
        self._store.setValue("window/theme", choice)

    @property
    def tools(self) -> dict[str, Any]:
        """Return the settings of the tools; empty where the file has none that can be used."""
        try:
            state = parsed_json(str(stored_value(self._store, "tools/state", "{}")))
        except ValueError:
            return {}
        return state if isinstance(state, dict) else {}

    @tools.setter
    def tools(self, state: Mapping[str, Any]) -> None:
        self._store.setValue("tools/state", json.dumps(state))

    @property
    def suggestions(self) -> dict[str, bool]:
        """Return the two switches of suggestions: `on`, which it is until it is switched off, and `only_when_asked`."""
        defaults = {"on": True, "only_when_asked": False}
        stored = {name: stored_value(self._store, f"suggestions/{name}") for name in defaults}
        return {name: _SWITCH.get(str(value), defaults[name]) for name, value in stored.items()}

    @suggestions.setter
    def suggestions(self, switches: Mapping[str, bool]) -> None:
        for name, value in switches.items():
            self._store.setValue(f"suggestions/{name}", str(value).lower())

    def recent_files(self) -> list[Path]:
        """Return the files opened last, newest first, without those that no longer exist."""
        return [path for path in self._recent() if is_there(path)]

    def add_recent_file(self, path: Path) -> None:
        """Put `path` at the top of the recent files."""
        newest = path.absolute()
        others = [other for other in self._recent() if other != newest]
        self._store.setValue("files/recent", [str(item) for item in [newest, *others][:_RECENT_FILES]])

    def clear_recent_files(self) -> None:
        """Clear the recent files."""
        self._store.remove("files/recent")

    def _recent(self) -> list[Path]:
        stored = stored_value(self._store, "files/recent", [])
        texts = stored if isinstance(stored, list) else [stored]  # a list of one comes back as its only item
        return [Path(text) for text in texts if isinstance(text, str) and text]

    def save_window(self, window: QMainWindow) -> None:
        """Store size, position, docks and toolbars."""
        self._store.setValue("window/geometry", window.saveGeometry())
        self._store.setValue("window/docks", window.saveState())
        self._store.sync()

    def restore_window(self, window: QMainWindow) -> None:
        """Restore size, position, docks and toolbars, as far as they are known."""
        geometry, docks = (stored_value(self._store, f"window/{name}") for name in ("geometry", "docks"))
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)
        if isinstance(docks, QByteArray):
            window.restoreState(docks)
