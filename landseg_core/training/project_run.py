"""Training on the labels of a project: the labels that a run learns from, and its record in the project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.models.header import model_path
from landseg_core.project.snapshot import (
    LABELS_FOLDER,
    LabelSnapshot,
    forget_earlier_labels,
    keep_earlier_labels,
    kept_snapshot,
    labels_of_run,
    snapshot,
)
from landseg_core.runs.folder import RunFolder

if TYPE_CHECKING:
    from landseg_core.project.project import Project
    from landseg_core.training.loop import TrainResult


@contextmanager
def kept_with_its_run(run: Path) -> Iterator[None]:
    """Remove the labels in the folder of a run where the `with` block fails and leaves no model and no checkpoint."""
    files = RunFolder(run)
    with labels_of_run(run, (files.model, files.checkpoint)):
        yield


def labels_to_learn(
    project: Project,
    run: Path,
    *,
    resume: bool,
    start_from: str | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> LabelSnapshot:
    """Return the labels for a run in the folder `run`: copied there now, or those that it began with; from any thread.

    Those that the run of the model `start_from` saw, if it kept them, are copied beside them.

    Raises:
        DatasetError: nothing is labelled.
        TrainingError: the run to resume did not begin with the labels of a project.
        ProjectError: the project cannot be read.
        OutputError: the labels cannot be written.
        ModelError: there is no model to start from.
        JobStopped: the user asked for it.
    """
    if resume:
        return kept_snapshot(run / LABELS_FOLDER, {image.id: image.path for image in project.images})
    folder = run / LABELS_FOLDER
    forget_earlier_labels(folder)
    if start_from is not None:
        keep_earlier_labels(folder, model_path(start_from).parent)
    return snapshot(project, folder, on_event, control)


def record_run(project: Project, run: Path, result: TrainResult) -> None:
    """Enter a run that gave a model into its project, with the state of the labels that it saw.

    Raises:
        ProjectError: the project cannot be changed.
    """
    labels = kept_snapshot(run / LABELS_FOLDER, {})
    project.add_run(
        run.absolute(), result.bundle.architecture, result.bundle.schema.names, labels.label_state, figures(result)
    )


def figures(result: TrainResult) -> dict[str, Any]:
    """Return how good the model of a run is and after how many epochs; None where it was not validated."""
    told = result.bundle.training
    return {"miou": told.get("miou"), "accuracy": told.get("accuracy"), "epochs": told.get("epoch")}
