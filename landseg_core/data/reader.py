"""Reads labelled areas: native pixels and class indices, small areas from memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.reader import MaskSource, ValueMapping
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import NativeView, PixelView, pixel_view

CACHE_BYTES = 1 << 30
"""Memory for decoded areas by default."""

Pixels = npt.NDArray[Any]
Labels = npt.NDArray[np.uint8]
Valid = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decoded:
    """A window of an area in memory: (C, H, W) pixels, (H, W) validity and (H, W) class indices."""

    window: PixelWindow
    pixels: Pixels
    valid: Valid
    labels: Labels

    @property
    def nbytes(self) -> int:
        """Return the memory it takes."""
        return self.pixels.nbytes + self.valid.nbytes + self.labels.nbytes

    def cut(self, window: PixelWindow) -> Decoded:
        """Return a copy of `window`; pixels outside this one are 0, invalid and unlabelled."""
        channels, (height, width) = len(self.pixels), (window.height, window.width)
        pixels = np.zeros((channels, height, width), self.pixels.dtype)
        valid = np.zeros((height, width), np.bool_)
        labels = np.full((height, width), UNLABELLED, np.uint8)
        inside = window.intersection(self.window)
        if inside is not None:
            here, there = _slices(inside, self.window), _slices(inside, window)
            pixels[:, *there] = self.pixels[:, *here]
            valid[there] = self.valid[here]
            labels[there] = self.labels[here]
        return Decoded(window, pixels, valid, labels)


def _slices(inside: PixelWindow, origin: PixelWindow) -> tuple[slice, slice]:
    return inside.shifted(-origin.x, -origin.y).slices()


def _open_image(image: tuple[Path, str]) -> RasterSource:
    """Open an image with its alpha."""
    path, alpha = image
    return RasterSource(path, alpha=alpha, refuse_changed=False)


def _open_mask(schema: ClassSchema, mapping: ValueMapping | None, path: Path) -> MaskSource:
    return MaskSource(path, schema, mapping)


class AreaReader:
    """Reads areas and their windows; bounded in open files and in memory, safe to share between threads.

    Decoded areas are cached in up to `cache_bytes`. Once the cache is full, only areas of files that are always decoded
    in whole rows (JPEG, PNG, striped TIFF) replace the least recently used; others are read window by window.
    """

    def __init__(
        self,
        schema: ClassSchema,
        bands: Sequence[int] | None = None,
        *,
        mapping: ValueMapping | None = None,
        cache_bytes: int = CACHE_BYTES,
        open_files: int = 64,
    ) -> None:
        """Read with the `mapping` of `MaskSource`; bands are all data bands by default."""
        self._bands = tuple(bands) if bands else None
        self._images = _RecentlyUsed(_open_image, open_files)
        self._masks = _RecentlyUsed(partial(_open_mask, schema, mapping), open_files)
        self._cache = _DecodedCache(cache_bytes)

    def read(self, area: LabelledArea, window: PixelWindow | None = None) -> tuple[Pixels, Labels]:
        """Return (C, H, W) pixels in the image's own type and (H, W) class indices, 255 = ignore.

        `window` is in px of the image as the area's view reads it (not of the area); parts of it beyond the area, and
        pixels without data, are 0 with the label 255. The arrays are the caller's own.

        Raises:
            RasterError: a file cannot be read, or holds numbers that are not finite.
            DatasetError: a mask holds a value that no class has.
        """
        decoded = self._decoded(area, window or area.window)
        return decoded.pixels, decoded.labels

    def read_image(self, area: LabelledArea, window: PixelWindow | None = None) -> tuple[Pixels, Valid]:
        """Return (C, H, W) pixels and (H, W) True where they hold data, labelled or not; see `read`."""
        decoded = self._decoded(area, window or area.window)
        return decoded.pixels, decoded.valid

    def read_labels(self, area: LabelledArea, window: PixelWindow) -> Labels:
        """Return the (H, W) class indices of a `window` inside the area: those that `read` gives.

        Of the image only the validity is read, and nothing at all if all its pixels are valid. Errors are those of
        `read`.
        """
        cached = self._cache.get(area)
        if cached is not None:
            return cached.cut(window).labels
        return self._labels(area, self._images.get((area.image, area.alpha)), window)

    def _view(self, area: LabelledArea, image: RasterSource) -> PixelView:
        return pixel_view(image, self._bands_of(area, image), area.view.size)

    def _decoded(self, area: LabelledArea, window: PixelWindow) -> Decoded:
        decoded = self._cache.get(area)
        if decoded is None:
            inside = window.intersection(area.window)
            decoded = self._load(area, inside or PixelWindow(area.window.x, area.window.y, 1, 1))
        return decoded.cut(window)

    def _load(self, area: LabelledArea, inside: PixelWindow) -> Decoded:
        image = self._images.get((area.image, area.alpha))
        bytes_per_pixel = image.dtype.itemsize * len(self._bands_of(area, image)) + 2
        size = bytes_per_pixel * area.window.pixels
        if not self._cache.accepts(size, whole_rows=image.block_shape[1] >= image.grid.width):
            return self._decode(area, inside)
        decoded = self._decode(area, area.window)
        self._cache.add(area, decoded)
        return decoded

    def _bands_of(self, area: LabelledArea, image: RasterSource) -> tuple[int, ...]:
        return area.view.bands or self._bands or image.data_bands

    def _decode(self, area: LabelledArea, window: PixelWindow) -> Decoded:
        image = self._images.get((area.image, area.alpha))
        pixels, valid = self._view(area, image).read(window)
        return Decoded(window, pixels, valid, self._labels(area, image, window))

    def _labels(self, area: LabelledArea, image: RasterSource, window: PixelWindow) -> Labels:
        """Return the (H, W) class indices of a window of the area's view, 255 where the image has no data."""
        mask, native = self._masks.get(area.mask), NativeView(image, self._bands_of(area, image))

        def labels_with_data(window: PixelWindow) -> Labels:
            labels = mask.read(window)
            if not image.all_valid:
                labels[~native.read_valid(window)] = UNLABELLED
            return labels

        return self._view(area, image).at_centres(window, labels_with_data)


class _DecodedCache:
    """Decoded areas; the least recently used is evicted first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._used = 0
        self._cached: OrderedDict[LabelledArea, Decoded] = OrderedDict()
        self._lock = threading.Lock()

    def accepts(self, size: int, *, whole_rows: bool) -> bool:
        """Return whether an area of `size` bytes is worth decoding whole; none may take over a quarter."""
        room = self._capacity - self._used
        return size <= self._capacity // 4 and (whole_rows or size <= room)

    def get(self, area: LabelledArea) -> Decoded | None:
        with self._lock:
            if area in self._cached:
                self._cached.move_to_end(area)
            return self._cached.get(area)

    def add(self, area: LabelledArea, decoded: Decoded) -> None:
        with self._lock:
            self._used += decoded.nbytes - (self._cached[area].nbytes if area in self._cached else 0)
            self._cached[area] = decoded
            while self._used > self._capacity:
                self._used -= self._cached.popitem(last=False)[1].nbytes


Named = TypeVar("Named", bound=Hashable)
Opened = TypeVar("Opened")


class _RecentlyUsed(Generic[Named, Opened]):
    """Files opened on demand; an evicted one is closed when its last reader releases it, not during a read."""

    def __init__(self, opener: Callable[[Named], Opened], limit: int) -> None:
        self._opener, self._limit = opener, limit
        self._open: OrderedDict[Named, Opened] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Named) -> Opened:
        with self._lock:
            if name not in self._open:
                self._open[name] = self._opener(name)
            self._open.move_to_end(name)
            if len(self._open) > self._limit:
                self._open.popitem(last=False)
            return self._open[name]
