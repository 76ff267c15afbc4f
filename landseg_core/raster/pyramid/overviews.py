"""Tiles of a raster at any level: from its own overviews, from a cached pyramid, or computed when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.raster.pyramid.cache import holds_codes, levels_in, mark_used, pyramid_path
from landseg_core.raster.pyramid.levels import CLOSE_ENOUGH, levels_in_file, missing_levels, pyramid_of
from landseg_core.raster.pyramid.quicklook import can_have_quicklook, quicklook
from landseg_core.raster.pyramid.reduction import Pixels, Valid, halve
from landseg_core.raster.source import RasterSource


@dataclass(frozen=True)
class _Level:
    """The raster that a level is read from; `numbers` maps the data bands of the source to bands of that raster."""

    raster: RasterSource
    numbers: dict[int, int]


class PyramidReader:
    """Reads the tiles of a raster's pyramid; many threads may read at once.

    Attributes:
        source: the raster, which the reader does not close.
        placement: None, since it covers the whole image; see `PlacedReader`.
        pyramid: the geometry of the tiles.
        categorical: whether the values are class codes, which are not averaged.
        needs_pyramid: whether coarse tiles take long, because there are no overviews.
        has_quicklook: whether there is a tile above the pyramid, `quicklook_key`, that is quickly read nevertheless.
    """

    placement: None = None

    def __init__(self, source: RasterSource, *, categorical: bool | None = None) -> None:
        """Read `source`, and its cached pyramid if there is one; by default, values with a palette are `categorical`.

        Raises:
            RasterError: the file has been damaged since it was opened.
        """
        self.source = source
        self.pyramid = pyramid_of(source)
        self.categorical = holds_codes(source, categorical)
        self._same = {band: band for band in source.data_bands}
        # None: a level in the file that does not have the exact size of a pyramid's.
        self._levels: dict[int, _Level | None] = {0: _Level(source, self._same)}
        self._in_file = levels_in_file(source)
        for level, overview in self._in_file.items():
            if overview is not None:
                self._levels[level] = self._level_in_file(level, overview)
        self.needs_pyramid = bool(missing_levels(source))
        self._quicklook: tuple[tuple[int, ...], tuple[Pixels, Valid]] | None = None
        self.has_quicklook = self.needs_pyramid and 0 in self._in_file and can_have_quicklook(source)
        self.use_pyramid()

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the raster."""
        return self.source.grid

    def _level_in_file(self, level: int, overview: int) -> _Level | None:
        raster = self.source.reopened(overview=overview)
        if (raster.grid.width, raster.grid.height) == self.pyramid.level_size(level):
            return _Level(raster, self._same)
        raster.close()
        return None

    def use_pyramid(self) -> None:
        """Read from the cached pyramid from now on, if there is one; safe while other threads read tiles.

        Raises:
            RasterError: the pyramid's files are damaged.
        """
        folder = pyramid_path(self.source, categorical=self.categorical)
        if not self.needs_pyramid or not folder.is_dir():
            return
        mark_used(folder)
        numbers = {band: number for number, band in enumerate(self.source.data_bands, start=1)}
        built = {level: _Level(self.source.sibling(path), numbers) for level, path in levels_in(folder).items()}
        self._levels = {**self._levels, **built}
        self.needs_pyramid = self.has_quicklook = False

    def read_tile(self, key: TileKey, bands: Sequence[int] | None = None) -> tuple[Pixels, Valid]:
        """Return the (C, H, W) pixels of a tile in the raster's type, and (H, W) which of them hold data.

        Args:
            key: a tile of `pyramid`, or its `quicklook_key`.
            bands: band numbers as in the source; all data bands by default.

        Raises:
            RasterError: GDAL cannot read it, or there is no such data band.
        """
        chosen = self._shown(bands or self.source.data_bands)
        if key == self.pyramid.quicklook_key:
            return self._quicklook_of(chosen)
        level, finer = self._finer(key.level)
        if finer is None:
            return self._subsampled(self.pyramid.tile_window(key), self.pyramid.source_window(key), chosen)
        return self._reduced(finer, self.pyramid.tile_window(key), key.level - level, chosen)

    def read_window(self, level: int, window: PixelWindow, bands: Sequence[int] | None = None) -> tuple[Pixels, Valid]:
        """Return the (C, H, W) pixels of any window of a level, and (H, W) which hold data: none beyond the image.

        Args:
            level: a level of `pyramid`.
            window: in px of that level; it may reach beyond the image.
            bands: band numbers as in the source; all data bands by default.

        Raises:
            RasterError: GDAL cannot read it, or there is no such data band.
        """
        chosen = self._shown(bands or self.source.data_bands)
        known, finer = self._finer(level)
        if finer is None:
            return self._subsampled(window, _scaled(window, level), chosen)
        return self._reduced(finer, window, level - known, chosen)

    def _finer(self, level: int) -> tuple[int, _Level | None]:
        """Return the nearest known level that is not coarser than `level`; None instead of one that is too fine."""
        known = max(known for known in self._levels if known <= level)
        return known, self._levels[known] if level - known <= CLOSE_ENOUGH else None

    def _reduced(self, finer: _Level, window: PixelWindow, steps: int, bands: Sequence[int]) -> tuple[Pixels, Valid]:
        """Return a window of the level that is `steps` coarser than the one that is read."""
        numbers, part = [finer.numbers[band] for band in bands], _scaled(window, steps)
        pixels, valid = finer.raster.read(part, numbers), finer.raster.read_valid(part)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=self.categorical)
        return pixels, valid

    def _quicklook_of(self, bands: tuple[int, ...]) -> tuple[Pixels, Valid]:
        """Return the quicklook of some bands, computed once and kept, since it is small."""
        kept = self._quicklook
        if kept is None or kept[0] != bands:
            size = self.pyramid.level_size(self.pyramid.quicklook_key.level)
            kept = self._quicklook = bands, quicklook(self.source, bands, size, categorical=self.categorical)
        return kept[1]

    def _shown(self, bands: Sequence[int]) -> tuple[int, ...]:
        missing = [band for band in bands if band not in self.source.data_bands]
        if missing:
            raise RasterError(
                N_("{path} has no band {band} to show; choose another", path=self.source.path, band=missing[0])
            )
        return tuple(bands)

    def _subsampled(self, window: PixelWindow, covers: PixelWindow, bands: Sequence[int]) -> tuple[Pixels, Valid]:
        """Have GDAL subsample what a window `covers`, or its best overview: fastest while there is no such level."""
        size = window.height, window.width
        return self.source.read(covers, bands, size), self.source.read_valid(covers, size)

    def close(self) -> None:
        """Close the files of the levels; the source only releases its handles, as far as nobody reads through them."""
        self.source.release()
        for level in self._levels.values():
            if level is not None and level.raster is not self.source:
                level.raster.close()


def _scaled(window: PixelWindow, steps: int) -> PixelWindow:
    """Return a window in px of a level that is `steps` finer."""
    return PixelWindow(window.x << steps, window.y << steps, window.width << steps, window.height << steps)
