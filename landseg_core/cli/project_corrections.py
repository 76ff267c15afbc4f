"""`landseg project correct` and `corrections`: what labels teach about a model, without training it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Model
from landseg_core.cli.output import say
from landseg_core.cli.project_options import ProjectFile, editable


def correct(
    file: ProjectFile,
    model: Model,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Device to compute on.")] = "auto",
) -> None:
    """Correct a model with the labels of the project, in seconds, and keep the correction in the project.

    The model file stays as it is. `landseg predict --corrections FILE` and `evaluate` use the correction.
    """
    from landseg_core.assistant.correcting import correct_model, keep_correction
    from landseg_core.models.bundle import ModelBundle

    with editable(file) as project:
        bundle = ModelBundle.load(model)
        fitted = run_job(partial(correct_model, project, bundle, device))
        entry = keep_correction(project, bundle, fitted.head)
    images = "1 image" if fitted.images == 1 else f"{fitted.images} images"
    say(f"{file}: correction {entry.id} of {entry.model}, fitted to {fitted.pixels} px of {images}")


def corrections(
    file: ProjectFile,
    delete: Annotated[
        list[int] | None, typer.Option(metavar="NUMBER", help="Delete this one; may be given several times.")
    ] = None,
) -> None:
    """List the corrections of models that a project keeps, oldest first; of one model the newest is used."""
    from landseg_core.project.project import Project

    if delete:
        with editable(file) as project:
            for number in dict.fromkeys(delete):
                project.corrections.remove(number)
    with Project.open(file, read_only=True) as project:
        for entry in project.corrections.entries:
            say(f"{entry.id:4} {entry.created} {entry.model} ({entry.model_hash[:12]})")
