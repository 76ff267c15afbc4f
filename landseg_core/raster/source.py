"""Opens any raster that GDAL reads, without ever writing next to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from landseg_core.errors import RasterChangedError, RasterError
from landseg_core.geo.control import GroundControl
from landseg_core.geo.grid import RasterGrid, usable_transform
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.limits import MOST_BANDS
from landseg_core.messages import N_, Text
from landseg_core.raster.alpha import AUTO, alpha_bands, alpha_choice
from landseg_core.raster.bands import band_names
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_core.raster.files.gdal import GDAL_ERRORS, gdal_reason, open_dataset, reading_options
from landseg_core.raster.files.handles import HandlePool, IdleHandles, retire_outdated
from landseg_core.raster.files.local_only import require_own_overviews
from landseg_core.raster.parts import ReadPart, read_part
from landseg_core.raster.validity import Validity


@dataclass(frozen=True, eq=False)
class RasterChunk:
    """A part of a raster: (C, H, W) `pixels` of its data bands, (H, W) True where they hold data, and their `grid`."""

    pixels: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_]
    grid: RasterGrid

    def __repr__(self) -> str:
        return f"<RasterChunk {len(self.pixels)} x {self.pixels.dtype}, {self.grid!r}>"


class RasterSource:
    """A raster opened for reading; many threads may read at once, each through a dataset handle of its own.

    It reads its files only as they were when it was opened: a file that has been replaced since is refused.

    Attributes:
        path: the file.
        files: the file and, for a VRT, all files that it refers to, nested VRTs included.
        as_opened: the identities of those files when it was opened.
        driver: GDAL's name of the format.
        alpha: what was chosen, see `raster.alpha`.
        alpha_bands: the numbers (from 1, as GDAL counts) of the bands that are alpha; mostly one or none.
        automatic_alpha: those that are alpha with `auto`.
        band_count: all bands, alpha included.
        data_bands: the numbers of the bands that are not alpha.
        band_names: the names of the data bands, such as "Red", or "Band 4".
        colours: the colour interpretation of each data band in the file.
        dtype: the type of `read`'s pixels, that of the data bands.
        nodata: the value of pixels without data; None where there is none.
        band_nodata: that of each band of the file.
        grid: size, transform and CRS; `file_grid` is that of the file itself, where `set_grid` has changed `grid`.
        overviews: the factor by which each overview in the file is smaller.
        block_shape: (height, width) px of the blocks in the file, or in one of those that a VRT refers to.
        colour_table: (N, 4) uint8 RGBA of each value of a palette image; None for all others.
        all_valid: True where the file has neither nodata nor alpha nor a mask.
    """

    def __init__(
        self,
        path: AnyPath,
        *,
        alpha: str = AUTO,
        overview: int | None = None,
        as_opened: FilesAsOpened | None = None,
        alpha_bands: tuple[int, ...] | None = None,
        threads: int | None = None,
        idle: IdleHandles | None = None,
        refuse_changed: bool = True,
        many_bands: bool = False,
    ) -> None:
        """Open `path`, or instead of its full resolution the `overview` of that index.

        `alpha` chooses what marks where there is data, see `raster.alpha`; `alpha_bands` are its bands if these are
        known. `as_opened` are its files if they are known to be complete; they must not have changed since. `threads`
        is for reading large windows: that many decode the blocks of one, where the format allows it. `idle` holds the
        idle handles together with those of other rasters. `refuse_changed` False continues to read a file that has
        changed, as far as possible: for work that takes hours. `many_bands` allows more than `MOST_BANDS`.

        Raises:
            RasterChangedError: a file has changed since it was checked.
            RasterError: the file is missing, empty, truncated, not permitted or not a raster that can be shown, or has
                no such alpha band.
        """
        self.path = Path(path)
        self.alpha = alpha_choice(alpha)
        self._known_alpha = alpha_bands
        self.as_opened = as_opened or FilesAsOpened.checked(self.path)
        self.files = self.as_opened.files
        self._idle, self._refuse_changed, self._many_bands = idle, refuse_changed, many_bands
        self._gdal_options = reading_options(self.path, threads)
        level: dict[str, Any] = {} if overview is None else {"overview_level": overview}
        if len(self.files) > 1:
            retire_outdated(self.files)
        files = self.as_opened  # not through `self`, which the pool would keep alive
        self._handles = HandlePool(
            lambda: open_dataset(files.files[0], **level), idle, files.files, lambda: files.changed() is not None
        )
        with self._reading(self._cannot_open) as dataset:
            _refuse_unreadable(self.path, dataset, many_bands=many_bands)
            require_own_overviews(self.path, dataset)
            self._describe(dataset)

    def _describe(self, dataset: Any) -> None:
        self.driver: str = dataset.driver
        self.band_count: int = dataset.count
        self.nodata: float | None = dataset.nodata
        self.band_nodata: tuple[float | None, ...] = dataset.nodatavals
        control = GroundControl.of(dataset)
        grid = RasterGrid(dataset.width, dataset.height, usable_transform(dataset.transform), dataset.crs, control)
        self.grid = self.file_grid = grid
        self.block_shape: tuple[int, int] = self._blocks(dataset)
        self._describe_bands(dataset)
        self.overviews: list[int] = dataset.overviews(1)
        self.colour_table = _colour_table(dataset)

    def _blocks(self, dataset: Any) -> tuple[int, int]:
        """Return the shape of the blocks that are decoded as a whole: a VRT reports its own."""
        shape: tuple[int, int] = dataset.block_shapes[0]
        if self.driver == "VRT" and len(self.files) > 1:
            with suppress(*GDAL_ERRORS), open_dataset(self.files[-1]) as part:
                shape = part.block_shapes[0]
        return shape

    def _describe_bands(self, dataset: Any) -> None:
        known = self._known_alpha
        self.automatic_alpha = alpha_bands(dataset, AUTO, self.path)
        self.alpha_bands = alpha_bands(dataset, self.alpha, self.path) if known is None else known
        self.data_bands = tuple(band for band in dataset.indexes if band not in self.alpha_bands)
        dtypes, colours = dataset.dtypes, dataset.colorinterp  # read once: rasterio asks GDAL again for each band
        self.dtype = np.result_type(*{dtypes[band - 1] for band in self.data_bands})
        self.colours: tuple[ColorInterp, ...] = tuple(colours[band - 1] for band in self.data_bands)
        names = band_names(dataset)
        self.band_names = tuple(names[band] for band in self.data_bands)
        self._validity = Validity.of(dataset, self.alpha_bands, self.data_bands)
        self.all_valid = self._validity.everywhere

    def __repr__(self) -> str:
        return f"<RasterSource {self.path}, {len(self.data_bands)} x {self.dtype}, {self.grid!r}>"

    def read_patch(self, window: PixelWindow | tuple[int, int, int, int]) -> RasterChunk:
        """Return the pixels of a `window` (x, y, width, height in px), where they hold data, and their grid.

        Raises:
            RasterError: the raster cannot be read.
        """
        part = window if isinstance(window, PixelWindow) else PixelWindow(*window)
        return RasterChunk(self.read(part), self.read_valid(part), self.grid.crop(part))

    def read(
        self,
        window: PixelWindow,
        bands: Sequence[int] | None = None,
        size: tuple[int, int] | None = None,
        resampling: Resampling = Resampling.nearest,
    ) -> npt.NDArray[Any]:
        """Return the (C, H, W) pixels of `window` in the raster's own type; beyond the raster they are 0.

        Args:
            window: what to read, in px of the full resolution.
            bands: band numbers from 1; all data bands by default.
            size: (height, width) to scale the window to; the best overview is read.
            resampling: how a smaller pixel is computed from those it covers.

        Raises:
            RasterError: GDAL cannot read the pixels, or there is no such band.
        """
        chosen = self._existing(bands or self.data_bands)

        def read_inside(dataset: Any, part: ReadPart) -> npt.NDArray[Any]:
            pixels: npt.NDArray[Any] = dataset.read(
                chosen,
                window=Window(*part.window),
                out_shape=(len(chosen), *part.size),
                out_dtype=self.dtype,
                resampling=resampling,
            )
            return pixels

        return self._read_part(window, size, (len(chosen),), read_inside)

    def read_valid(self, window: PixelWindow, size: tuple[int, int] | None = None) -> npt.NDArray[np.bool_]:
        """Return (H, W): True where a pixel holds data.

        False where an alpha band, nodata or the file's mask says so, and beyond the raster. With several bands, a pixel
        holds data where one of them does, and all alpha bands say so.

        Raises:
            RasterError: GDAL cannot read the mask.
        """

        return self._read_part(window, size, (), self._validity.read)

    def _read_part(
        self,
        window: PixelWindow,
        size: tuple[int, int] | None,
        leading: tuple[int, ...],
        read_inside: Callable[[Any, ReadPart], npt.NDArray[Any]],
    ) -> npt.NDArray[Any]:
        """Read the part of a window inside the raster, and fill the rest with zeros."""
        shape = size or (window.height, window.width)
        part = read_part(window, shape, self.grid.window)
        dtype = self.dtype if leading else np.bool_
        if part is None:
            return np.zeros((*leading, *shape), dtype)
        with self._reading(lambda reason: self._cannot_read(window, reason)) as dataset:
            inside = read_inside(dataset, part)
        if part.size == shape:
            return inside
        whole = np.zeros((*leading, *shape), dtype)
        whole[..., part.rows, part.columns] = inside
        return whole

    def _existing(self, bands: Sequence[int]) -> list[int]:
        missing = [band for band in bands if not 1 <= band <= self.band_count]
        if missing:
            raise RasterError(
                N_(
                    "{path} has %n bands, so band {band} cannot be read",
                    n=self.band_count,
                    one="{path} has one band, so band {band} cannot be read",
                    path=self.path,
                    band=missing[0],
                )
            )
        return list(bands)

    @contextmanager
    def _reading(self, message: Callable[[str], Text]) -> Iterator[Any]:
        """Lease a handle under our GDAL settings, and raise GDAL's failures as the `message` of their reason."""
        if self._handles.closed:
            raise RasterError(N_("{path} has been closed; open it again", path=self.path))
        if self._refuse_changed:
            self._require_unchanged()
        try:
            with rasterio.Env(**self._gdal_options), self._handles.lease() as dataset:
                yield dataset
        except GDAL_ERRORS as error:
            raise RasterError(message(gdal_reason(error))) from error

    def _cannot_open(self, reason: str) -> Text:
        return N_(
            "{path} cannot be opened as a raster ({reason}); check that it is a complete image file",
            path=self.path,
            reason=reason,
        )

    def _cannot_read(self, window: PixelWindow, reason: str) -> Text:
        return N_(
            "{path} cannot be read at pixel {x}, {y} ({reason}); check that it is a complete image file",
            path=self.path,
            x=max(0, window.x),
            y=max(0, window.y),
            reason=reason,
        )

    def _require_unchanged(self) -> None:
        changed = self.as_opened.changed_of_late()
        if changed is not None:
            self._handles.release()
            raise RasterChangedError(_changed_message(changed))

    def release(self) -> None:
        """Close the handles that nobody reads through just now; the next reader opens another."""
        self._handles.release()

    def reopened(self, *, overview: int | None = None, threads: int | None = None) -> RasterSource:
        """Return the raster, or one of its overviews, opened separately; the caller closes it.

        `overview` and `threads` are as for a new one.

        Raises:
            RasterChangedError: the file is not the one that was opened.
            RasterError: GDAL cannot open it.
        """
        return RasterSource(
            self.path,
            alpha=self.alpha,
            overview=overview,
            as_opened=self.as_opened,
            alpha_bands=self.alpha_bands,
            threads=threads,
            idle=self._idle,
            refuse_changed=self._refuse_changed,
            many_bands=self._many_bands,
        )

    def sibling(self, path: Path) -> RasterSource:
        """Return another raster that shares the idle handles of this one; the caller closes it.

        Raises:
            RasterError: it cannot be opened.
        """
        return RasterSource(path, idle=self._idle)

    def set_grid(self, grid: RasterGrid) -> None:
        """Georeference the raster by another grid of the same size than that of its file.

        Raises:
            RasterError: the grid has another size.
        """
        if grid.window != self.grid.window:
            raise RasterError(
                N_(
                    "{path} has {width} x {height} px, which does not match a grid of {grid_width} x {grid_height} px",
                    path=self.path,
                    width=self.grid.width,
                    height=self.grid.height,
                    grid_width=grid.width,
                    grid_height=grid.height,
                )
            )
        if not grid.is_same(self.grid):  # which may also have control points
            self.grid = self.file_grid if grid.is_same(self.file_grid) else grid

    def close(self) -> None:
        """Close all handles, those of other threads as soon as they have finished reading."""
        self._handles.close()

    def __enter__(self) -> RasterSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _changed_message(path: Path) -> Text:
    """Return the sentence for a file that is not as it was when it was opened."""
    if os.path.lexists(path):
        return N_("{path} has changed on disk since it was opened; open it again, or restart what reads it", path=path)
    return N_("{path} no longer exists; restore it, or open it from its new path", path=path)


def _refuse_unreadable(path: Path, dataset: Any, *, many_bands: bool) -> None:
    """Refuse containers of many rasters, complex numbers, and, without `many_bands`, more bands than any image has.

    Raises:
        RasterError: the raster is one of those.
    """
    if dataset.count == 0:
        raise RasterError(
            N_(
                "{path} is a container of %n rasters; save the one you need as GeoTIFF, for example with "
                "gdal_translate",
                n=len(dataset.subdatasets),
                one="{path} is a container of one raster; save it as GeoTIFF, for example with gdal_translate",
                path=path,
            )
        )
    if dataset.count > MOST_BANDS and not many_bands:
        raise RasterError(
            N_(
                "{path} claims to have {count} bands, more than {most_bands}; save those that you need as "
                "GeoTIFF, for example with gdal_translate -b, or predict it with the option 'large'",
                path=path,
                count=dataset.count,
                most_bands=MOST_BANDS,
            )
        )
    if any(kind.startswith("complex") for kind in dataset.dtypes):
        raise RasterError(
            N_("{path} holds complex numbers, which cannot be shown; save their amplitude as GeoTIFF", path=path)
        )


def _colour_table(dataset: Any) -> npt.NDArray[np.uint8] | None:
    """Return the (N, 4) RGBA table of a palette image: N is 256, or 65536 for 16-bit values."""
    if dataset.count != 1 or dataset.colorinterp[0] != ColorInterp.palette:
        return None
    table = np.zeros((np.iinfo(dataset.dtypes[0]).max + 1, 4), np.uint8)
    for value, colour in dataset.colormap(1).items():
        table[value] = colour
    return table
