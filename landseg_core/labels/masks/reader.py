"""Masks of any common kind, read as class indices; `mask_code` has the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.coding import Codes, mask_code, unknown_codes
from landseg_core.messages import N_, listed
from landseg_core.raster.source import RasterSource

_NAMED_VALUES = 3


ValueMapping = Mapping[int, int]
"""The class index of values and colours of masks, from the user's mapping, see `mask_mapping`; 255 leaves one out."""


class MaskPart(NamedTuple):
    """A window of a mask: its (H, W) class indices, `UNKNOWN` included, its codes, and (H, W) which of them count.

    Pixels under a transparent alpha or a mask band are not `counted`; None if all are.
    """

    labels: npt.NDArray[np.uint8]
    codes: Codes
    counted: npt.NDArray[np.bool_] | None


class MaskSource:
    """A mask opened for reading as class indices; safe to share between threads, as its raster is.

    The user's `mapping` overrides the mask's own values and colours.

    Raises:
        RasterError: the file cannot be opened.
        DatasetError: its bands or its type cannot be a mask, or its colours are ambiguous.
    """

    def __init__(self, path: AnyPath, schema: ClassSchema, mapping: ValueMapping | None = None) -> None:
        self.path, self.schema = path, schema
        path = Path(path)
        self.raster = RasterSource(path)
        self.code = mask_code(self.raster, schema).mapped(mapping or {})
        # Declared nodata is handled by the code, since a mapping may override it; alpha and mask bands are not.
        self._has_mask = self.raster.nodata is None and not self.raster.all_valid

    def read(self, window: PixelWindow) -> npt.NDArray[np.uint8]:
        """Return (H, W) class indices, 255 where unlabelled.

        Raises:
            DatasetError: a pixel has a value that no class has.
        """
        part = self.read_part(window)
        unknown = unknown_codes(part.codes, part.labels)
        if unknown:
            raise self.error(unknown)
        return part.labels

    def read_part(self, window: PixelWindow) -> MaskPart:
        """Return a window of the mask, with any unknown values."""
        codes = self.code.encode(self.raster.read(window))
        labels, counted = self.code.labels(codes), None
        if self._has_mask:
            counted = self.raster.read_valid(window)
            labels[~counted] = UNLABELLED
        return MaskPart(labels, codes, counted)

    def error(self, unknown: Mapping[int, int], hint: str = "") -> DatasetError:
        """Return the error that names the most frequent of the unknown codes; `hint` is what may explain them."""
        frequent = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
        values = listed(
            N_("{value} in {pixels} px", value=self.code.describe(code), pixels=count)
            for code, count in frequent[:_NAMED_VALUES]
        )
        if len(frequent) > _NAMED_VALUES:
            values = N_("{values} and %n more", n=len(frequent) - _NAMED_VALUES, values=values)
        if self.raster.driver == "JPEG":
            hint = N_(" (JPEG blurs masks: save them as PNG or TIFF){hint}", hint=hint)
        return DatasetError(
            N_(
                "{path} holds {values}, which no class has{hint}; choose its class (--map '{key}=CLASSNAME', or "
                "'{key}=' to leave it out), or {remedy}",
                path=self.path,
                values=values,
                hint=hint,
                key=self.code.key(frequent[0][0]),
                remedy=self.code.remedy,
            )
        )
