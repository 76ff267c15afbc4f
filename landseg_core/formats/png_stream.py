"""Writes a PNG row by row, at any size (PNG specification, third edition, W3C 2025)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

LONGEST_SIDE = 2**31 - 1
"""The longest side, in px, that the format allows."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BATCH_BYTES = 4 * 2**20
_BIT_DEPTH = 8
_NO_FILTER, _UP_FILTER = 0, 2


@dataclass(frozen=True)
class PixelKind:
    """A kind of pixel: the format's number for it, its bytes, the row filter that suits it, and zlib's level."""

    colour_type: int
    samples: int
    row_filter: int
    effort: int


GREY = PixelKind(0, 1, _NO_FILTER, 6)
PALETTE = PixelKind(3, 1, _NO_FILTER, 6)
RGBA = PixelKind(6, 4, _UP_FILTER, 1)  # a higher level doubles the time and saves 2 %


class PngStream:
    """Encodes an image into `file` row by row, with memory for some rows only.

    Own code: the other available encoders need the whole image at once, or (GDAL's) can neither report progress nor be
    stopped.
    """

    def __init__(self, file: BinaryIO, width: int, height: int, kind: PixelKind) -> None:
        """Write the header of an image of `width` x `height` px, each at most `LONGEST_SIDE`."""
        self._file, self._kind = file, kind
        self._previous = np.zeros(width * kind.samples, np.uint8)
        self._deflate = zlib.compressobj(kind.effort)
        file.write(_SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, _BIT_DEPTH, kind.colour_type, 0, 0, 0))

    def palette(self, colours: npt.NDArray[np.uint8]) -> None:
        """Write the (256, 4) RGBA colours of an image of kind PALETTE, before its rows."""
        self._chunk(b"PLTE", colours[:, :3].tobytes())
        self._chunk(b"tRNS", colours[:, 3].tobytes())

    def transparent_grey(self, value: int) -> None:
        """Make `value` transparent in an image of kind GREY, before its rows."""
        self._chunk(b"tRNS", struct.pack(">H", value))

    def text(self, keyword: str, text: str) -> None:
        """Write an ASCII text under a keyword, before the rows.

        GDAL reads it as a tag of the raster, like those of a GeoTIFF.
        """
        self._chunk(b"tEXt", keyword.encode("ascii") + b"\0" + text.encode("ascii"))

    def write(self, rows: npt.NDArray[np.uint8]) -> None:
        """Write (H, W) or (H, W, samples) further rows."""
        lines = rows.reshape(len(rows), -1)
        batch = max(1, _BATCH_BYTES // lines.shape[1])
        for start in range(0, len(lines), batch):
            self._data(self._deflate.compress(self._filtered(lines[start : start + batch]).data))

    def finish(self) -> None:
        """Write the end, after the last row."""
        self._data(self._deflate.flush())
        self._chunk(b"IEND", b"")

    def _filtered(self, lines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the lines with the filter's number before each; filter 2 stores the difference to the line above."""
        filtered = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
        filtered[:, 0] = self._kind.row_filter
        filtered[:, 1:] = lines
        if self._kind.row_filter == _UP_FILTER:
            filtered[0, 1:] -= self._previous
            filtered[1:, 1:] -= lines[:-1]
            self._previous = lines[-1].copy()
        return filtered

    def _data(self, compressed: bytes) -> None:
        if compressed:
            self._chunk(b"IDAT", compressed)

    def _chunk(self, name: bytes, content: bytes) -> None:
        self._file.write(struct.pack(">I", len(content)) + name)
        self._file.write(content)
        self._file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))
