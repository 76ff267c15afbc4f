from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon
from PySide6.QtSvg import QSvgRenderer

from landseg_core.resource_files import resource_path
from landseg_gui.icons import application_icon, colour_swatch, icon, switch_icon
from landseg_gui.theme import DARK, LIGHT, ThemeManager

NAMES = sorted(path.stem for path in resource_path("icons").glob("*.svg"))


@pytest.fixture(autouse=True)
def themes(qapp) -> Iterator[ThemeManager]:
    themes = ThemeManager(qapp, "light")
    yield themes
    shiboken6.delete(themes)


def is_drawn_in(picture: QIcon, colour: str, state: QIcon.State = QIcon.State.Off) -> bool:
    """Return whether the opaque pixels have a colour, up to rounding."""
    image = picture.pixmap(QSize(48, 48), QIcon.Mode.Normal, state).toImage()
    pixels = [image.pixelColor(x, y).getRgb() for x in range(image.width()) for y in range(image.height())]
    opaque = np.array([pixel[:3] for pixel in pixels if pixel[3] > 250])
    return len(opaque) > 0 and bool(np.abs(opaque - QColor(colour).getRgb()[:3]).max() <= 4)


@pytest.mark.parametrize("name", NAMES)
def test_every_drawing_is_valid(name: str) -> None:
    path: Path = resource_path(f"icons/{name}.svg")
    assert QSvgRenderer(str(path)).isValid()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "landseg"])
def test_line_icons_follow_the_theme(themes, name: str) -> None:
    picture = icon(name)
    assert is_drawn_in(picture, LIGHT.text)
    themes.choose("dark")
    assert is_drawn_in(picture, DARK.text)
    themes.choose("light")


def test_a_switch_has_two_looks() -> None:
    picture = switch_icon("eye", "eye_off")
    assert is_drawn_in(picture, LIGHT.text, QIcon.State.On)
    assert is_drawn_in(picture, LIGHT.muted, QIcon.State.Off)


def test_an_icon_without_room_is_empty() -> None:
    assert icon("eye").pixmap(QSize(0, 0)).isNull()


def test_a_swatch_shows_its_colour() -> None:
    image = colour_swatch("#d55e00").pixmap(14, 14).toImage()
    assert image.pixelColor(image.width() // 2, image.height() // 2).name() == "#d55e00"


def test_the_application_has_an_icon() -> None:
    assert np.array(application_icon().pixmap(64, 64).toImage().size().toTuple()).min() == 64
