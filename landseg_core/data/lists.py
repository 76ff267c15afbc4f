"""List files: one name per line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from landseg_core.errors import DatasetError
from landseg_core.input_files import AnyPath, decoded, read_file
from landseg_core.messages import N_

EXTENSIONS = frozenset({".bmp", ".img", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".vrt", ".webp"})
"""Files that count as images or masks (in lower case); side files such as `.aux.xml` or `.tfw` do not."""


def read_list(path: AnyPath) -> tuple[str, ...]:
    """Return the stems that a list file names, one per line; folders, image extensions and blank lines drop out.

    Raises:
        DatasetError: the file cannot be read, is no text, names nothing or names a stem twice.
    """
    path = Path(path)
    names = tuple(_stem(line) for line in _read_text(path).splitlines() if line.strip())
    if not names:
        raise DatasetError(N_("{path} is an empty list; write one name per line", path=path))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DatasetError(
            N_("{path} names {twice} more than once; keep one line for each", path=path, twice=shortened(twice))
        )
    return names


def _read_text(path: Path) -> str:
    try:
        text = decoded(read_file(path))
    except FileNotFoundError as error:
        raise DatasetError(N_("the list {path} does not exist; check its name", path=path)) from error
    except OSError as error:
        raise DatasetError(
            N_("the list {path} cannot be read: {strerror}; check what it is", path=path, strerror=error.strerror)
        ) from error
    if "\0" in text:
        raise DatasetError(N_("the list {path} is no text; write one name per line", path=path))
    return text


def _stem(line: str) -> str:
    name = re.split(r"[/\\]", line.strip())[-1]
    stem, dot, extension = name.rpartition(".")
    return stem if dot and f".{extension.lower()}" in EXTENSIONS else name


def shortened(names: Iterable[str], most: int = 5) -> str:
    """Return the first names for a sentence, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
