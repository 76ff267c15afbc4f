from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette

from landseg_gui.theme import DARK, LIGHT, Theme, ThemeManager


@pytest.fixture
def themes(qapp, monkeypatch):
    monkeypatch.delenv("LANDSEG_THEME", raising=False)
    manager = ThemeManager(qapp)
    yield manager
    manager.choose("light")
    shiboken6.delete(manager)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in QColor(colour).getRgbF()]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("text", "window", 7),
        ("text", "panel", 7),
        ("text", "field", 7),
        ("text", "selection", 4.5),
        ("muted", "panel", 4.5),
        ("muted", "canvas", 4.5),
        ("accent_text", "panel", 4.5),
        ("on_accent", "accent", 4.5),
        ("problem", "problem_background", 4.5),
    ],
)
def test_text_can_be_read(theme: Theme, text: str, ground: str, least: float) -> None:
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= least


def test_the_choice_dresses_the_application(qapp, themes) -> None:
    themes.choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(DARK.window)
    assert DARK.accent in qapp.styleSheet()
    themes.choose("light")
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT.window)
    assert LIGHT.accent in qapp.styleSheet()


def test_the_system_is_followed(qtbot, qapp, themes) -> None:
    change = qapp.styleHints().colorSchemeChanged  # the offscreen platform has no scheme of its own to change
    with qtbot.waitSignal(themes.changed):
        change.emit(Qt.ColorScheme.Dark)
    assert themes.theme is DARK
    change.emit(Qt.ColorScheme.Light)
    assert themes.theme is LIGHT
    themes.choose("dark")
    change.emit(Qt.ColorScheme.Light)
    assert themes.theme is DARK


def test_an_unknown_choice_means_the_system(themes) -> None:
    themes.choose("purple")
    assert themes.choice == "system"


def test_the_environment_overrides_the_settings(qapp, monkeypatch) -> None:
    monkeypatch.setenv("LANDSEG_THEME", "dark")
    manager = ThemeManager(qapp, "light")
    assert manager.theme is DARK
    manager.choose("light")
    shiboken6.delete(manager)
