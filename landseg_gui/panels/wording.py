"""How figures are written for people."""

from __future__ import annotations

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction 0-1 as a percentage; a dash where there is none."""
    return "–" if fraction is None else f"{100 * fraction:.{decimals}f}{NO_BREAK_SPACE}%"


def capitalised(text: str) -> str:
    """Write the first letter large and leave the others, which may be those of a file's name."""
    return text[:1].upper() + text[1:]
