"""Finds an image of a project by its id, and what its file alone tells."""

from __future__ import annotations

from dataclasses import replace

from landseg_core.errors import ProjectError, RasterError
from landseg_core.events import Notice, OnEvent
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource


def image_entry(project: Project, image_id: int) -> ImageEntry:
    """Return the image of `project` with this id.

    Raises:
        ProjectError: there is none.
    """
    for image in project.images:
        if image.id == image_id:
            return image
    raise ProjectError(f"{project.path} has no image number {image_id}")


def with_control(image: ImageEntry, on_event: OnEvent) -> ImageEntry:
    """Return `image` with the control points and the RPC of its file, which a project does not keep.

    Whether an image that cannot be opened just now has any, nobody can tell: where no transform places it, `on_event`
    hears that. Those of a file of another size are for other pixels.
    """
    try:
        with RasterSource(image.path) as source:
            control = source.grid.control if source.grid.window == image.grid.window else None
            return replace(image, grid=replace(image.grid, control=control))
    except RasterError as error:
        if not image.grid.is_georeferenced:
            on_event(
                Notice(f"{error}; if {image.name} has control points or an RPC, the labels are written without them")
            )
        return image
