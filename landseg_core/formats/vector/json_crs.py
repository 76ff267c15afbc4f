"""Finds a CRS in a GeoJSON that is an address instead of a name: GDAL fetches it while it opens the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 16 * 2**20
_BINARY_MARKS = (b"SQLite format 3\0", b"fgb\x03fgb", b"\0\0\x27\x0a")  # GeoPackage, FlatGeobuf, Shapefile
_LONGEST = 64 * 2**10  # of a CRS, in bytes
# GDAL's parser minds neither case nor the kind of quotes, and takes comments.
_CRS = re.compile(rb"""["']crs["'][^{}\[\]"']{0,1000}\{""")
_ADDRESS = re.compile(rb"""["']\s*(?:url|link)\s*["']""")
_TYPE_IS_ADDRESS = re.compile(rb"""["']type["']\s*:\s*""" + _ADDRESS.pattern)
_ESCAPED_LETTER = re.compile(rb"\\u00([46][1-9a-f]|[57][0-9a])")


def linked_crs(path: Path) -> bool:
    """Tell whether one of the `crs` members of a JSON file, whatever its suffix, is a `url` or a `link`.

    Raises:
        OSError: the file cannot be read.
    """
    if _is_binary(path):
        return False
    return any(_is_link(text, match.end() - 1) for text in _texts(path) for match in _CRS.finditer(text))


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16).startswith(_BINARY_MARKS)


def _texts(path: Path) -> Iterator[bytes]:
    """Yield the file in pieces that overlap, in small letters and with letters instead of their escapes."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            whole = before + piece
            yield _ESCAPED_LETTER.sub(lambda match: bytes([int(match[1], 16)]), whole.lower()).lower()
            before = whole[-_LONGEST:]


def _is_link(text: bytes, start: int) -> bool:
    """Tell whether the object at `start` is a CRS by its address; what cannot be parsed counts where it looks so."""
    part = text[start : start + _LONGEST]
    try:
        end = json.JSONDecoder().raw_decode(part.decode("latin-1"))[1]
    except (ValueError, RecursionError):
        return _ADDRESS.search(part) is not None
    return _TYPE_IS_ADDRESS.search(part, 0, end) is not None
