"""Which model a project is predicted with: the one chosen for it, else that of its last run or last prediction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from landseg_core.errors import ProjectError
from landseg_core.models.header import MODEL_FILE
from landseg_core.project.project import Project
from landseg_core.project.storage.paths import found_path, is_there, stored_path
from landseg_gui.text import tr

if TYPE_CHECKING:
    from landseg_gui.session.project_session import ProjectSession

_CHOSEN = "model"


class ModelChoice(QObject):
    """The model to predict with; it belongs to the project in which it was chosen, and comes and goes with that.

    What was chosen while no project was open belongs to none. `changed`: it is another one.
    """

    changed = Signal()

    def __init__(self, projects: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._projects = projects
        self._path: Path | None = None
        self._path_without_project: Path | None = None
        projects.project_changed.connect(self._follow_project)

    @property
    def path(self) -> Path | None:
        """Return the model file (or run folder) to predict with, or None: that of the project, if one is open."""
        return self._path

    @path.setter
    def path(self, path: Path | None) -> None:
        project = self._projects.project
        if project is None:
            self._path_without_project = path
        else:
            save_model_choice(project, path)
        self._set(path)

    def _set(self, path: Path | None) -> None:
        self._path = path
        self.changed.emit()

    def give(self, owner: Path | None, path: Path) -> None:
        """Have the project `owner`, or the time without one, predict with a model, whichever is open now."""
        if owner == self._projects.owner:
            self.path = path
        elif owner is None:
            self._path_without_project = path
        else:
            refusal = tr("The new model was not stored in {project}.", project=owner.name)
            self._projects.change_project(owner, lambda project: save_model_choice(project, path), refusal)

    def drop(self) -> None:
        """Drop the model, whose file is gone; the project may have another."""
        self.path = None
        self._follow_project()

    def _follow_project(self) -> None:
        project = self._projects.project
        self._set(proposed_model(project) if project else self._path_without_project)


def save_model_choice(project: Project, model: Path | None) -> None:
    """Store which model, or run folder, the project is predicted with; None for no choice."""
    if project.failure:
        return
    with suppress(ProjectError):  # a name that is no proper text is not stored
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
