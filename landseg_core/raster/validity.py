"""Where a raster holds data, by its alpha bands and by the masks that GDAL has for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from landseg_core.raster.alpha import tagged_as_alpha
from landseg_core.raster.parts import ReadPart

Valid = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Validity:
    """What tells where a raster holds data: all of `alpha`, and one of GDAL's masks of the bands `masked`.

    GDAL takes alpha for a mask only where it is the last of 2 or 4 bands of 8 or 16 bits. So its masks are used for
    nodata and mask bands, and alpha bands are read here. `nodata_by_value`: the pixels are compared with the nodata
    value instead, since rasterio warns at every read of a mask where nodata and a band tagged as alpha meet.
    """

    alpha: tuple[int, ...]
    masked: tuple[int, ...]
    nodata_by_value: bool

    @classmethod
    def of(cls, dataset: Any, alpha: tuple[int, ...], data: Sequence[int]) -> Validity:
        """Return what tells where the bands `data` of `dataset` hold data, some other bands being `alpha`."""
        has_nodata = any(value is not None for value in dataset.nodatavals)
        return cls(alpha, _masked(dataset, data), has_nodata and bool(tagged_as_alpha(dataset)))

    @property
    def everywhere(self) -> bool:
        """Tell whether nothing is to be read: all pixels hold data."""
        return not self.alpha and not self.masked

    def read(self, dataset: Any, part: ReadPart) -> Valid:
        """Return (H, W): True where the pixels of `part` hold data."""
        place = {"window": Window(*part.window), "out_shape": part.size}
        valid = [np.asarray(dataset.read(band, **place) > 0) for band in self.alpha]
        if self.masked:
            valid.append(self._masked_valid(dataset, place))
        return reduce(np.logical_and, valid) if valid else np.ones(part.size, np.bool_)

    def _masked_valid(self, dataset: Any, place: dict[str, Any]) -> Valid:
        nodata = dataset.nodatavals
        masks = (self._mask(dataset, band, nodata[band - 1], place) for band in self.masked)
        return reduce(np.logical_or, masks)

    def _mask(self, dataset: Any, band: int, nodata: float | None, place: dict[str, Any]) -> Valid:
        if not self.nodata_by_value or nodata is None:
            return np.asarray(dataset.read_masks(band, **place) > 0)
        pixels = dataset.read(band, **place)
        return ~np.isnan(pixels) if np.isnan(nodata) else np.asarray(pixels != nodata)


def _masked(dataset: Any, data: Sequence[int]) -> tuple[int, ...]:
    """Return the bands whose masks say where there is data: none where one of `data` holds it everywhere."""
    every = dataset.mask_flag_enums  # asked once: rasterio asks GDAL anew for each band
    flags = {band: every[band - 1] for band in data}
    if any(MaskFlags.all_valid in own or MaskFlags.alpha in own for own in flags.values()):
        return ()
    shared = [band for band, own in flags.items() if MaskFlags.per_dataset in own]
    return tuple(shared[:1] or data)
