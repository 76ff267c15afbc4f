"""Values of masks that count as unlabelled: 255, declared nodata, transparency; and values shifted by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.coding import Codes, MaskCode, Reason
from landseg_core.labels.masks.reader import MaskPart
from landseg_core.messages import N_, Text, listed

LITTLE = 0.01
"""Unlabelled values in no more than this fraction of the px are reported, but not how to keep them."""


class SpecialValue(NamedTuple):
    """A value that is unlabelled: as written in a mapping, why, and the class that would have it, if any."""

    key: str
    reason: Reason
    class_name: str


@dataclass
class ValueTally:
    """Counts the values of masks, part by part.

    Attributes:
        pixels: all of them.
        hidden: those under a transparent alpha or a mask band.
        special: those of each value that is unlabelled without the user's mapping.
        zeros: those of value 0 that are not declared as nodata.
        present: (256,) those of each class index, 255 and `UNKNOWN` included.
        are_values: whether the codes of the masks are class values.
    """

    pixels: int = 0
    hidden: int = 0
    zeros: int = 0
    special: Counter[SpecialValue] = field(default_factory=Counter)
    present: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    are_values: bool = True

    def add(self, code: MaskCode, part: MaskPart) -> None:
        """Count a part of a mask that is read by `code`."""
        codes = part.codes if part.counted is None else part.codes[part.counted]
        counts = _counts(codes, {0, *code.special})
        self.pixels += part.labels.size
        self.hidden += part.labels.size - codes.size
        self.zeros += counts[0] if 0 not in code.special else 0
        for value, reason in code.special.items():
            if counts[value]:
                self.special[SpecialValue(code.key(value), reason, code.classes.get(value, ""))] += counts[value]
        self.present += histogram(part.labels)
        self.are_values &= code.are_values

    def join(self, other: ValueTally) -> None:
        """Add the counts of another tally."""
        self.pixels, self.hidden, self.zeros = (
            self.pixels + other.pixels,
            self.hidden + other.hidden,
            self.zeros + other.zeros,
        )
        self.special.update(other.special)
        self.present += other.present
        self.are_values &= other.are_values

    @property
    def reserved(self) -> int:
        """Return how many px have the value 255 without its being declared as nodata."""
        return sum(count for value, count in self.special.items() if value.reason == "reserved")

    @property
    def is_binary(self) -> bool:
        """Return whether the masks hold 255, which is not declared as nodata, and otherwise only 0 or nothing."""
        return bool(self.reserved) and self.zeros + self.special.total() + self.hidden == self.pixels

    def binary_sentence(self, masks: str) -> Text:
        """Return the sentence about `masks`, a path or a noun, that hold only 255 and 0, see `is_binary`."""
        lost = self._amount(self.reserved)
        if self.zeros:
            return N_(
                "{masks}: the only values are 0 and 255, and 255 counts as unlabelled, so {lost} would be lost; choose "
                "its class with --map 255=CLASS, or --map 255= to leave it out",
                masks=masks,
                lost=lost,
            )
        return N_(
            "{masks}: the only value is 255, which counts as unlabelled, so {lost} would be lost; choose its class "
            "with --map 255=CLASS, or --map 255= to leave it out",
            masks=masks,
            lost=lost,
        )

    def notices(self, masks: str, schema: ClassSchema) -> Iterator[Text]:
        """Yield what the user should know about `masks`, a path or a noun, whose values all have a class."""
        parts = [
            N_("{value} in {amount}", value=_described(value), amount=self._amount(count))
            for value, count in self.special.most_common()
        ]
        if self.hidden:
            parts.append(N_("no data in {amount}", amount=self._amount(self.hidden)))
        if parts:
            yield self._unlabelled_notice(masks, listed(parts))
        if self.seems_shifted(schema):
            lowest = min(schema.classes, key=lambda item: item.value)
            yield N_(
                "{masks}: no pixel has the value {value} ({name}){hint}",
                masks=masks,
                value=lowest.value,
                name=lowest.name,
                hint=shift_hint(schema, 1),
            )

    def _unlabelled_notice(self, masks: str, values: Text) -> Text:
        keys = [value.key for value, count in self.special.most_common() if count > LITTLE * self.pixels]
        if not keys:
            return N_("{masks}: counted as unlabelled: {values}", masks=masks, values=values)
        return N_(
            "{masks}: counted as unlabelled: {values}; to keep such pixels give {options}",
            masks=masks,
            values=values,
            options=" ".join(f"--map {_quoted(key)}=CLASS" for key in keys[:3]),
        )

    def unknown_hint(self, unknown: Collection[int], schema: ClassSchema) -> str:
        """Return what may explain values that no class has, to be appended to a sentence; "" if nothing does."""
        if not self.are_values or not _are_in_a_row(schema):
            return ""
        values = sorted(schema.values)
        for shift, outside, absent in ((1, values[-1] + 1, values[0]), (-1, values[0] - 1, values[-1])):
            if set(unknown) == {outside} and not self.present[schema.values.index(absent)]:
                return shift_hint(schema, shift)
        return ""

    def _amount(self, count: int) -> str:
        return f"{count} px ({share(count, self.pixels)})"

    def seems_shifted(self, schema: ClassSchema) -> bool:
        """Return whether the masks may number from 1 classes that start at 0: 0 is absent, most others are present."""
        if not self.are_values or not _are_in_a_row(schema) or min(schema.values) != 0:
            return False
        if self.zeros or any(value.key == "0" for value in self.special):
            return False
        present = {value: self.present[index] > 0 for index, value in enumerate(schema.values)}
        return bool(present[1] and sum(present.values()) >= max(2, len(present) // 2))


def _are_in_a_row(schema: ClassSchema) -> bool:
    """Return whether three or more classes have consecutive values: with fewer, a shift cannot be recognised."""
    return len(schema) >= 3 and max(schema.values) - min(schema.values) == len(schema) - 1


def shift_hint(schema: ClassSchema, shift: int) -> Text:
    """Return what to do if the values of masks seem to be those of the classes plus `shift`; to be appended."""
    classes = sorted(schema.classes, key=lambda item: item.value)
    maps = [f"--map {item.value + shift}={_quoted(item.name)}" for item in classes]
    return N_(
        "; the values may be shifted by one: if so, give {first} {second} and so on to {last}",
        first=maps[0],
        second=maps[1],
        last=maps[-1],
    )


def share(count: int, total: int) -> str:
    """Return a fraction in per cent: `3.2 %`, `< 0.1 %`."""
    percent = 100 * count / max(1, total)
    return f"{percent:.1f} %" if percent >= 0.05 else "< 0.1 %"


def _described(value: SpecialValue) -> str:
    shown = f"{value.key} ({value.class_name})" if value.class_name else value.key
    if value.reason == "nodata":
        return N_("the declared nodata {value}", value=shown)
    return N_("the transparent entry {value}", value=shown) if value.reason == "transparent" else shown


def _quoted(text: str) -> str:
    """Return a text quoted as one word for a shell."""
    return text if text.replace("-", "").replace("_", "").isalnum() else f"'{text}'"


def _counts(codes: Codes, wanted: Collection[int]) -> Counter[int]:
    """Return how many of `codes` are each of the `wanted` ones."""
    if codes.dtype == np.uint8:
        found = histogram(codes)
        return Counter({code: int(found[code]) for code in wanted if 0 <= code < 256})
    return Counter({code: int(np.count_nonzero(codes == code)) for code in wanted})


def histogram(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return (256,) counts; OpenCV counts three times faster than numpy, in floats that are exact up to 2^24."""
    if not values.size:
        return np.zeros(256, np.int64)
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel(), np.int64)
