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
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource

_NAMED_VALUES = 3


ValueMapping = Mapping[int, int]
"""The class index of values and colours of masks, as the user says it: see `mask_mapping`; 255 leaves a value out."""


class MaskPart(NamedTuple):
    """A window of a mask: its (H, W) class indices, `UNKNOWN` included, its codes, and (H, W) which of them count.

    Pixels under a transparent alpha or a mask band do not `count`; None where all do.
    """

    labels: npt.NDArray[np.uint8]
    codes: Codes
    counted: npt.NDArray[np.bool_] | None


class MaskSource:
    """A mask opened for reading as class indices; safe to share between threads, as its raster is.

    The `mapping` of the user comes before all that the mask says itself.

    Raises:
        RasterError: the file cannot be opened.
        DatasetError: its bands or its type cannot be a mask, or its colours are ambiguous.
    """

    def __init__(self, path: AnyPath, schema: ClassSchema, mapping: ValueMapping | None = None) -> None:
        self.path, self.schema = path, schema
        path = Path(path)
        self.raster = RasterSource(path)
        self.code = mask_code(self.raster, schema).mapped(mapping or {})
        # Declared nodata is up to the code, since a mapping may bring it back; alpha and mask bands are not.
        self._has_mask = self.raster.nodata is None and not self.raster.all_valid

    def read(self, window: PixelWindow) -> npt.NDArray[np.uint8]:
        """Return (H, W) class indices, 255 where unlabelled.

        Raises:
            DatasetError: a pixel holds what no class has.
        """
        part = self.read_part(window)
        unknown = unknown_codes(part.codes, part.labels)
        if unknown:
            raise self.error(unknown)
        return part.labels

    def read_part(self, window: PixelWindow) -> MaskPart:
        """Return a window of the mask, whatever it holds."""
        codes = self.code.encode(self.raster.read(window))
        labels, counted = self.code.labels(codes), None
        if self._has_mask:
            counted = self.raster.read_valid(window)
            labels[~counted] = UNLABELLED
        return MaskPart(labels, codes, counted)

    def error(self, unknown: Mapping[int, int], hint: str = "") -> DatasetError:
        """Return the error that names the most frequent of the unknown codes and their pixels."""
        frequent = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
        named = [f"{self.code.describe(code)} in {count} px" for code, count in frequent[:_NAMED_VALUES]]
        more = f" and {len(frequent) - _NAMED_VALUES} more" if len(frequent) > _NAMED_VALUES else ""
        blur = " (JPEG blurs masks: save them as PNG or TIFF)" if self.raster.driver == "JPEG" else ""
        key = self.code.key(frequent[0][0])
        return DatasetError(
            N_(
                "{path} holds {named}{more}, which no class has{hint}; say which class it is (--map "
                "'{key}=CLASSNAME', or '{key}=' to leave it out), or {remedy}{blur}",
                path=self.path,
                named=", ".join(named),
                more=more,
                hint=hint,
                key=key,
                remedy=self.code.remedy,
                blur=blur,
            )
        )
