"""Names the files of a map, and finds those that belong together."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MASK_NAME = re.compile(r"(?P<stem>.+)_mask(?P<number>_\d+)?", re.DOTALL)


@dataclass(frozen=True)
class MapFiles:
    """The files of one map, in `folder`.

    `before` and `after` surround the word for the content of a file in its name: `brig` and `_2` make `brig_mask_2.tif`
    and `brig_confidence_2.tif`.
    """

    folder: Path
    before: str
    after: str = ""
    word: str = "_mask"

    @classmethod
    def numbered(cls, folder: Path, stem: str, number: int = 1) -> Self:
        """Return the files of the map number `number` of the image called `stem`; the first has no number."""
        return cls(folder, stem, f"_{number}" if number > 1 else "")

    @classmethod
    def of_mask(cls, mask: Path) -> Self:
        """Return the files of the map whose classes are in `mask`, whatever its name is."""
        named = _MASK_NAME.fullmatch(mask.stem)
        if named is None:
            return cls(mask.parent, mask.stem, word="")
        return cls(mask.parent, named["stem"], named["number"] or "")

    @property
    def mask(self) -> Path:
        """Return the GeoTIFF of classes."""
        return self._file(self.word, ".tif")

    @property
    def confidence(self) -> Path:
        """Return the GeoTIFF of confidences in %."""
        return self._file("_confidence", ".tif")

    @property
    def png(self) -> Path:
        """Return the PNG image of the classes."""
        return self._file(self.word, ".png")

    @property
    def world_file(self) -> Path:
        """Return the world file of the PNG image."""
        return self._file(self.word, ".pgw")

    @property
    def all(self) -> tuple[Path, ...]:
        """Return all of them."""
        return self.mask, self.confidence, self.png, self.world_file

    def _file(self, word: str, suffix: str) -> Path:
        return self.folder / f"{self.before}{word}{self.after}{suffix}"


def proposed_files(folder: Path, stem: str, is_same_map: Callable[[Path], bool]) -> MapFiles:
    """Return the files to propose for a map of the image called `stem`.

    They are those of an existing map where `is_same_map(mask)` says that it is of the same run and part, and is to be
    replaced; otherwise those of the first number without any file.
    """
    taken = sorted(_numbers(folder, stem))
    for number in taken:
        files = MapFiles.numbered(folder, stem, number)
        if files.mask.exists() and is_same_map(files.mask):
            return files
    return MapFiles.numbered(folder, stem, next(number for number in itertools.count(1) if number not in taken))


def _numbers(folder: Path, stem: str) -> set[int]:
    """Return the numbers of all maps of the image `stem` that have a file in `folder`."""
    try:
        names = [name for name in os.listdir(folder) if name.startswith(stem)]  # noqa: PTH208 - thousands of files
    except OSError:  # the folder does not exist yet
        return set()
    pattern = re.compile(rf"{re.escape(stem)}(_mask|_confidence)(?:_(?P<number>\d+))?\.(tif|png|pgw)", re.IGNORECASE)
    found = filter(None, map(pattern.fullmatch, names))
    return {int(match["number"] or 1) for match in found}
