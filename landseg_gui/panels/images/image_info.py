"""What the list of images shows about each: how much of it is labelled, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landseg_core.labels.classes import ClassSchema
from landseg_core.project.images import ImageEntry
from landseg_gui.plain_text import plain_tip
from landseg_gui.text import area, percent, thousands, tr


@dataclass(frozen=True)
class ClassShare:
    """A class in an image: its labelled px and their share of all labelled px, 0 to 1."""

    name: str
    colour: str
    pixels: int
    share: float


@dataclass(frozen=True)
class ImageInfo:
    """One image and its labels; `ground_resolution` in m/px, or None where it is not known (yet)."""

    entry: ImageEntry
    shares: tuple[ClassShare, ...]
    ground_resolution: float | None = None

    @property
    def labelled(self) -> int:
        """Return the number of labelled px."""
        return sum(item.pixels for item in self.shares)

    def summary(self) -> str:
        """Return the line below the name."""
        if self.entry.missing:
            return tr("Missing: click to find it")
        if not self.labelled:
            return tr("Not labelled yet")
        fraction = self.labelled / (self.entry.grid.width * self.entry.grid.height)
        if fraction < 0.0005:
            return tr("less than {share} labelled", share=percent(0.001))
        return tr("{share} labelled", share=percent(fraction))

    def tip(self) -> str:
        """Return the path and size of the image, and each class with its area."""
        size = f"{thousands(self.entry.grid.width)} x {thousands(self.entry.grid.height)} px"
        return plain_tip("\n".join([str(self.entry.path), size, *map(self._line, self.shares)]))

    def _line(self, item: ClassShare) -> str:
        size = f"{thousands(item.pixels)} px"
        if self.ground_resolution:
            size += f", {area(item.pixels * self.ground_resolution**2)}"
        return f"{item.name}: {size}"


def class_shares(counts: Mapping[int, int], schema: ClassSchema) -> tuple[ClassShare, ...]:
    """Return the classes that occur, in the order of the schema, from labelled px by class value."""
    present = [(item, counts.get(item.value, 0)) for item in schema.classes]
    total = sum(count for _, count in present)
    return tuple(ClassShare(item.name, item.colour, count, count / total) for item, count in present if count > 0)
