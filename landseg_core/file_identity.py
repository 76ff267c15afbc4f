"""Detects that the file at a path is not the one that was there before."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class FileIdentity:
    """What identifies a file to the system: two are equal where nothing was replaced or rewritten in between.

    Attributes:
        device: the file system that it is on.
        inode: its number there; a file that was renamed over another has a new one.
        size: bytes.
        modified_ns: time of the last change to its content, in ns.
    """

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str | Path) -> Self | None:
        """Return the identity of the file at `path`; None where there is none, or it cannot be accessed."""
        try:
            return cls.from_stat(os.stat(path))  # noqa: PTH116 - takes str as well
        except OSError:
            return None

    @classmethod
    def from_stat(cls, stat: os.stat_result) -> Self:
        """Return the identity that the result of `stat` or `fstat` shows."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def is_same_file(self, other: FileIdentity | None) -> bool:
        """Return whether both are one file, whatever was written to it in between; another at the same path is not."""
        return other is not None and (self.device, self.inode) == (other.device, other.inode)


class HeldFiles:
    """The files that this process has open as databases, by device and inode.

    No other library may open them here: closing such a file would end SQLite's locks on it, and GDAL, with an SQLite
    of its own, even removes the write-ahead log (https://sqlite.org/howtocorrupt.html, 2.2).
    """

    def __init__(self) -> None:
        self._held: Counter[tuple[int, int]] = Counter()

    def add(self, file: FileIdentity) -> None:
        """Keep other libraries from opening a file, until it is removed as often as it was added."""
        self._held[file.device, file.inode] += 1

    def remove(self, file: FileIdentity) -> None:
        """Allow other libraries to open a file again."""
        self._held[file.device, file.inode] -= 1

    def __contains__(self, path: Path) -> bool:
        file = FileIdentity.of(path)
        return file is not None and self._held[file.device, file.inode] > 0


HELD_FILES = HeldFiles()
"""Those of this process."""
