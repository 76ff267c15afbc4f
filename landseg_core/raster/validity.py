"""Where a raster holds data, by its alpha bands and by GDAL's masks of the other bands."""

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
    """What decides where a raster holds data: all of `alpha`, and one of GDAL's masks of the bands `masked`.

    GDAL uses alpha as a mask only where it is the last of 2 or 4 bands of 8 or 16 bits. So its masks are used for
    nodata and mask bands, and alpha bands are read here. `nodata_by_value`: the pixels are compared with the nodata
    value instead, since rasterio warns at every read of a mask of a file with both nodata and a band tagged as alpha.
    """

    alpha: tuple[int, ...]
    masked: tuple[int, ...]
    nodata_by_value: bool

    @classmethod
    def of(cls, dataset: Any, alpha: tuple[int, ...], data: Sequence[int]) -> Validity:
        """Return the validity of the bands `data` of `dataset`, whose bands `alpha` are alpha."""
        has_nodata = any(value is not None for value in dataset.nodatavals)
        return cls(alpha, _masked(dataset, data), has_nodata and bool(tagged_as_alpha(dataset)))

    @property
    def everywhere(self) -> bool:
        """Return whether all pixels hold data, so that nothing has to be read."""
        return not self.alpha and not self.masked

    def read(self, dataset: Any, part: ReadPart) -> Valid:
        """Return (H, W): True where the pixels of `part` hold data."""
        area = {"window": Window(*part.window), "out_shape": part.size}
        valid = [np.asarray(dataset.read(band, **area) > 0) for band in self.alpha]
        if self.masked:
            valid.append(self._masked_valid(dataset, area))
        return reduce(np.logical_and, valid) if valid else np.ones(part.size, np.bool_)

    def _masked_valid(self, dataset: Any, area: dict[str, Any]) -> Valid:
        nodata = dataset.nodatavals
        masks = (self._mask(dataset, band, nodata[band - 1], area) for band in self.masked)
        return reduce(np.logical_or, masks)

    def _mask(self, dataset: Any, band: int, nodata: float | None, area: dict[str, Any]) -> Valid:
        if not self.nodata_by_value or nodata is None:
            return np.asarray(dataset.read_masks(band, **area) > 0)
        pixels = dataset.read(band, **area)
        return ~np.isnan(pixels) if np.isnan(nodata) else np.asarray(pixels != nodata)


def _masked(dataset: Any, data: Sequence[int]) -> tuple[int, ...]:
    """Return the bands whose masks decide where there is data: none where one of `data` holds it everywhere."""
    every = dataset.mask_flag_enums  # read once: rasterio asks GDAL again for each band
    flags = {band: every[band - 1] for band in data}
    if any(MaskFlags.all_valid in own or MaskFlags.alpha in own for own in flags.values()):
        return ()
    shared = [band for band, own in flags.items() if MaskFlags.per_dataset in own]
    return tuple(shared[:1] or data)
