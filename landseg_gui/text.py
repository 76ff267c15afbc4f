"""The texts of the window: in the user's language, and how numbers are written for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication

from landseg_core.messages import Text
from landseg_core.project.images import ImageEntry

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_CONTEXT = "landseg"


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


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction 0-1 as a percentage; a dash where there is none."""
    return "–" if fraction is None else f"{100 * fraction:.{decimals}f}{NO_BREAK_SPACE}%"


def interval(ends: tuple[float, float]) -> str:
    """Write an interval of fractions 0-1 in percent."""
    return f"{100 * ends[0]:.1f}–{100 * ends[1]:.1f}{NO_BREAK_SPACE}%"


def capitalised(text: str) -> str:
    """Write the first letter large and leave the others, which may be those of a file's name."""
    return text[:1].upper() + text[1:]


def images_text(images: Sequence[ImageEntry]) -> str:
    """Name an image, or say how many there are."""
    return images[0].name if len(images) == 1 else f"{len(images)} images"


def files_text(files: Sequence[Path]) -> str:
    """Name a file or two, or the first and how many more there are."""
    first, *others = files
    if not others:
        return first.name
    return f"{first.name} and {others[0].name if len(others) == 1 else f'{len(others)} more files'}"


_SQUARE_UNITS = ((1e6, "km²"), (1e4, "ha"), (1.0, "m²"))


def thousands(number: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def pixels(count: int) -> str:
    """Write a number of pixels, in millions from one million on."""
    if count < 1_000_000:
        return f"{thousands(count)}{NO_BREAK_SPACE}px"
    return f"{_three_digits(count / 1e6)}{NO_BREAK_SPACE}Mpx"


def area(square_metres: float) -> str:
    """Write an area in the unit that gives a figure above one: m², ha or km²."""
    size, unit = next((pair for pair in _SQUARE_UNITS if square_metres >= pair[0]), _SQUARE_UNITS[-1])
    return f"{_three_digits(square_metres / size)}{NO_BREAK_SPACE}{unit}"


def _three_digits(figure: float) -> str:
    return f"{figure:.3g}" if figure < 999.5 else thousands(round(figure))
