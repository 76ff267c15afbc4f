from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QTextDocumentFragment
from pytestqt.qtbot import QtBot

from landseg_core.messages import N_
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import plain_tip
from landseg_gui.text import (
    area,
    as_sentence,
    capitalised,
    clock_time,
    coordinate,
    day,
    duration,
    file_size,
    files_text,
    interval,
    percent,
    pixels,
    rough_duration,
    thousands,
    time_left,
)


@pytest.fixture
def speak() -> Iterator[Callable[[str], None]]:
    """Return what sets the user's language."""
    former = QLocale()
    yield lambda name: QLocale.setDefault(QLocale(name))
    QLocale.setDefault(former)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 px"),
        (12_345, "12,345 px"),
        (999_999, "999,999 px"),
        (1_234_567, "1.23 Mpx"),
        (5_800e6, "5,800 Mpx"),
    ],
)
def test_pixels(count, text) -> None:
    assert plain(pixels(int(count))) == text


@pytest.mark.parametrize(
    ("square_metres", "text"),
    [(0.04, "0.04 m²"), (812, "812 m²"), (12_345, "1.23 ha"), (2.5e6, "2.5 km²"), (5e9, "5,000 km²")],
)
def test_area(square_metres, text) -> None:
    assert plain(area(square_metres)) == text


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("C", ["1,234,567", "12,345 px", "1.23 Mpx", "1.23 ha", "12.3 %", "70.0–80.5 %", "400,000.50", "1.2 MB"]),
        ("en_US", ["1,234,567", "12,345 px", "1.23 Mpx", "1.23 ha", "12.3 %", "70.0–80.5 %", "400,000.50", "1.2 MB"]),
        ("de_DE", ["1.234.567", "12.345 px", "1,23 Mpx", "1,23 ha", "12,3 %", "70,0–80,5 %", "400.000,50", "1,2 MB"]),
        ("de_CH", ["1’234’567", "12’345 px", "1.23 Mpx", "1.23 ha", "12.3 %", "70.0–80.5 %", "400’000.50", "1.2 MB"]),
        (
            "fr_FR",
            [
                *("1\u202f234\u202f567", "12\u202f345 px", "1,23 Mpx", "1,23 ha", "12,3 %"),
                *("70,0–80,5 %", "400\u202f000,50", "1,2 Mo"),
            ],
        ),
    ],
)
def test_numbers_are_written_as_in_the_users_language(speak, language: str, texts: list[str]) -> None:
    speak(language)
    written = [
        thousands(1_234_567),
        pixels(12_345),
        pixels(1_234_567),
        area(12_345),
        percent(0.1234),
        interval((0.7, 0.805)),
        coordinate(400_000.5, degrees=False),
        file_size(1_234_567),
    ]
    assert [plain(text).replace("'", "’") for text in written] == texts


@pytest.mark.parametrize(
    ("seconds", "exact", "rough"),
    [
        (0, "0 s", "1 s"),
        (42, "42 s", "42 s"),
        (185, "3 min 5 s", "3 min"),
        (1440, "24 min 0 s", "24 min"),
        (5400, "1 h 30 min", "1.5 h"),
        (7800, "2 h 10 min", "2.2 h"),
        (72_000, "20 h 0 min", "20 h"),
    ],
)
def test_durations(seconds: int, exact: str, rough: str) -> None:
    assert (duration(seconds), rough_duration(seconds)) == (exact, rough)


def test_time_left_and_moments(speak) -> None:
    moment = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)
    assert (time_left(None), time_left(65)) == ("", "1 min 5 s left")
    assert (clock_time(moment), day(moment), day(moment, year=True)) == ("14:05", "3 May", "3 May 2026")
    speak("de_DE")
    assert day(moment) == "3 Mai"


def test_names_of_images_and_files() -> None:
    north, south, east = (Path(f"{name}.tif") for name in ("north", "south", "east"))
    assert files_text([north]) == "north.tif"
    assert files_text([north, south]) == "north.tif and south.tif"
    assert files_text([north, south, east]) == "north.tif and 2 more files"


def test_a_tip_shows_names_as_they_are(qtbot: QtBot) -> None:
    assert plain_tip("1 < 2\nrun") == "1 < 2\nrun"
    name = "a <b>run</b> & more\nstopped"
    for tip in (plain_tip(name), ElidedLabel(name, "name").toolTip(), ElidedLabel("x", "name", name).toolTip()):
        assert QTextDocumentFragment.fromHtml(tip).toPlainText().replace("\N{LINE SEPARATOR}", "\n") == name


def test_percent_and_capitals() -> None:
    assert plain(percent(0.1234)) == "12.3 %"
    assert percent(None) == "–"
    assert capitalised("eIGHT") == "EIGHT"


def test_an_error_becomes_a_sentence() -> None:
    assert as_sentence("the model is old") == "The model is old."
    assert as_sentence("Choose another file.") == "Choose another file."
    assert as_sentence("") == ""


def test_a_name_at_the_beginning_of_a_sentence_keeps_its_letters() -> None:
    assert as_sentence(ValueError(N_("{path} is no image", path="dubai.tif"))) == "dubai.tif is no image."
