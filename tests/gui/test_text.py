from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocumentFragment
from pytestqt.qtbot import QtBot

from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import plain_tip
from landseg_gui.text import area, capitalised, percent, pixels


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 px"),
        (12_345, "12\u202f345 px"),
        (999_999, "999\u202f999 px"),
        (1_234_567, "1.23 Mpx"),
        (5_800e6, "5\u202f800 Mpx"),
    ],
)
def test_pixels(count, text) -> None:
    assert pixels(int(count)).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("square_metres", "text"),
    [(0.04, "0.04 m²"), (812, "812 m²"), (12_345, "1.23 ha"), (2.5e6, "2.5 km²"), (5e9, "5\u202f000 km²")],
)
def test_area(square_metres, text) -> None:
    assert area(square_metres).replace("\u00a0", " ") == text


def test_a_tip_shows_names_as_they_are(qtbot: QtBot) -> None:
    assert plain_tip("1 < 2\nrun") == "1 < 2\nrun"
    name = "a <b>run</b> & more\nstopped"
    for tip in (plain_tip(name), ElidedLabel(name, "name").toolTip(), ElidedLabel("x", "name", name).toolTip()):
        assert QTextDocumentFragment.fromHtml(tip).toPlainText().replace("\N{LINE SEPARATOR}", "\n") == name


def test_percent_and_capitals() -> None:
    assert percent(0.1234).replace("\u00a0", " ") == "12.3 %"
    assert percent(None) == "–"
    assert capitalised("eIGHT") == "EIGHT"
