"""Masks of any common kind, read as class indices.

A mask is one band of whole numbers (each is the value of a class), one band with a palette, or three 8-bit colour
bands. The rules:

- one band: the pixel is the class value; 255 is unlabelled, and so is a declared nodata value that no class has;
- palette: *the colours decide, not the numbers*, since many programs number a palette as they like: a pixel belongs to
  the class of exactly its colour. Transparent entries and number 255 are unlabelled. A palette that is a plain grey
  ramp (entry n is grey n) says nothing, and the numbers count;
- colour: a pixel belongs to the class of exactly its colour; a declared nodata colour that no class has is unlabelled;
- whatever the kind, pixels under a transparent alpha or a mask band are unlabelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.raster.source import RasterSource

UNKNOWN = 254
"""Stands for a pixel that belongs to no class; a schema has at most 250 classes, so no index is as high."""

Palette = dict[int, tuple[int, int, int]]


@dataclass(frozen=True)
class MaskCode:
    """What the pixels of a mask stand for: `known` maps a code (a value, or 0xRRGGBB) to a class index or 255."""

    known: Mapping[int, int]
    encode: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    describe: Callable[[int], str]
    remedy: str

    def labels(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return (H, W) class indices of (C, H, W) pixels, 255 for unlabelled and `UNKNOWN` for any other code."""
        codes = self.encode(pixels)
        if codes.dtype == np.uint8:
            return np.asarray(cv2.LUT(codes, self._table()), np.uint8)  # four times faster than numpy's indexing
        keys = np.array(sorted(self.known), np.int64)
        found = np.searchsorted(keys, codes).clip(max=len(keys) - 1)
        indices = np.array([self.known[int(key)] for key in keys], np.uint8)
        return np.where(keys[found] == codes, indices[found], np.uint8(UNKNOWN))

    def _table(self) -> npt.NDArray[np.uint8]:
        table = np.full(256, UNKNOWN, np.uint8)
        for code, index in self.known.items():
            if 0 <= code < len(table):
                table[code] = index
        return table

    def strangers(self, pixels: npt.NDArray[Any], labels: npt.NDArray[np.uint8]) -> dict[int, int]:
        """Return how many pixels hold each code that no class has, given the `labels` of these pixels."""
        codes, counts = np.unique(self.encode(pixels)[labels == UNKNOWN], return_counts=True)
        return dict(zip(codes.tolist(), counts.tolist(), strict=True))


class MaskSource:
    """A mask opened for reading as class indices; safe to share between threads, as its raster is.

    Raises:
        RasterError: the file cannot be opened.
        DatasetError: its bands or its type cannot be a mask, or its colours are ambiguous.
    """

    def __init__(self, path: Path, schema: ClassSchema) -> None:
        self.path = path
        self.raster = RasterSource(path)
        self.code = mask_code(self.raster, schema)
        # A nodata value may be that of a class (see above), so it is up to the code; alpha and mask bands are not.
        self._has_mask = self.raster.nodata is None and not self.raster.all_valid

    def read(self, window: PixelWindow) -> npt.NDArray[np.uint8]:
        """Return (H, W) class indices, 255 where unlabelled.

        Raises:
            DatasetError: a pixel holds what no class has.
        """
        labels, strangers = self.read_unchecked(window)
        if strangers:
            raise self.error(strangers)
        return labels

    def read_unchecked(self, window: PixelWindow) -> tuple[npt.NDArray[np.uint8], dict[int, int]]:
        """Return (H, W) class indices, `UNKNOWN` included, and how many pixels hold each unknown code."""
        pixels = self.raster.read(window)
        labels = self.code.labels(pixels)
        if self._has_mask:
            labels[~self.raster.read_valid(window)] = UNLABELLED
        return labels, self.code.strangers(pixels, labels) if (labels == UNKNOWN).any() else {}

    def error(self, strangers: Mapping[int, int]) -> DatasetError:
        """Return the error that names the most frequent of the unknown codes and their pixels."""
        frequent = sorted(strangers.items(), key=lambda item: (-item[1], item[0]))
        named = [f"{self.code.describe(code)} in {count} px" for code, count in frequent[:3]]
        more = f" and {len(frequent) - 3} more" if len(frequent) > 3 else ""
        blur = " (JPEG blurs masks: save them as PNG or TIFF)" if self.raster.driver == "JPEG" else ""
        return DatasetError(f"{self.path} holds {', '.join(named)}{more}, which no class has; {self.code.remedy}{blur}")


def mask_code(raster: RasterSource, schema: ClassSchema) -> MaskCode:
    """Return how the pixels of `raster` are read; see the rules above.

    Raises:
        DatasetError: the raster cannot be a mask, or two classes share a colour where colours decide.
    """
    bands = len(raster.data_bands)
    if bands == 1 and raster.dtype.kind in "iu":
        palette = _palette(raster)
        return _palette_code(raster.path, palette, schema) if _has_colour(palette) else _value_code(raster, schema)
    if bands == 3 and raster.dtype == np.uint8:
        return _colour_code(raster, schema)
    raise DatasetError(
        f"{raster.path} is no mask: it has {bands} band(s) of {raster.dtype}; "
        "save it as one band of whole numbers (class values) or as 8-bit RGB in the colours of the classes"
    )


def _palette(raster: RasterSource) -> Palette:
    """Return the colour of each opaque palette entry; empty where there is no palette."""
    if raster.colour_table is None:
        return {}
    entries = enumerate(raster.colour_table.tolist())
    return {value: (red, green, blue) for value, (red, green, blue, alpha) in entries if alpha > 0}


def _has_colour(palette: Palette) -> bool:
    return any(rgb != (value, value, value) for value, rgb in palette.items())


def _value_code(raster: RasterSource, schema: ClassSchema) -> MaskCode:
    known = {UNLABELLED: UNLABELLED}
    if raster.nodata is not None and float(raster.nodata).is_integer():
        known[int(raster.nodata)] = UNLABELLED
    return MaskCode(
        known | {item.value: index for index, item in enumerate(schema.classes)},
        lambda pixels: pixels[0],
        lambda code: f"the value {code}",
        "add it to the class file or correct the mask (255 = unlabelled)",
    )


def _palette_code(path: Path, palette: Palette, schema: ClassSchema) -> MaskCode:
    indices = _indices_by_colour(path, schema)
    known = {value: indices[_pack(*rgb)] for value, rgb in palette.items() if _pack(*rgb) in indices}
    transparent = dict.fromkeys(set(range(256)) - set(palette), UNLABELLED)
    return MaskCode(
        known | transparent | {UNLABELLED: UNLABELLED},
        lambda pixels: pixels[0],
        lambda code: f"the palette colour {_hex(_pack(*palette[code]))} (number {code})",
        "give a class this colour in the class file, or save the mask without a palette as one band of class values",
    )


def _colour_code(raster: RasterSource, schema: ClassSchema) -> MaskCode:
    known = {}
    if raster.nodata is not None and float(raster.nodata).is_integer() and 0 <= raster.nodata <= 255:
        known[_pack(*[int(raster.nodata)] * 3)] = UNLABELLED
    return MaskCode(
        known | _indices_by_colour(raster.path, schema),
        lambda pixels: _pack(*pixels.astype(np.int32)),
        lambda code: f"the colour {_hex(code)}",
        "give a class this colour in the class file or correct the mask (transparent = unlabelled)",
    )


def _indices_by_colour(path: Path, schema: ClassSchema) -> dict[int, int]:
    indices: dict[int, int] = {}
    for index, item in enumerate(schema.classes):
        twin = indices.setdefault(_pack(*item.rgb), index)
        if twin != index:
            raise DatasetError(
                f"{path} is a mask of colours, but the classes {schema.names[twin]} and {item.name} share the colour "
                f"{item.colour}; give them different colours in the class file"
            )
    return indices


def _pack(red: Any, green: Any, blue: Any) -> Any:
    """Return 0xRRGGBB of numbers or of arrays."""
    return (red << 16) | (green << 8) | blue


def _hex(colour: int) -> str:
    return f"#{colour:06x}"
