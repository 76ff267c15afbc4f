"""Keeping what the labels of the open project say about the model in use, as a correction of it."""

from __future__ import annotations

from pathlib import Path

from landseg_core.assistant.correcting import FittedCorrection, correct_model, keep_correction
from landseg_core.events import JobControl, OnEvent
from landseg_core.models.bundle import ModelBundle
from landseg_core.project.project import Project
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import thousands, tr
from landseg_gui.workflows.flow import Flow

Fitted = tuple[ModelBundle, FittedCorrection]


def correction_job(project: Project, model: Path) -> Work:
    """Return the work of fitting a correction of the model at a path to all labels of a project."""

    def work(on_event: OnEvent, control: JobControl) -> Fitted:
        import_undisturbed("landseg_core.assistant.last_layer")
        bundle = ModelBundle.load(model)
        return bundle, correct_model(project, bundle, "auto", on_event, control)

    return work


class CorrectionFlow(Flow):
    """Corrections of models, one at a time; what has been fitted is stored in the project."""

    def start(self) -> Job | None:
        """Fit a correction of the model in use, unless that is under way."""
        project, model = self._projects.project, self._session.model.path
        if project is None or model is None:
            self._notifier.info(tr("Choose a model first: train one, or use one of the Runs panel."))
            return None
        if self.running:
            self._notifier.info(tr("The model is being corrected already: see the Jobs panel."))
            return None
        job = self._start(tr("Correct the model"), correction_job(project, model))
        job.reported.connect(self._notifier.notice)
        job.finished.connect(lambda fitted: self._keep(project.path, fitted))
        return job

    def _keep(self, owner: Path, fitted: Fitted) -> None:
        bundle, found = fitted

        def keep(project: Project) -> None:
            keep_correction(project, bundle, found.head)

        self._projects.change_project(owner, keep, tr("The correction could not be stored in {name}.", name=owner.name))
        if owner == self._projects.owner:
            self._notifier.info(
                tr(
                    "The correction of {model} is fitted to {pixels} labelled px of %n images. Predict can use it.",
                    n=found.images,
                    one="The correction of {model} is fitted to {pixels} labelled px of one image. Predict can use it.",
                    model=bundle.file_reference.title,
                    pixels=thousands(found.pixels),
                )
            )
