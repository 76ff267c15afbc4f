"""The texts of the window: in the user's language, with numbers, units and times as that writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from landseg_core import progress
from landseg_core.messages import Text
from landseg_core.project.images import ImageEntry

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_CONTEXT = "landseg"
_FIRST_VALUE = re.compile(r"\{(\w+)")
_SENTENCE_ENDS = (".", "!", "?", "…")


def tr(template: str, /, *, n: int | None = None, one: str = "", **values: Any) -> str:
    """Return a text of the window in the user's language: `tr("Delete %n runs", n=3, one="Delete Run")`.

    `template` is a literal, never an f-string; `values` stand in it as `{name}`, and `n`, the number that decides on
    singular or plural, as `%n`.
    """
    return translated(Text(template, values, n, one))


def translated(text: str) -> str:
    """Return a text that was marked with `N_`, here or in the core, in the user's language; other strings unchanged."""
    return text.in_language(_translate) if isinstance(text, Text) else text


def _translate(template: str, number: int | None) -> str:
    if number is None:
        return QCoreApplication.translate(_CONTEXT, template)
    return QCoreApplication.translate(_CONTEXT, template, None, number)


def capitalised(text: str) -> str:
    """Write the first letter large and leave the others, which may be those of a file's name."""
    return text[:1].upper() + text[1:]


def as_sentence(text: object) -> str:
    """Return an error's text, which begins small and ends open, as a sentence of its own.

    A name at its beginning keeps its letters, and what is a sentence already stays as it is.
    """
    sentence = translated(str(text))
    if not sentence or sentence.endswith(_SENTENCE_ENDS):
        return sentence
    return f"{sentence if _starts_with_name(str(text)) else capitalised(sentence)}."


def _starts_with_name(text: object) -> bool:
    """Return whether a text begins with a value that is no text of ours, such as the name of a file."""
    if not isinstance(text, Text):
        return False
    first = _FIRST_VALUE.match(text.template)
    if first is None:
        return False
    value = text.values[first.group(1)]
    return _starts_with_name(value) if isinstance(value, Text) else True


def images_text(images: Sequence[ImageEntry]) -> str:
    """Name an image, or say how many there are."""
    return images[0].name if len(images) == 1 else tr("%n images", n=len(images))


def files_text(files: Sequence[Path]) -> str:
    """Name a file or two, or the first and how many more there are."""
    first, *others = files
    if not others:
        return first.name
    if len(others) == 1:
        return tr("{first} and {second}", first=first.name, second=others[0].name)
    return tr("{first} and %n more files", n=len(others), first=first.name)


def thousands(number: int) -> str:
    """Write a whole number as the user's language does, with its thousands apart."""
    fits = -(2**63) <= number < 2**63
    return _locale().toString(number) if fits else _locale().toString(float(number), "g", 3)


def decimal(number: float, decimals: int) -> str:
    """Write a number with a fixed number of decimals."""
    return _locale().toString(float(number), "f", decimals)


def three_digits(number: float) -> str:
    """Write a number of at least 0.0001 with three digits, without zeros at its end, or in whole."""
    if number >= 999.5:
        return thousands(round(number))
    return decimal(number, len(f"{number:.3g}".partition(".")[2]))


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction 0-1 as a percentage; a dash where there is none."""
    return "–" if fraction is None else f"{decimal(100 * fraction, decimals)}{NO_BREAK_SPACE}%"


def interval(ends: tuple[float, float]) -> str:
    """Write an interval of fractions 0-1 in percent."""
    return f"{decimal(100 * ends[0], 1)}–{percent(ends[1])}"


def pixels(count: int) -> str:
    """Write a number of pixels, in millions from one million on."""
    if count < 1_000_000:
        return f"{thousands(count)}{NO_BREAK_SPACE}px"
    return f"{three_digits(count / 1e6)}{NO_BREAK_SPACE}Mpx"


_SQUARE_UNITS = ((1e6, "km²"), (1e4, "ha"), (1.0, "m²"))


def area(square_metres: float) -> str:
    """Write an area in the largest unit of which it has one at least: m², ha or km²."""
    size, unit = next((pair for pair in _SQUARE_UNITS if square_metres >= pair[0]), _SQUARE_UNITS[-1])
    return f"{three_digits(square_metres / size)}{NO_BREAK_SPACE}{unit}"


def coordinate(value: float, *, degrees: bool) -> str:
    """Write a coordinate: to about a decimetre in degrees, to a centimetre in metres."""
    return decimal(value, 6 if degrees else 2)


def file_size(size: int) -> str:
    """Write the size of a file, given in bytes, in kB, MB or GB of 1000 each."""
    text = _locale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
    return text.replace(" ", NO_BREAK_SPACE)


def duration(seconds: float) -> str:
    """Write a duration: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    return translated(progress.duration(seconds))


def rough_duration(seconds: float) -> str:
    """Write a duration that is known only roughly: `20 s`, `2 min`, `1.5 h`."""
    if seconds < 90:
        return tr("{seconds} s", seconds=max(1, two_digits(seconds)))
    if seconds < 90 * 60:
        return tr("{minutes} min", minutes=two_digits(seconds / 60))
    return tr("{hours} h", hours=three_digits(two_digits(seconds / 360) / 10))


def two_digits(number: float) -> int:
    """Return a whole number of at most two digits that are not 0."""
    if number < 20:
        return round(number)
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return round(round(number / step) * step)


def time_left(seconds: float | None) -> str:
    """Write how long a job still takes, or nothing before that is known."""
    return translated(progress.time_left(seconds))


def clock_time(moment: datetime) -> str:
    """Write a time of day: `14:05`."""
    return _locale().toString(_qt_time(moment), "HH:mm")


def day(moment: datetime, *, year: bool = False) -> str:
    """Write a day: `30 Nov`, or `30 Nov 2026`."""
    return _locale().toString(_qt_time(moment), "d MMM yyyy" if year else "d MMM")


def _qt_time(moment: datetime) -> QDateTime:
    return QDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def _locale() -> QLocale:
    """Return the user's locale, which sets thousands apart, as that of a program without language does not."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return locale
