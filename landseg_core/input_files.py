"""Reads input files: regular ones only, since a pipe or a device may never end, in any encoding.

Their content is not trusted: `parsed_json` is for text of which every part may be wrong.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from pathlib import Path
from typing import Any, BinaryIO

import pydantic_core

from landseg_core.messages import N_, Text

AnyPath = str | Path
"""What a public function takes for a file or a folder."""

_VSI = r"/vsi(?!(?:zip|tar|gzip|7z|rar)/)\w"
_ADDRESS = re.compile(rf"[a-z][a-z0-9+.-]+://|{_VSI}", re.IGNORECASE)
_ADDRESS_AS_PATH = re.compile(rf"[a-z][a-z0-9+.-]+:/|{_VSI}", re.IGNORECASE)  # `Path` makes one slash of two
_KINDS = (
    (stat.S_ISFIFO, N_("a pipe")),
    (stat.S_ISSOCK, N_("a socket")),
    (stat.S_ISCHR, N_("a device")),
    (stat.S_ISBLK, N_("a device")),
)


def is_address(name: str) -> bool:
    """Return whether GDAL would need the network for a name, or would read no file: `https://`, `/vsis3/`.

    Archives on this computer (`/vsizip/` and the like) are no addresses, unless one is nested around an address.
    """
    return _ADDRESS.search(name) is not None


def begins_as_address(path: Path) -> bool:
    """Return whether a path was meant as an address, from which `Path` has removed one slash."""
    return _ADDRESS_AS_PATH.match(str(path)) is not None


def missing_message(path: Path) -> Text:
    """Return the sentence for a path where there is no file."""
    if _ADDRESS_AS_PATH.search(str(path)):
        return N_("{path} is an address, and landseg only reads files on this computer; download it first", path=path)
    return N_("{path} does not exist; check the name", path=path)


def special_kind(mode: int) -> Text | None:
    """Return what a file of that `st_mode` is, "a pipe" for example; None for regular files and folders."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), None)


def special_file_message(path: Path) -> Text | None:
    """Return the sentence for a path that is neither a file nor a folder; None for those, and where nothing is.

    Links are followed.

    Raises:
        OSError: the path cannot be accessed; never because nothing is there.
    """
    try:
        kind = special_kind(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if kind is None:
        return None
    return N_("{path} is {kind} and not a file; copy its content to a file first", path=path, kind=kind)


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: it cannot be opened, or is a pipe, a device or a socket, as its `strerror` says.
    """
    # Opened so, a pipe does not wait for somebody to write to it; for regular files that changes nothing.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = special_kind(os.fstat(descriptor).st_mode)
    if kind is not None:
        os.close(descriptor)
        raise OSError(errno.EINVAL, N_("it is {kind} and not a file", kind=kind), str(path))
    return os.fdopen(descriptor, "rb")


def read_file(path: Path) -> bytes:
    """Return the content of a regular file; errors as for `open_file`."""
    with open_file(path) as file:
        return file.read()


_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def present_path(path: Path, former_name: str) -> Path:
    """Return `path`, or the file next to it that an older version called `former_name` where there is only that."""
    former = path.with_name(former_name)
    try:
        return former if former.exists() and not path.exists() else path
    except OSError:  # a folder that cannot be searched; whoever reads the file says so
        return path


def decoded(data: bytes) -> str:
    """Return the text of a file: as its byte order mark says, else UTF-8, else western European Windows (cp1252).

    Bytes that fit none of them are replaced, so that no text makes a file unreadable.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def parsed_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON. That includes what `json.loads` accepts or fails on differently: endless nesting,
            broken UTF-8, and halves of characters, which nothing could print or store.
    """
    return pydantic_core.from_json(text.encode(errors="surrogatepass") if isinstance(text, str) else text)
