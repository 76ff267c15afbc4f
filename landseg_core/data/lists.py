"""List files: one name per line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from landseg_core.errors import DatasetError
from landseg_core.input_files import AnyPath, decoded, read_file
from landseg_core.messages import N_, listed

EXTENSIONS = frozenset({".bmp", ".img", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".vrt", ".webp"})
"""Files that count as images or masks (in lower case); side files such as `.aux.xml` or `.tfw` do not."""


def read_list(path: AnyPath) -> tuple[str, ...]:
    """Return the stems that a list file names, one per line; folders, extensions and blank lines are left out.

    Raises:
        DatasetError: the file cannot be read, is not text, names nothing or names a stem twice.
    """
    path = Path(path)
    names = tuple(_stem(line) for line in _read_text(path).splitlines() if line.strip())
    if not names:
        raise DatasetError(N_("{path} is an empty list; write one name per line", path=path))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DatasetError(
            N_("{path} names {names} more than once; keep one line for each", path=path, names=shortened(twice))
        )
    return names


def _read_text(path: Path) -> str:
    try:
        text = decoded(read_file(path))
    except FileNotFoundError as error:
        raise DatasetError(N_("the list {path} does not exist; check its name", path=path)) from error
    except OSError as error:
        raise DatasetError(
            N_("the list {path} cannot be read: {reason}; check the file", path=path, reason=error.strerror)
        ) from error
    if "\0" in text:
        raise DatasetError(N_("the list {path} is not a text file; write one name per line", path=path))
    return text


def _stem(line: str) -> str:
    name = re.split(r"[/\\]", line.strip())[-1]
    stem, dot, extension = name.rpartition(".")
    return stem if dot and f".{extension.lower()}" in EXTENSIONS else name


def shortened(names: Iterable[str], most: int = 5) -> str:
    """Return the first names for a sentence, and how many more there are."""
    all_names = list(names)
    first = listed(all_names[:most])
    return N_("{names} and %n more", n=len(all_names) - most, names=first) if len(all_names) > most else first
