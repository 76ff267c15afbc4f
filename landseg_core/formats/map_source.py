"""A map opened for export."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.labels.masks.coding import special_numbers
from landseg_core.raster.placement import Placement
from landseg_core.raster.source import RasterSource


class MapSource:
    """A raster of one band of 8-bit values, with the classes and colours that its file tells of.

    Attributes:
        raster: the opened file.
        grid: where its pixels lie; of a map of a part, the grid of the whole picture, where one is given.
        schema: its classes; None where it names none.
        colours: (256, 4) uint8 RGBA by value, 255 transparent; None where it has no colours.
        reserved_px: of what was read, how many px hold 255 though the file does not declare it as nodata.

    Raises:
        RasterError: the file cannot be opened, or is no such raster.
    """

    def __init__(self, path: Path, schema: ClassSchema | None = None, placement: Placement | None = None) -> None:
        """Open `path`; a `schema` given here takes the place of the file's own.

        With a `placement`, the map is read as one of the whole picture that it is a part of, unlabelled around.
        """
        self.raster = RasterSource(path)
        self._placement = placement
        self.grid = placement.grid if placement else self.raster.grid
        if len(self.raster.data_bands) != 1 or self.raster.dtype != np.uint8:
            bands = len(self.raster.data_bands)
            raise RasterError(
                f"{path} is no mask: it has {bands} band(s) of {self.raster.dtype}, and a mask has one of uint8;"
                " choose a raster of class values"
            )
        self.schema = schema or mask_schema(path)
        self.colours = self._colours()
        self.reserved_px = 0
        self._counts_reserved = special_numbers(self.raster)[UNLABELLED] == "reserved"

    def _colours(self) -> npt.NDArray[np.uint8] | None:
        if self.schema is not None:
            return self.schema.colour_table()
        if self.raster.colour_table is None:
            return None
        colours = self.raster.colour_table.copy()
        colours[UNLABELLED] = 0
        return colours

    def read(self, window: PixelWindow) -> npt.NDArray[np.uint8]:
        """Return (H, W) class values of a window of the grid; 255 where the file has no data.

        Raises:
            RasterError: the file cannot be read.
        """
        own = self._placement.in_map(window) if self._placement else window
        values: npt.NDArray[np.uint8] = self.raster.read(own)[0]
        if self._counts_reserved:
            self.reserved_px += int(np.count_nonzero(values == UNLABELLED))
        declares_all = self.raster.all_valid or self.raster.nodata == UNLABELLED
        if declares_all and self.raster.grid.window.contains(own):
            return values
        return np.where(self.raster.read_valid(own), values, np.uint8(UNLABELLED))

    def notices(self) -> list[str]:
        """Return what somebody should know of the values that were read."""
        if not self.reserved_px:
            return []
        sentence = (
            f"{self.raster.path} holds 255 in {self.reserved_px} px, which counts as unlabelled, so that nothing is "
            "shown there; to make it a class, give it another value in the mask"
        )
        return [sentence]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.raster.close()
