"""Finds an image of a project by its id."""

from __future__ import annotations

from landseg_core.errors import ProjectError
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project


def image_entry(project: Project, image_id: int) -> ImageEntry:
    """Return the image of `project` with this id.

    Raises:
        ProjectError: there is none.
    """
    for image in project.images:
        if image.id == image_id:
            return image
    raise ProjectError(f"{project.path} has no image number {image_id}")
