"""What formats are written from: class values on a grid, read strip by strip. Maps and labels are such sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.events import JobControl, Notice, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid, pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.classes import class_map_info, mask_schema
from landseg_core.labels.masks.coding import special_numbers
from landseg_core.messages import N_, Text
from landseg_core.progress import ProgressMeter
from landseg_core.raster.model_reference import read_model_reference
from landseg_core.raster.placement import Placement, chosen_window
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapInfo

if TYPE_CHECKING:
    from landseg_core.project.images import ImageEntry
    from landseg_core.project.project_view import ReadView

Values = npt.NDArray[np.uint8]
KeyedTiles = Iterable[tuple[TileKey, Values]]
"""Tiles of level 0, row by row, those without labels left out."""


class StripSource(Protocol):
    """Class values on a grid, 255 where nothing is labelled, and what is known of the classes.

    Attributes:
        title: its name in messages.
        grid: the grid of its pixels.
        window: the part of the grid that is exported, in its px.
        schema: its classes; None where nothing names them.
        colours: (256, 4) uint8 RGBA by value, 255 transparent; None where there are none.
        texts: the text chunks of a PNG, by keyword.
        files: the files that it is read from, which no export may replace.
    """

    title: str
    grid: RasterGrid
    window: PixelWindow
    schema: ClassSchema | None
    colours: Values | None
    texts: Mapping[str, str]
    files: tuple[Path, ...]

    def read(self, window: PixelWindow) -> Values:
        """Return (H, W) class values of a window of the grid.

        Raises:
            RasterError, ProjectError: they cannot be read.
        """

    def tiles(self) -> KeyedTiles:
        """Return the tiles of the grid that hold labels in `window`, (512, 512) px or cut at the edge of the grid.

        Raises:
            RasterError, ProjectError: they cannot be read.
        """

    def map_info(self) -> MapInfo:
        """Return what a GeoTIFF records about the values."""

    def notices(self) -> Iterable[str]:
        """Return what the user should know about the values that were read."""


def strips(
    source: StripSource, width: int, height: int, out: Path, on_event: OnEvent, control: JobControl
) -> Iterator[PixelWindow]:
    """Yield windows over a source's `window`, strip by strip of `height` px, each from the left in `width` px.

    `on_event` gets the `Progress` of writing `out`, in px.

    Raises:
        JobStopped: `control` asked for it.
    """
    meter = ProgressMeter(N_("writing {file}", file=out.name), source.window.pixels, on_event)
    control.checkpoint()
    for window in pieces(source.window, width, height):
        yield window
        meter.add(window.pixels)
        control.checkpoint()


def emit_notices(source: StripSource, on_event: OnEvent) -> None:
    """Emit what the user should know about the values that were read from a source."""
    for notice in source.notices():
        on_event(Notice(notice))


class MapSource:
    """A map as a `StripSource`: a raster of one band of 8-bit values, with the classes and colours of its file.

    Attributes:
        raster: the opened file.
        grid: of a map of a part, the grid of the whole image, where a placement is given.
        reserved_px: how many of the px that were read hold 255 though the file does not declare it as nodata.

    Raises:
        RasterError: the file cannot be opened, or is not such a raster, or the window reaches beyond it.
    """

    texts: Mapping[str, str] = {}

    def __init__(
        self,
        path: AnyPath,
        schema: ClassSchema | None = None,
        window: PixelWindow | None = None,
        placement: Placement | None = None,
    ) -> None:
        """Open `path`; a `schema` given here replaces the file's own.

        With a `placement`, the map is read as one of the whole image that it is a part of, unlabelled around it.
        """
        self.raster = RasterSource(path)
        self.title, self.files = str(path), self.raster.files
        self._placement = placement
        self.grid = placement.grid if placement else self.raster.grid
        if len(self.raster.data_bands) != 1 or self.raster.dtype != np.uint8:
            raise RasterError(
                N_(
                    "{path} is not a mask: it has %n bands of {dtype}, but a mask has one band of uint8; choose a "
                    "raster of class values",
                    n=len(self.raster.data_bands),
                    one="{path} is not a mask: it has one band of {dtype}, but a mask has one band of uint8; choose a "
                    "raster of class values",
                    path=path,
                    dtype=self.raster.dtype,
                )
            )
        self.window = chosen_window(self.raster, window, self.grid)
        self.schema = schema or mask_schema(self.raster.path)
        self.colours = self._colours()
        self.reserved_px = 0
        self._counts_reserved = special_numbers(self.raster)[UNLABELLED] == "reserved"

    def _colours(self) -> Values | None:
        if self.schema is not None:
            return self.schema.colour_table()
        if self.raster.colour_table is None:
            return None
        colours = self.raster.colour_table.copy()
        colours[UNLABELLED] = 0
        return colours

    def read(self, window: PixelWindow) -> Values:
        """See `StripSource`; 255 where the file has no data.

        Raises:
            RasterError: the file cannot be read.
        """
        native = self._placement.in_map(window) if self._placement else window
        values: Values = self.raster.read(native)[0]
        if self._counts_reserved:
            self.reserved_px += int(np.count_nonzero(values == UNLABELLED))
        declares_all = self.raster.all_valid or self.raster.nodata == UNLABELLED
        if declares_all and self.raster.grid.window.contains(native):
            return values
        return np.where(self.raster.read_valid(native), values, np.uint8(UNLABELLED))

    def tiles(self) -> KeyedTiles:
        """See `StripSource`."""
        pyramid = TilePyramid(self.grid.width, self.grid.height)
        for key in pyramid.tiles_in(0, self.window):
            tile = pyramid.tile_window(key)
            if inside := tile.intersection(self.window):
                values = np.full((tile.height, tile.width), UNLABELLED, np.uint8)
                values[inside.shifted(-tile.x, -tile.y).slices()] = self.read(inside)
                if (values != UNLABELLED).any():
                    yield key, values

    def map_info(self) -> MapInfo:
        """See `StripSource`; the model that made the map is recorded as well."""
        info, model = self._value_info(), read_model_reference(self.raster.path)
        return replace(info, tags={**info.tags, **model.tags}) if model else info

    def _value_info(self) -> MapInfo:
        if self.schema is not None:
            return class_map_info(self.schema)
        title = self.raster.band_names[0]
        if self.colours is None:
            return MapInfo(title)
        return MapInfo(
            title, {value: (red, green, blue) for value, (red, green, blue, _) in enumerate(self.colours.tolist())}
        )

    def notices(self) -> Iterator[Text]:
        """See `StripSource`."""
        if self.reserved_px:
            yield N_(
                "{path} holds 255 in {pixels} px, which counts as unlabelled, so nothing is shown there; to make it a "
                "class, give it another value in the mask",
                path=self.raster.path,
                pixels=self.reserved_px,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.raster.close()


class LabelSource:
    """The labels of an image of a project as a `StripSource`, for as long as `view` is open."""

    def __init__(self, project: Path, image: ImageEntry, view: ReadView) -> None:
        self._view, self._image = view, image
        self._pyramid = TilePyramid(image.grid.width, image.grid.height)
        self.title: str = N_("the labels of {image}", image=image.name)
        self.grid, self.window = image.grid, image.grid.window
        self.schema: ClassSchema | None = view.schema
        self.colours: Values | None = view.schema.colour_table()
        self.texts: Mapping[str, str] = self.map_info().tags
        self.files: tuple[Path, ...] = (project, image.path)

    @cached_property
    def _painted(self) -> frozenset[TileKey]:
        return frozenset(self._view.keys(self._image.id))

    def read(self, window: PixelWindow) -> Values:
        """See `StripSource`.

        Raises:
            ProjectError: the labels cannot be read.
        """
        values = np.full((window.height, window.width), UNLABELLED, np.uint8)
        for key in self._painted.intersection(self._pyramid.tiles_in(0, window)):
            tile_window = self._pyramid.tile_window(key)
            tile, common = self._view.tile(self._image.id, key), tile_window.intersection(window)
            if tile is not None and common is not None:
                there, here = (common.shifted(-at.x, -at.y).slices() for at in (tile_window, window))
                values[here] = tile[there]
        return values

    def tiles(self) -> KeyedTiles:
        """See `StripSource`."""
        return self._view.tiles(self._image.id)

    def map_info(self) -> MapInfo:
        """See `StripSource`."""
        return class_map_info(self._view.schema)

    def notices(self) -> tuple[str, ...]:
        """See `StripSource`: there is nothing to say."""
        return ()
