"""Checks from its directories whether a TIFF's image data are complete (TIFF 6.0, section 2; BigTIFF)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_OFFSETS = (273, 324)  # of strips, of tiles
_BYTE_COUNTS = (279, 325)
_INTEGER_TYPES = {3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}


class _Truncated(Exception):  # noqa: N818 - an answer, not a failure
    pass


@dataclass(frozen=True)
class _Layout:
    """The sizes (bytes) in which classic TIFF and BigTIFF differ, and the byte order `<` or `>`."""

    order: str
    first: int  # position of the first directory's offset
    count: int  # of a directory's entry count
    word: int  # of an offset, and of an entry's value count


_CLASSIC = {"first": 4, "count": 2, "word": 4}
_BIG = {"first": 8, "count": 8, "word": 8}


def tiff_is_complete(file: BinaryIO, size: int) -> bool:
    """Return whether all directories and blocks of a TIFF are within its `size` bytes."""
    try:
        return _TiffReader(file, size).end() <= size
    except _Truncated:
        return False


def block_offsets(file: BinaryIO, size: int) -> npt.NDArray[np.uint64]:
    """Return the offsets of the first directory's blocks in a TIFF of `size` bytes, row by row: 0 for an empty block.

    Raises:
        ValueError: the file is truncated.
    """
    try:
        return _TiffReader(file, size).first_offsets()
    except _Truncated as error:
        raise ValueError("the file is truncated") from error


class _TiffReader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        file.seek(0)
        mark = file.read(4)
        sizes = _BIG if b"+" in mark else _CLASSIC
        self._file = file
        self._size = size
        self._layout = _Layout("<" if mark.startswith(b"II") else ">", **sizes)

    def end(self) -> int:
        """Return the position after the last block of any directory."""
        layout = self._layout
        offset, end = self._integer(layout.first, layout.word), 0
        seen: set[int] = set()
        while offset and offset not in seen:
            seen.add(offset)
            offset, directory_end = self._directory(offset)
            end = max(end, directory_end)
        return end

    def first_offsets(self) -> npt.NDArray[np.uint64]:
        """Return the offsets of the blocks of the first directory."""
        tags, _ = self._tags(self._integer(self._layout.first, self._layout.word))
        return self._array(tags, _OFFSETS)

    def _directory(self, offset: int) -> tuple[int, int]:
        """Return the offset of the next directory, and the end of this one's blocks."""
        tags, end = self._tags(offset)
        offsets, sizes = self._array(tags, _OFFSETS), self._array(tags, _BYTE_COUNTS)
        return self._integer(end, self._layout.word), _blocks_end(offsets, sizes)

    def _tags(self, offset: int) -> tuple[dict[int, int], int]:
        """Return the positions of a directory's entries by their tags, and the end of the entries."""
        layout = self._layout
        entry_size = 4 + 2 * layout.word
        count = self._integer(offset, layout.count)
        table = offset + layout.count
        entries = self._bytes(table, count * entry_size)
        tags = {
            self._number(entries[start : start + 2]): (start + table) for start in range(0, len(entries), entry_size)
        }
        return tags, table + len(entries)

    def _array(self, tags: dict[int, int], names: tuple[int, ...]) -> npt.NDArray[np.uint64]:
        """Return the integers of the first of the `names` among `tags`, which map to the positions of entries."""
        entry = next((tags[name] for name in names if name in tags), None)
        if entry is None:
            return np.zeros(0, np.uint64)
        word = self._layout.word
        kind = _INTEGER_TYPES.get(self._integer(entry + 2, 2), "u4")
        dtype = np.dtype(self._layout.order + kind)
        length = self._integer(entry + 4, word) * dtype.itemsize
        position = entry + 4 + word
        # What fits is stored in the entry itself.
        start = position if length <= word else self._integer(position, word)
        return np.frombuffer(self._bytes(start, length), dtype).astype(np.uint64)

    def _integer(self, position: int, size: int) -> int:
        return self._number(self._bytes(position, size))

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self._layout.order == "<" else "big")

    def _bytes(self, position: int, size: int) -> bytes:
        if position + size > self._size:
            raise _Truncated
        self._file.seek(position)
        return self._file.read(size)


def _blocks_end(offsets: npt.NDArray[np.uint64], sizes: npt.NDArray[np.uint64]) -> int:
    """Return the end of the last block; sparse files have blocks without data (offset 0), old ones no sizes."""
    if offsets.size == 0:
        return 0
    ends = offsets + sizes if sizes.size == offsets.size else offsets
    return int(ends[offsets > 0].max(initial=0))
