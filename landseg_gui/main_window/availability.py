"""What there is to work on, which decides which actions are enabled."""

from __future__ import annotations

from landseg_gui.main_window.action_rows import (
    NEEDS_COMPARISON,
    NEEDS_IMAGE,
    NEEDS_MASK,
    NEEDS_OVERLAY,
    NEEDS_PREDICTION,
    NEEDS_PROJECT,
    NEEDS_RASTER,
    NEEDS_REDO,
    NEEDS_SEVERAL,
    NEEDS_SUGGESTION,
    NEEDS_UNDO,
    NEEDS_WRITABLE,
    NEEDS_WRITABLE_PROJECT,
)
from landseg_gui.session.session import Session


def available(session: Session) -> set[str]:
    """Return which of the needs of `action_rows` are met."""
    layers, project = session.layers, session.project_session.project
    raster, masks = layers.image is not None, bool(layers.masks)
    image = session.project_session.image is not None
    changeable = project if project is not None and not project.read_only else None
    writable = changeable is not None
    met = {
        NEEDS_RASTER: raster,
        NEEDS_MASK: masks,
        NEEDS_OVERLAY: len(layers.present()) > 1,
        NEEDS_PROJECT: project is not None,
        NEEDS_WRITABLE_PROJECT: writable,
        NEEDS_IMAGE: image,
        NEEDS_WRITABLE: image and writable,
        NEEDS_PREDICTION: image and writable and masks,
        NEEDS_SUGGESTION: image and writable and layers.suggestion is not None,
        NEEDS_COMPARISON: layers.labels is not None and masks,
        NEEDS_SEVERAL: project is not None and len(project.images) > 1,
        NEEDS_UNDO: changeable is not None and changeable.history.next_undo is not None,
        NEEDS_REDO: changeable is not None and changeable.history.next_redo is not None,
    }
    return {need for need, is_met in met.items() if is_met}
