"""Light and dark: our own colours for Qt's Fusion style, following the system unless the user chooses."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QDir, QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from landseg_core.messages import N_
from landseg_core.resource_files import resource_path

CHOICES = {"system": N_("System"), "light": N_("Light"), "dark": N_("Dark")}
"""What the user may choose, titles by key; `system` follows the desktop."""

_ENVIRONMENT = "LANDSEG_THEME"


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance, `#rrggbb`; the style sheet uses them by these names."""

    window: str
    panel: str
    canvas: str
    field: str
    text: str
    muted: str
    border: str
    hover: str
    pressed: str
    accent: str
    accent_hover: str
    accent_text: str
    on_accent: str
    selection: str
    problem: str
    problem_background: str


LIGHT = Theme(
    window="#f3f5f2",
    panel="#fbfcfa",
    canvas="#dfe3de",
    field="#ffffff",
    text="#1c2420",
    muted="#57635d",
    border="#d3d9d3",
    hover="#e6ebe6",
    pressed="#d8e0d9",
    accent="#1c7a57",
    accent_hover="#176648",
    accent_text="#14694a",
    on_accent="#ffffff",
    selection="#cfe7db",
    problem="#a4341f",
    problem_background="#fbe9e4",
)
DARK = Theme(
    window="#1d2120",
    panel="#242928",
    canvas="#131615",
    field="#191d1c",
    text="#e4e9e6",
    muted="#9aa6a0",
    border="#39413e",
    hover="#303735",
    pressed="#3a4340",
    accent="#27855f",
    accent_hover="#2f9a6f",
    accent_text="#63cfa3",
    on_accent="#ffffff",
    selection="#24493b",
    problem="#ffab98",
    problem_background="#40261f",
)


def _palette(theme: Theme) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.panel,
        role.ButtonText: theme.text,
        role.BrightText: theme.problem,
        role.ToolTipBase: theme.panel,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Link: theme.accent_text,
        role.LinkVisited: theme.accent_text,
        role.Light: theme.field,
        role.Midlight: theme.hover,
        role.Mid: theme.border,
        role.Dark: theme.muted,
        role.Shadow: theme.canvas,
    }
    palette = QPalette()
    for key, colour in colours.items():
        palette.setColor(key, QColor(colour))
    _fade_disabled(palette, theme)
    return palette


def _fade_disabled(palette: QPalette, theme: Theme) -> None:
    faded = QColor(theme.muted)
    faded.setAlpha(130)
    for key in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)


class ThemeManager(QObject):
    """Gives the application its colours, again whenever the system changes between light and dark."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self.choice = "system"
        self.theme = LIGHT
        self._system_is_dark = False
        app.setStyle("Fusion")
        QDir.addSearchPath("style", str(resource_path("style")))
        app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self.choose(os.environ.get(_ENVIRONMENT, choice))

    def choose(self, choice: str) -> None:
        """Use `light`, `dark`, or what the `system` says; anything else means the system, too."""
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        self.choice = choice if choice in schemes else "system"
        hints = self._app.styleHints()
        hints.setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
        self._follow_system(hints.colorScheme())

    def _follow_system(self, scheme: Qt.ColorScheme) -> None:
        self._system_is_dark = scheme == Qt.ColorScheme.Dark
        self._apply()

    def _apply(self) -> None:
        is_dark = self._system_is_dark if self.choice == "system" else self.choice == "dark"
        self.theme = DARK if is_dark else LIGHT
        sheet = Template(resource_path("style/landseg.qss").read_text(encoding="utf-8"))
        self._app.setPalette(_palette(self.theme))
        self._app.setStyleSheet(sheet.substitute(dataclasses.asdict(self.theme)))
        self.changed.emit()
