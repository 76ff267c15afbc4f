"""Which model a project is predicted with: the one chosen for it, else that of its last run or last prediction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.models.header import MODEL_FILE
from landseg_core.project.project import Project
from landseg_core.project.storage.paths import found_path, is_there, stored_path

_CHOSEN = "model"


def remember_model(project: Project, model: Path | None) -> None:
    """Keep which model, or run folder, the project is predicted with; None forgets it."""
    if project.failure:
        return
    with suppress(ProjectError):  # a name that is no proper text is not kept
        project.set_view_state(_CHOSEN, stored_path(model, project.path.parent) if model else None)


def proposed_model(project: Project) -> Path | None:
    """Return the model to predict with, None where the project has none that is still there."""
    return next(filter(is_there, _candidates(project)), None)


def _candidates(project: Project) -> Iterator[Path]:
    chosen = project.view_state(_CHOSEN)
    if isinstance(chosen, str):
        yield found_path(chosen, project.path.parent)
    yield from (run.folder / MODEL_FILE for run in reversed(project.runs))
    predictions = [entry for image in project.images for entry in project.predictions(image.id)]
    yield from (entry.model for entry in sorted(predictions, key=lambda entry: -entry.id) if entry.model)
