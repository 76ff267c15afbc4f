"""What a raster shows, whatever file it is in: by which an image is known again, or seen to be another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

_SAMPLES, _SIDE = 4, 32
_WHOLE_PIXELS = 4_000_000
_STRIP_ROWS = 256
_TEXT = re.compile(r"(\d+) (\w+) ([0-9a-f]+)")


@dataclass(frozen=True)
class RasterContent:
    """The pixels of a raster: how many `bands`, of which `dtype`, and a hash of their values.

    A raster of up to 4 Mpx is read whole; of a larger one 16 samples of 32 px, so that the largest takes no longer than
    it takes to notice. A copy in another format without loss has the same content; its place is no part of it.
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
        """Return what `to_text` has written, or None where the text is none of its."""
        found = _TEXT.fullmatch(text)
        return cls(int(found[1]), found[2], found[3]) if found else None

    def to_text(self) -> str:
        """Return it as one line, such as `3 uint8 00f1...`."""
        return f"{self.bands} {self.dtype} {self.digest}"

    @property
    def kind(self) -> str:
        """Return in words what the bands are, such as `3 bands of uint8`."""
        return f"{self.bands} band{'' if self.bands == 1 else 's'} of {self.dtype}"


def _windows(whole: PixelWindow) -> Iterator[PixelWindow]:
    return _strips(whole) if whole.pixels <= _WHOLE_PIXELS else sample_windows(whole)


def _strips(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield strips that cover all, whatever blocks the file has: another file of the same pixels has others."""
    for y in range(0, whole.height, _STRIP_ROWS):
        yield PixelWindow(0, y, whole.width, min(_STRIP_ROWS, whole.height - y))


def sample_windows(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield small windows spread evenly, from top to bottom: a format that is read in rows is read once."""
    width, height = min(_SIDE, whole.width), min(_SIDE, whole.height)
    for row in range(_SAMPLES):
        y = (whole.height - height) * (2 * row + 1) // (2 * _SAMPLES)
        for column in range(_SAMPLES):
            x = (whole.width - width) * (2 * column + 1) // (2 * _SAMPLES)
            yield PixelWindow(x, y, width, height)
