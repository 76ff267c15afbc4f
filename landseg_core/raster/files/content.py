"""The content of a raster, independent of its file: it identifies an image that has moved or been replaced."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_, Text
from landseg_core.raster.source import RasterSource

_SAMPLES, _SIDE = 4, 32
_WHOLE_PIXELS = 4_000_000
_STRIP_ROWS = 256
_TEXT = re.compile(r"(\d+) (\w+) ([0-9a-f]+)")


@dataclass(frozen=True)
class RasterContent:
    """The pixels of a raster: how many `bands`, of which `dtype`, and a hash of their values.

    A raster of up to 4 Mpx is read completely, of a larger one 16 samples of 32 px, so that even the largest takes no
    noticeable time. A lossless copy in another format has the same content; its path does not count.
    """

    bands: int
    dtype: str
    digest: str

    @classmethod
    def of(cls, source: RasterSource) -> Self:
        """Read the content of `source`, alpha bands included.

        Raises:
            RasterError: the raster cannot be read.
        """
        bands = range(1, source.band_count + 1)
        digest = hashlib.blake2b(digest_size=12)
        for window in _windows(source.grid.window):
            digest.update(source.read(window, bands).tobytes())
        return cls(source.band_count, source.dtype.name, digest.hexdigest())

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Return the content that `to_text` has written as `text`, or None where it has not."""
        found = _TEXT.fullmatch(text)
        return cls(int(found[1]), found[2], found[3]) if found else None

    def to_text(self) -> str:
        """Return the content as one line, such as `3 uint8 00f1...`."""
        return f"{self.bands} {self.dtype} {self.digest}"

    @property
    def kind(self) -> Text:
        """Return number and type of the bands for a sentence, such as `3 bands of uint8`."""
        return N_("%n bands of {dtype}", n=self.bands, one="1 band of {dtype}", dtype=self.dtype)


def _windows(whole: PixelWindow) -> Iterator[PixelWindow]:
    return _strips(whole) if whole.pixels <= _WHOLE_PIXELS else sample_windows(whole)


def _strips(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield strips that cover all, independent of the blocks in the file: a copy may have others."""
    for y in range(0, whole.height, _STRIP_ROWS):
        yield PixelWindow(0, y, whole.width, min(_STRIP_ROWS, whole.height - y))


def sample_windows(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield small windows spread evenly, from top to bottom: a format that is read row by row is read once."""
    width, height = min(_SIDE, whole.width), min(_SIDE, whole.height)
    for row in range(_SAMPLES):
        y = (whole.height - height) * (2 * row + 1) // (2 * _SAMPLES)
        for column in range(_SAMPLES):
            x = (whole.width - width) * (2 * column + 1) // (2 * _SAMPLES)
            yield PixelWindow(x, y, width, height)
