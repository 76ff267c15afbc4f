"""What values of masks take away from the labels: 255, declared nodata, transparency; and numbers shifted by one."""

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

LITTLE = 0.01
"""What takes away no more than this share of the px of masks is said, but not how to keep it."""


class SpecialValue(NamedTuple):
    """A value that is unlabelled: as it stands in a mapping, why, and the class that has it otherwise, if any."""

    key: str
    reason: Reason
    class_name: str


@dataclass
class ValueTally:
    """Counts what masks hold, part by part.

    Attributes:
        pixels: all of them.
        hidden: those under a transparent alpha or a mask band.
        special: those of each value that is unlabelled though nobody has said so for these masks.
        zeros: those of value 0 that are not declared as nodata.
        present: (256,) those of each class index, 255 and `UNKNOWN` included.
        are_values: whether the numbers of the masks are class values.
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
        """Add what another tally has counted."""
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
        """Return how many px hold 255 where no file declares it as nodata."""
        return sum(count for value, count in self.special.items() if value.reason == "reserved")

    @property
    def is_binary(self) -> bool:
        """Tell whether the masks hold 255, which no file declares as nodata, and beside it only 0 or nothing."""
        return bool(self.reserved) and self.zeros + self.special.total() + self.hidden == self.pixels

    def binary_sentence(self, masks_hold: str) -> str:
        """Return what to say where `is_binary`; `masks_hold` is the sentence's beginning, such as "m.png holds"."""
        return (
            f"{masks_hold} only {'0 and 255' if self.zeros else '255'}, and 255 counts as unlabelled, so that "
            f"{self._amount(self.reserved)} would be lost; say what it is with --map 255=CLASS, or --map 255= to leave "
            "it out"
        )

    def notices(self, masks_hold: str, schema: ClassSchema) -> Iterator[str]:
        """Yield what the user should know of masks that fit the classes."""
        parts = [f"{_described(value)} in {self._amount(count)}" for value, count in self.special.most_common()]
        parts += [f"no data in {self._amount(self.hidden)}"] if self.hidden else []
        if parts:
            yield f"{masks_hold} {_listed(parts)}, which count as unlabelled{self._how_to_keep()}"
        if self.seems_shifted(schema):
            lowest = min(schema.classes, key=lambda item: item.value)
            yield f"{masks_hold} no {lowest.value} ({lowest.name}){shift_hint(schema, 1)}"

    def unknown_hint(self, unknown: Collection[int], schema: ClassSchema) -> str:
        """Return what may explain values that no class has, as the part of a sentence; nothing where nothing does."""
        if not self.are_values or not _are_in_a_row(schema):
            return ""
        values = sorted(schema.values)
        for shift, stranger, absent in ((1, values[-1] + 1, values[0]), (-1, values[0] - 1, values[-1])):
            if set(unknown) == {stranger} and not self.present[schema.values.index(absent)]:
                return shift_hint(schema, shift)
        return ""

    def _amount(self, count: int) -> str:
        return f"{count} px ({share(count, self.pixels)})"

    def _how_to_keep(self) -> str:
        keys = [value.key for value, count in self.special.most_common() if count > LITTLE * self.pixels]
        return f"; to keep such pixels give {' '.join(f'--map {_quoted(key)}=CLASS' for key in keys[:3])}" * bool(keys)

    def seems_shifted(self, schema: ClassSchema) -> bool:
        """Tell whether masks may count classes from 1 that begin at 0: 0 is not there, and of the others most are."""
        if not self.are_values or not _are_in_a_row(schema) or min(schema.values) != 0:
            return False
        if self.zeros or any(value.key == "0" for value in self.special):
            return False
        there = {value: self.present[index] > 0 for index, value in enumerate(schema.values)}
        return bool(there[1] and sum(there.values()) >= max(2, len(there) // 2))


def _are_in_a_row(schema: ClassSchema) -> bool:
    """Tell whether three classes or more have values in a row: of fewer nobody can tell that they are shifted."""
    return len(schema) >= 3 and max(schema.values) - min(schema.values) == len(schema) - 1


def shift_hint(schema: ClassSchema, shift: int) -> str:
    """Return what to do where the values of masks seem to be those of the classes and `shift` more."""
    classes = sorted(schema.classes, key=lambda item: item.value)
    maps = [f"--map {item.value + shift}={_quoted(item.name)}" for item in classes]
    return f"; the values may be shifted by one: if so, give {maps[0]} {maps[1]} and so on to {maps[-1]}"


def share(count: int, total: int) -> str:
    """Return a share in per cent: `3.2 %`, `< 0.1 %`."""
    percent = 100 * count / max(1, total)
    return f"{percent:.1f} %" if percent >= 0.05 else "< 0.1 %"


def _described(value: SpecialValue) -> str:
    name = f" ({value.class_name})" if value.class_name else ""
    before = {"reserved": "", "nodata": "the declared nodata ", "transparent": "the transparent entry "}[value.reason]
    return f"{before}{value.key}{name}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _quoted(text: str) -> str:
    """Return a text as a shell takes it for one word."""
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
