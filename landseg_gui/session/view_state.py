"""What a project stores about the window: the image in it, the position and zoom of every image, the active class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landseg_core.project.project import Project
from landseg_gui.viewer.frame import ViewFrame

_WINDOW = "window"
_HIDDEN = "hidden_images"


@dataclass(frozen=True)
class ViewPosition:
    """The raster position (px) in the middle of the viewport, and the zoom in device px per raster px."""

    column: float
    row: float
    scale: float

    @classmethod
    def of(cls, frame: ViewFrame) -> ViewPosition:
        """Return the position that a frame shows."""
        return cls(*frame.to_raster(frame.width / 2, frame.height / 2), frame.scale)


def save_position(project: Project, image_id: int, position: ViewPosition | None) -> None:
    """Save the position in an image; None clears it, so that the whole image is shown."""
    project.set_view_state(
        _position_key(image_id), [position.column, position.row, position.scale] if position else None
    )


def load_position(project: Project, image_id: int) -> ViewPosition | None:
    """Return the saved position in an image, or None if there is none."""
    match project.view_state(_position_key(image_id)):
        case [float() | int() as column, float() | int() as row, float() | int() as scale] if (
            all(map(math.isfinite, (column, row, scale))) and scale > 0
        ):
            return ViewPosition(column, row, scale)
    return None


def save_window(project: Project, image_id: int, active_value: int) -> None:
    """Store which image is in the window, and the class that is painted with."""
    project.set_view_state(_WINDOW, {"image": image_id, "active_value": active_value})


def load_window(project: Project) -> Mapping[str, Any]:
    """Return `image` and `active_value` as far as they are known; they may no longer exist."""
    state = project.view_state(_WINDOW)
    return state if isinstance(state, dict) else {}


def hidden_images(project: Project) -> frozenset[int]:
    """Return the ids of the hidden images, which Next, Previous and Predict All skip."""
    state = project.view_state(_HIDDEN)
    return frozenset(number for number in state if isinstance(number, int)) if isinstance(state, list) else frozenset()


def set_image_hidden(project: Project, image_id: int, *, hidden: bool) -> None:
    """Hide or show an image."""
    others = hidden_images(project) - {image_id}
    project.set_view_state(_HIDDEN, sorted(others | {image_id} if hidden else others))


def _position_key(image_id: int) -> str:
    return f"place/{image_id}"
