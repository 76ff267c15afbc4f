"""What is at a path that somebody gives as input: only plain files are opened, for a pipe or a device may never end."""

from __future__ import annotations

import re
import stat
from pathlib import Path

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
