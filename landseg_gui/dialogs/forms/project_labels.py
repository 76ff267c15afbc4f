"""What the dialogs of training and predicting show of a project: its labels, and the folders of its results."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from landseg_core.data.lists import shortened
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.project.project import Project
from landseg_gui.text import pixels, tr


@dataclass(frozen=True)
class LabelSummary:
    """The labelled px of each class value in the available images, and how many of these images have labels."""

    schema: ClassSchema
    class_pixels: dict[int, int]
    labelled_images: int
    images: int

    @classmethod
    def of(cls, project: Project) -> LabelSummary:
        """Return the summary of a project as it is now."""
        counts = [project.class_pixels(image.id) for image in project.images if not image.missing]
        total: Counter[int] = Counter()
        for count in counts:
            total.update(count)
        return cls(project.schema, dict(total), sum(any(count.values()) for count in counts), len(counts))

    @property
    def pixels(self) -> int:
        """Return how many px are labelled in all."""
        return sum(self.class_pixels.values())

    def text(self) -> str:
        """Return a line of rich text: the labelled px, the images, and each class with its colour and its px."""
        total = tr(
            "{area} labelled in {labelled} of %n images:",
            n=self.images,
            one="{area} labelled in 1 image:",
            area=pixels(self.pixels),
            labelled=self.labelled_images,
        )
        known = [_class_text(item, self.class_pixels[item.value]) for item in self.schema.classes if self._has(item)]
        return " ".join([total, *known, self._lacking()])

    def _lacking(self) -> str:
        names = [item.name for item in self.schema.classes if not self._has(item)]
        return tr("Not labelled yet: {classes}.", classes=html.escape(shortened(names))) if names else ""

    def _has(self, item: LandClass) -> bool:
        return self.class_pixels.get(item.value, 0) > 0


def _class_text(item: LandClass, count: int) -> str:
    square = f'<span style="color:{item.colour}">■</span>'
    return f'<span style="white-space:nowrap">{square} {html.escape(item.name)} {pixels(count)}&nbsp;&nbsp;</span>'


def beside_project(project: Project, kind: str) -> Path:
    """Return the folder for a project's results of a `kind` (`runs`, `maps`): `NAME-runs` next to its file."""
    return project.path.with_name(f"{project.path.stem}-{kind}")
