"""What is in a file that may be imported as labels, so that the user can choose the class of each value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from landseg_core.errors import InterchangeError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.import_mask import mask_rule
from landseg_core.formats.import_vector import class_field, known_texts
from landseg_core.formats.mask_on_image import MaskOnImage
from landseg_core.formats.vector.polygon_file import PolygonFile
from landseg_core.geo.tiling import pieces
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.coding import MaskCode
from landseg_core.labels.masks.reader import MaskPart
from landseg_core.labels.masks.value_counts import ValueTally
from landseg_core.messages import N_
from landseg_core.progress import ProgressMeter
from landseg_core.raster.source import RasterSource

_PIECE = 2048
_MOST_VALUES = 1000


@dataclass(frozen=True)
class SourceValue:
    """A value of a file: its `key` in a mapping, its `text` for people, in how many px or polygons it occurs.

    `suggestion` is the class that it becomes unless a mapping says otherwise, "" where it is not known or stays
    unlabelled, None where the user has to choose; `colour` (#rrggbb) is its own, where it has one.
    """

    key: str
    text: str
    count: int
    suggestion: str | None
    colour: str | None = None


@dataclass(frozen=True)
class SourceInfo:
    """What a file holds: `values` of a mask, or those of each field (`attributes`) of polygons.

    `attribute` is the field that holds the class unless another is named; None where none does. `may_be_shifted`: the
    values of a mask may count the classes from 1 while the classes start at 0, or the other way round.
    """

    kind: Literal["mask", "polygons"]
    values: tuple[SourceValue, ...] = ()
    attributes: Mapping[str, tuple[SourceValue, ...]] = field(default_factory=dict)
    attribute: str | None = None
    may_be_shifted: bool = False


def describe_mask(
    source: Path, schema: ClassSchema, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> SourceInfo:
    """Return the values of a mask and how many pixels hold each, those that stay unlabelled included.

    Raises:
        RasterError, DatasetError: the file is not a mask.
        InterchangeError: it holds so many values that it must be a photo.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    with RasterSource(source) as raster:
        rule = mask_rule(raster, schema, {})
        mask = MaskOnImage(raster, raster.grid)
        meter = ProgressMeter(N_("reading {file}", file=source.name), mask.window.pixels, on_event)
        counts, tally = Counter[int](), ValueTally()
        for part in pieces(mask.window, _PIECE, _PIECE):
            control.checkpoint()
            pixels, covered = mask.read(part)
            codes = rule.encode(pixels)
            tally.add(rule, MaskPart(rule.labels(codes), codes, covered))
            codes, found = np.unique(codes[covered], return_counts=True)
            counts.update(dict(zip(codes.tolist(), found.tolist(), strict=True)))
            _refuse_photo(source, counts)
            meter.add(part.pixels)
        unknown = counts.keys() - rule.known.keys()
        return SourceInfo(
            "mask",
            tuple(_mask_values(raster, rule, schema, counts, tally.is_binary)),
            may_be_shifted=tally.seems_shifted(schema) or bool(tally.unknown_hint(unknown, schema)),
        )


def _refuse_photo(source: Path, counts: Mapping[int, int]) -> None:
    if len(counts) > _MOST_VALUES:
        raise InterchangeError(
            N_(
                "{path} holds more than {most} different values, as a photo does; choose a mask of class values",
                path=source,
                most=_MOST_VALUES,
            )
        )


def _mask_values(
    raster: RasterSource, rule: MaskCode, schema: ClassSchema, counts: Mapping[int, int], is_binary: bool
) -> Iterator[SourceValue]:
    names: dict[int | None, str | None] = {None: "", UNLABELLED: "", **dict(enumerate(schema.names))}
    for code, count in sorted(counts.items()):
        reason = rule.special.get(code)
        undecided = is_binary and reason == "reserved"
        suggestion = None if undecided else names[rule.known.get(code)]
        yield SourceValue(rule.key(code), _value_text(rule, code), count, suggestion, _colour(raster, rule, code))


def _value_text(rule: MaskCode, code: int) -> str:
    text, reason = rule.describe(code).removeprefix("the "), rule.special.get(code)
    if reason == "nodata":
        return N_("{value} (declared as nodata)", value=text)
    return N_("{value} (transparent)", value=text) if reason == "transparent" else text


def _colour(raster: RasterSource, rule: MaskCode, code: int) -> str | None:
    if len(raster.data_bands) > 1:
        return rule.key(code)
    table = raster.colour_table
    return None if table is None else "#" + bytes(table[code, :3].tolist()).hex()


def describe_polygons(
    source: Path, schema: ClassSchema, _on_event: OnEvent = ignore_event, _control: JobControl | None = None
) -> SourceInfo:
    """Return the values of each field of the polygons of a file, and how many polygons hold each.

    Raises:
        InterchangeError: the file is not one of polygons.
    """
    polygons = PolygonFile(source).read()
    known = known_texts(schema, {})
    attributes = {
        name: tuple(
            SourceValue(text, text or N_("no value"), count, schema.names[known[text]] if text in known else "")
            for text, count in sorted(Counter(polygons.texts(name)).items())
        )
        for name in polygons.fields
    }
    return SourceInfo("polygons", attributes=attributes, attribute=class_field(polygons, schema, {}))
