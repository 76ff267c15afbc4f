"""Tiles of a raster at any level: from its own overviews, from a pyramid in the cache folder, or made on the spot."""

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
    """Where a level is read from; `numbers` are the bands there that hold the data bands of the source."""

    raster: RasterSource
    numbers: dict[int, int]


class PyramidReader:
    """Reads the tiles of a raster's pyramid; many threads may read at once.

    Attributes:
        source: the raster, which the reader does not close.
        placement: None, since it is the whole; see `PlacedReader`.
        pyramid: the geometry of the tiles.
        categorical: whether the values are class codes, which are not averaged.
        needs_pyramid: whether coarse tiles take long, because no small pictures are at hand.
        has_quicklook: whether there is one tile above the pyramid, `quicklook_key`, that is soon read all the same.
    """

    placement: None = None

    def __init__(self, source: RasterSource, *, categorical: bool | None = None) -> None:
        """Read `source`, and its cached pyramid if there is one; the codes of a palette are taken as `categorical`.

        Raises:
            RasterError: the file has been damaged since it was opened.
        """
        self.source = source
        self.pyramid = pyramid_of(source)
        self.categorical = holds_codes(source, categorical)
        self._same = {band: band for band in source.data_bands}
        # None: a level in the file that is not of a pyramid's exact size.
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
        """Return where the pixels lie."""
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
        built = {level: _Level(self.source.beside(path), numbers) for level, path in levels_in(folder).items()}
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
        level = max(known for known in self._levels if known <= key.level)
        place, steps = self._levels[level], key.level - level
        if place is None or steps > CLOSE_ENOUGH:
            return self._picked(key, chosen)
        numbers = [place.numbers[band] for band in chosen]
        tile = self.pyramid.tile_window(key)
        window = PixelWindow(tile.x << steps, tile.y << steps, tile.width << steps, tile.height << steps)
        pixels, valid = place.raster.read(window, numbers), place.raster.read_valid(window)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=self.categorical)
        return pixels, valid

    def _quicklook_of(self, bands: tuple[int, ...]) -> tuple[Pixels, Valid]:
        """Return the quicklook of some bands, made once and kept: it is small."""
        kept = self._quicklook
        if kept is None or kept[0] != bands:
            size = self.pyramid.level_size(self.pyramid.quicklook_key.level)
            kept = self._quicklook = bands, quicklook(self.source, bands, size, categorical=self.categorical)
        return kept[1]

    def _shown(self, bands: Sequence[int]) -> tuple[int, ...]:
        strange = [band for band in bands if band not in self.source.data_bands]
        if strange:
            raise RasterError(
                N_("{path} has no band {strange} to show; choose another", path=self.source.path, strange=strange[0])
            )
        return tuple(bands)

    def _picked(self, key: TileKey, bands: Sequence[int]) -> tuple[Pixels, Valid]:
        """Let GDAL pick single pixels from where it finds best: the fastest while there is no such level."""
        tile, window = self.pyramid.tile_window(key), self.pyramid.source_window(key)
        size = tile.height, tile.width
        return self.source.read(window, bands, size), self.source.read_valid(window, size)

    def close(self) -> None:
        """Close the files of the levels; the source only lets go of its handles, as far as nobody reads it."""
        self.source.release()
        for place in self._levels.values():
            if place is not None and place.raster is not self.source:
                place.raster.close()
