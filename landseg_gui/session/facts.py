"""What a project was like when the window was told last, so that it is told only of what has changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from landseg_core.labels.classes import ClassSchema
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project


@dataclass(frozen=True)
class ProjectFacts:
    """The parts of a project that seldom change; areas and predictions are those of one image."""

    images: tuple[ImageEntry, ...] = ()
    schema: ClassSchema | None = None
    areas: tuple[Any, ...] = ()
    predictions: tuple[Any, ...] = ()

    @classmethod
    def of(cls, project: Project | None, image: ImageEntry | None) -> ProjectFacts:
        """Return what a project is like now."""
        facts = cls(project.images, project.schema) if project else cls()
        return facts.with_image(project, image)

    def with_image(self, project: Project | None, image: ImageEntry | None) -> ProjectFacts:
        """Return these facts with what is there of another image."""
        if project is None or image is None:
            return replace(self, areas=(), predictions=())
        return replace(self, areas=project.areas(image.id), predictions=project.predictions(image.id))
