"""Importing labels from files: the dialog, and the work in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from landseg_core.events import JobControl, Notice, OnEvent
from landseg_core.formats.importers import import_labels
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.dialogs.import_labels import ImportLabelsDialog, ImportLabelsRequest
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import as_sentence, pixels, tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large


def import_labels_work(project: Project, image: ImageEntry, request: ImportLabelsRequest) -> Work:
    """Return the work of an import; its result is the number of px that changed."""

    def work(on_event: OnEvent, control: JobControl) -> int:
        return import_labels(
            project,
            image.id,
            request.source,
            mapping=request.mapping,
            attribute=request.attribute,
            on_event=on_event,
            control=control,
            large=request.large,
        )

    return work


class ImportLabelsFlow(Flow):
    """Imports labels of the open image from files."""

    def open(self) -> ImportLabelsDialog | None:
        """Show the dialog, if there is an image to label."""
        project, image = self._projects.project, self._projects.image
        if not self._projects.editing.may_paint() or project is None or image is None:
            return None
        dialog = ImportLabelsDialog(image, project.schema, self._runner, self._window)
        dialog.accepted.connect(lambda: self.start(project, image, dialog.request()))
        self._open_dialog(dialog)
        return dialog

    def start(self, project: Project, image: ImageEntry, request: ImportLabelsRequest) -> Job | None:
        """Import the labels that are requested; None where the project cannot be changed at the moment."""
        work = import_labels_work(project, image, request)
        job = self._projects.editing.run(tr("Import {file}", file=request.source.name), work)
        if job is not None:
            notices: list[str] = []
            ask_if_large(
                job,
                self._window,
                lambda: self.start(project, image, replace(request, large=True)),
                is_wanted=lambda: self._projects.project is project,
            )
            job.reported.connect(lambda event: notices.append(event.message) if isinstance(event, Notice) else None)
            job.finished.connect(lambda count: self._report(count, notices))
        return job

    def _report(self, count: int, notices: Sequence[str]) -> None:
        result = tr("{area} labelled.", area=pixels(count)) if count else tr("The labels were the same already.")
        self._notifier.info(" ".join([result, *map(as_sentence, notices)]))
