"""What tests do with a project."""

from __future__ import annotations

from typing import Any

from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.project import Project


def paint_rectangle(
    project: Project, value: int = 4, box: tuple[int, int, int, int] = (10, 20, 110, 80), image_id: int = 1
) -> None:
    """Paint a rectangle from corner to corner, as one gesture and one step."""
    edit = project.labels(image_id).begin()
    edit.paint(RectangleRegion(box[:2], box[2:]), value)
    finished = edit.finish()
    assert finished is not None
    project.record(image_id, finished, f"Paint {value}")


def class_values(project: Project, image_id: int = 1) -> Any:
    """Return all class values of an image, (H, W) uint8."""
    entry = next(entry for entry in project.images if entry.id == image_id)
    return project.labels(image_id).read(entry.grid.window)
