"""The meaning of the pixels of a mask.

A mask is one band of whole numbers (each is the value of a class), one band with a palette, or three 8-bit colour
bands. The rules:

- one band: the pixel is the class value; 255 is unlabelled;
- palette: *the colours decide, not the numbers*, since many programs number a palette arbitrarily: a pixel belongs to
  the class of exactly its colour. Number 255 is unlabelled. A palette that is a plain grey ramp (entry n is grey n) is
  ignored, and the numbers count;
- colour: a pixel belongs to the class of exactly its colour;
- in any kind, what the file declares as nodata or as transparent is unlabelled, even if a class has that value or
  colour;
- the user's mapping of a value (`--map`) overrides all of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.errors import DatasetError
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.value_mapping import colour_code, colour_text
from landseg_core.messages import N_, Text
from landseg_core.raster.source import RasterSource

UNKNOWN = 254
"""The label of a pixel that belongs to no class; a schema has at most 250 classes, so no index is as high."""

Codes = npt.NDArray[Any]
"""(H, W) whole numbers: values, numbers of palette entries, or the `colour_code` of colours."""
Palette = dict[int, tuple[int, int, int]]
Reason = Literal["reserved", "nodata", "transparent"]
"""Why a code is unlabelled: 255 always is, or the file declares it as nodata or as transparent."""


@dataclass(frozen=True)
class MaskCode:
    """The meaning of a mask's pixels: `known` maps a code (a value, or that of a colour) to a class index or 255.

    `special` are the codes that are unlabelled by default, without the user's mapping, `classes` the names of classes
    with the value or the colour of such a code. `key` writes a code as in a mapping, before the =, `remedy` says what
    to do about a code that no class has. `are_values`: the codes are class values.
    """

    known: Mapping[int, int]
    encode: Callable[[npt.NDArray[Any]], Codes]
    describe: Callable[[int], Text]
    remedy: str = ""
    special: Mapping[int, Reason] = field(default_factory=dict)
    classes: Mapping[int, str] = field(default_factory=dict)
    key: Callable[[int], str] = str
    are_values: bool = False

    def labels(self, codes: Codes) -> npt.NDArray[np.uint8]:
        """Return (H, W) class indices of (H, W) codes, 255 for unlabelled and `UNKNOWN` for any other code."""
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

    def with_special(self, special: Mapping[int, Reason]) -> MaskCode:
        """Return the code with these `special` codes unlabelled, whatever class they had before."""
        return replace(self, known={**self.known, **dict.fromkeys(special, UNLABELLED)}, special=special)

    def mapped(self, mapping: Mapping[int, int]) -> MaskCode:
        """Return the code with the user's mapping: the class index of some codes, or 255 to leave one out."""
        special = {code: reason for code, reason in self.special.items() if code not in mapping}
        are_values = self.are_values and not mapping
        return replace(self, known={**self.known, **mapping}, special=special, are_values=are_values)


def unknown_codes(codes: Codes, labels: npt.NDArray[np.uint8]) -> dict[int, int]:
    """Return how many pixels have each code that no class has, given the `labels` of these pixels."""
    if not (labels == UNKNOWN).any():
        return {}
    found, counts = np.unique(codes[labels == UNKNOWN], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def mask_code(raster: RasterSource, schema: ClassSchema) -> MaskCode:
    """Return how the pixels of `raster` are read; see the rules above.

    Raises:
        DatasetError: the raster cannot be a mask, or two classes share a colour where colours decide.
    """
    bands = len(raster.data_bands)
    if bands == 1 and raster.dtype.kind in "iu":
        palette = _palette(raster)
        code = _palette_code(raster.path, palette, schema) if _has_colour(palette) else _value_code(schema)
        return code.with_special(special_numbers(raster))
    if bands == 3 and raster.dtype == np.uint8:
        return _colour_code(raster, schema)
    raise DatasetError(
        N_(
            "{path} is not a mask: it has %n bands of {dtype}; save it as one band of whole numbers (class values) or "
            "as 8-bit RGB in the colours of the classes",
            n=bands,
            one="{path} is not a mask: it has 1 band of {dtype}; save it as one band of whole numbers (class values) "
            "or as 8-bit RGB in the colours of the classes",
            path=raster.path,
            dtype=raster.dtype,
        )
    )


def special_numbers(raster: RasterSource) -> dict[int, Reason]:
    """Return the numbers that a mask of one band leaves unlabelled: 255, transparent entries, declared nodata."""
    special: dict[int, Reason] = {UNLABELLED: "reserved"}
    if raster.colour_table is not None:
        special |= dict.fromkeys(np.flatnonzero(raster.colour_table[:, 3] == 0).tolist(), "transparent")
    nodata = _whole(raster.nodata)
    return special | ({nodata: "nodata"} if nodata is not None else {})


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and float(number).is_integer() else None


def _palette(raster: RasterSource) -> Palette:
    """Return the colour of each opaque palette entry; empty where there is no palette."""
    if raster.colour_table is None:
        return {}
    entries = enumerate(raster.colour_table.tolist())
    return {value: (red, green, blue) for value, (red, green, blue, alpha) in entries if alpha > 0}


def _has_colour(palette: Palette) -> bool:
    return any(rgb != (value, value, value) for value, rgb in palette.items())


def _value_code(schema: ClassSchema) -> MaskCode:
    return MaskCode(
        {item.value: index for index, item in enumerate(schema.classes)},
        lambda pixels: pixels[0],
        lambda code: N_("the value {value}", value=code),
        N_("add it to the class file or correct the mask (255 = unlabelled)"),
        classes=dict(zip(schema.values, schema.names, strict=True)),
        are_values=True,
    )


def _palette_code(path: Path, palette: Palette, schema: ClassSchema) -> MaskCode:
    indices = _indices_by_colour(path, schema)
    known = {value: indices[colour_code(*rgb)] for value, rgb in palette.items() if colour_code(*rgb) in indices}

    def describe(code: int) -> Text:
        if code not in palette:
            return N_("the palette entry {number}", number=code)
        colour = colour_text(colour_code(*palette[code]))
        return N_("the palette colour {colour} (number {number})", colour=colour, number=code)

    return MaskCode(
        known,
        lambda pixels: pixels[0],
        describe,
        N_(
            "give a class this colour in the class file, or save the mask without a palette as one band of class values"
        ),
        classes={code: schema.names[index] for code, index in known.items()},
    )


def _colour_code(raster: RasterSource, schema: ClassSchema) -> MaskCode:
    indices = _indices_by_colour(raster.path, schema)
    code = MaskCode(
        indices,
        lambda pixels: colour_code(*pixels.astype(np.int32)),
        lambda code: N_("the colour {colour}", colour=colour_text(code)),
        N_("give a class this colour in the class file or correct the mask (transparent = unlabelled)"),
        classes={code: schema.names[index] for code, index in indices.items()},
        key=colour_text,
    )
    return code.with_special(_special_colours(raster))


def _special_colours(raster: RasterSource) -> dict[int, Reason]:
    """Return the colour that is declared as nodata, if there is one."""
    parts = [_whole(nodata) for nodata in raster.band_nodata]
    colour = [part for part in parts if part is not None and 0 <= part <= 255]
    return {colour_code(*colour): "nodata"} if len(colour) == 3 else {}


def _indices_by_colour(path: Path, schema: ClassSchema) -> dict[int, int]:
    indices: dict[int, int] = {}
    for index, item in enumerate(schema.classes):
        twin = indices.setdefault(colour_code(*item.rgb), index)
        if twin != index:
            raise DatasetError(
                N_(
                    "{path} is a mask of colours, but the classes {first} and {second} share the colour {colour}; give "
                    "them different colours in the class file",
                    path=path,
                    first=schema.names[twin],
                    second=item.name,
                    colour=item.colour,
                )
            )
    return indices
