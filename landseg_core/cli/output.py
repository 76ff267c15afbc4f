"""Prints text that may hold names from files to the terminal: line by line, without control characters."""

from __future__ import annotations

import typer

from landseg_core.errors import LandsegError
from landseg_core.limits import LargeWorkError
from landseg_core.plain_text import plain_text


def say(*lines: str, err: bool = False) -> None:
    """Print `lines` to stdout, or to stderr."""
    for line in lines:
        typer.echo(plain_text(line), err=err)


def sentence_of(error: LandsegError) -> str:
    """Return what `error` says, in the words of the command line."""
    return error.advising("--large") if isinstance(error, LargeWorkError) else str(error)
