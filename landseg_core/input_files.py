"""Reads files that somebody gives as input: plain ones only, for a pipe or a device may never end, in any encoding.

What they say is nobody's word: `parsed_json` and `first_problem` are for text of which every part may be wrong.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pydantic
import pydantic_core

from landseg_core.plain_text import plain_text

AnyPath = str | Path
"""What a public function takes for a file or a folder."""

_VSI = r"/vsi(?!(?:zip|tar|gzip|7z|rar)/)\w"
_ADDRESS = re.compile(rf"[a-z][a-z0-9+.-]+://|{_VSI}", re.IGNORECASE)
_ADDRESS_AS_PATH = re.compile(rf"[a-z][a-z0-9+.-]+:/|{_VSI}", re.IGNORECASE)  # `Path` makes one slash of two
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def is_address(name: str) -> bool:
    """Tell whether a name points to where GDAL would need the network, or reads no file: `https://`, `/vsis3/`.

    Archives of this computer (`/vsizip/` and the like) are none, unless one is nested around an address.
    """
    return _ADDRESS.search(name) is not None


def begins_as_address(path: Path) -> bool:
    """Tell whether somebody who gave this path meant an address, of which `Path` has taken one slash."""
    return _ADDRESS_AS_PATH.match(str(path)) is not None


def missing_reason(path: Path) -> str:
    """Return the end of the sentence for a path where there is no file."""
    if _ADDRESS_AS_PATH.search(str(path)):
        return "is an address, and landseg reads files of this computer only; download it first"
    return "does not exist; check the name"


def special_kind(mode: int) -> str | None:
    """Return what a file of that `st_mode` is, "a pipe" for example; None for plain files and folders."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), None)


def special_reason(path: Path) -> str | None:
    """Return the end of the sentence for a path that is neither file nor folder; None for those, or for nothing.

    Links are followed.

    Raises:
        OSError: it cannot be looked at; never for what is not there.
    """
    try:
        kind = special_kind(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if kind is None else f"is {kind} and not a file; copy what it gives to a file first"


def open_file(path: Path) -> BinaryIO:
    """Open a plain file for reading.

    Raises:
        OSError: it cannot be opened, or is a pipe, a device or a socket: its `strerror` says so.
    """
    # A pipe would wait for somebody to write to it, unless it is opened so; for plain files that changes nothing.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = special_kind(os.fstat(descriptor).st_mode)
    if kind is not None:
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it is {kind} and not a file", str(path))
    return os.fdopen(descriptor, "rb")


def read_file(path: Path) -> bytes:
    """Return all of a plain file; errors as for `open_file`."""
    with open_file(path) as file:
        return file.read()


_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def present_path(path: Path, former_name: str) -> Path:
    """Return `path`, or the file beside it that an older version called `former_name` where there is only that."""
    former = path.with_name(former_name)
    try:
        return former if former.exists() and not path.exists() else path
    except OSError:  # a folder that cannot be searched; whoever reads the file says so
        return path


def decoded(data: bytes) -> str:
    """Return the text of a file: as its mark says, else as UTF-8, else as Windows wrote it in western Europe (cp1252).

    What is none of them is replaced, so that no text makes a file unreadable.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def parsed_json(text: str | bytes) -> Any:
    """Return what a text of JSON holds.

    Raises:
        ValueError: it is no JSON. That is so, too, where `json.loads` fails otherwise, or does not fail: at endless
            nesting, broken UTF-8, and halves of characters, which nothing could print or store.
    """
    return pydantic_core.from_json(text.encode(errors="surrogatepass") if isinstance(text, str) else text)


_MOST_SHOWN = 160


def first_problem(error: pydantic.ValidationError, wording: Mapping[str, str] | None = None) -> str:
    """Return the first thing that is wrong, for a sentence in one line: its place and what pydantic says of it.

    `wording` has plainer words, which follow the place without a colon, for some of pydantic's kinds of error.
    """
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    plainer = (wording or {}).get(problem["type"])
    message = plainer or problem["msg"].removeprefix("Value error, ")
    text = f"{place}{' ' if plainer else ': '}{message}" if place else message
    return plain_text(text)[:_MOST_SHOWN]
