"""What an edit changed: the old and the new values of the pixels that differ, tile by tile."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.pyramid import TILE, Tile
from landseg_core.messages import N_, Text

_HEADER = struct.Struct("<B2I4HI")
"""Format, row and column of the tile, the box (x, y, width, height), count of changed pixels."""

_FORMAT = 1
_MOST_BYTES = _HEADER.size + TILE * TILE // 8 + 2 * TILE * TILE

Values = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class TilePatch:
    """The changed pixels of one tile of level 0.

    `box` is in px of the tile, `mask` (h, w) bool says which of its pixels changed, `old` and `new` hold their (n,)
    uint8 values row by row.
    """

    key: TileKey
    box: PixelWindow
    mask: npt.NDArray[np.bool_]
    old: Values
    new: Values

    @classmethod
    def between(cls, key: TileKey, old: Tile, new: Tile, box: PixelWindow) -> TilePatch | None:
        """Return the difference of two states of a tile within `box`, or None where they are the same."""
        before, after = old[box.slices()], new[box.slices()]
        mask = before != after
        if not mask.any():
            return None
        return cls(key, box, mask, before[mask], after[mask])

    @property
    def window(self) -> PixelWindow:
        """Return the box in px of the raster."""
        return self.box.shifted(self.key.column * TILE, self.key.row * TILE)

    def inverted(self) -> TilePatch:
        """Return the patch that undoes this one."""
        return replace(self, old=self.new, new=self.old)

    def encode(self) -> bytes:
        """Return the patch as compressed bytes."""
        box, key = self.box, self.key
        header = _HEADER.pack(_FORMAT, key.row, key.column, box.x, box.y, box.width, box.height, self.old.size)
        parts = (header, np.packbits(self.mask).tobytes(), self.old.tobytes(), self.new.tobytes())
        return zlib.compress(b"".join(parts), 1)

    @staticmethod
    def decode(data: bytes) -> TilePatch:
        """Return the patch that `encode` turned into `data`.

        Raises:
            ProjectError: the bytes are damaged.
        """
        content = _decompressed(data)
        if len(content) < _HEADER.size:
            _damaged(N_("it ends too early"))
        kind, row, column, x, y, width, height, count = _HEADER.unpack_from(content)
        if kind != _FORMAT:
            _damaged(N_("its format {format} is unknown", format=kind))
        if not (width and height and x + width <= TILE and y + height <= TILE):
            _damaged(N_("its box is outside its tile"))
        packed = -(-width * height // 8)
        if len(content) != _HEADER.size + packed + 2 * count:
            _damaged(N_("its length is wrong"))
        body = np.frombuffer(content, np.uint8, offset=_HEADER.size)
        mask = np.unpackbits(body[:packed], count=width * height).astype(bool).reshape(height, width)
        if np.count_nonzero(mask) != count:
            _damaged(N_("its pixels do not match their count"))
        old, new = body[packed : packed + count], body[packed + count :]
        return TilePatch(TileKey(0, row, column), PixelWindow(x, y, width, height), mask, old, new)


def _decompressed(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, _MOST_BYTES + 1)
    except zlib.error as error:
        raise _problem(N_("it cannot be decompressed")) from error
    if not stream.eof or stream.unused_data or len(content) > _MOST_BYTES:
        _damaged(N_("its length is wrong"))
    return content


def _damaged(damage: Text) -> NoReturn:
    raise _problem(damage)


def _problem(damage: Text) -> ProjectError:
    return ProjectError(N_("a step of the history is damaged: {damage}; it cannot be undone or redone", damage=damage))


@dataclass(frozen=True, eq=False)
class LabelDelta:
    """What one edit changed in the labels of an image: at most one patch per tile."""

    patches: tuple[TilePatch, ...]

    def inverted(self) -> LabelDelta:
        """Return the delta that undoes this one."""
        return LabelDelta(tuple(patch.inverted() for patch in self.patches))

    def counts(self) -> npt.NDArray[np.int64]:
        """Return for each of the 256 values how many more pixels have it afterwards (255: how many are unlabelled)."""
        change = np.zeros(256, np.int64)
        for patch in self.patches:
            change += np.bincount(patch.new, minlength=256)
            change -= np.bincount(patch.old, minlength=256)
        return change
