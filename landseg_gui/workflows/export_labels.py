"""Exporting labels from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landseg_core.events import JobControl, OnEvent
from landseg_core.formats.exporters import export_labels, export_work
from landseg_core.limits import all_together, require_agreed
from landseg_core.messages import N_
from landseg_core.output_files import made_folder
from landseg_core.project.project import Project
from landseg_gui.dialogs.export_labels import ExportLabelsDialog, ExportLabelsRequest
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large


def export_labels_work(project: Project, request: ExportLabelsRequest) -> Work:
    """Return the work of an export; its result is the paths of the files. Files that are complete survive a stop."""

    def work(on_event: OnEvent, control: JobControl) -> list[Path]:
        works = [export_work(project, image_id, out) for image_id, out in request.files]
        require_agreed(
            all_together(works, N_("the labels of %n images", n=len(works), one="the labels of one image")),
            large=request.large,
        )
        for image_id, out in request.files:
            control.checkpoint()
            with made_folder(out.parent):
                export_labels(
                    project,
                    image_id,
                    request.form,
                    out,
                    overwrite=request.overwrite,
                    on_event=on_event,
                    control=control,
                    large=True,
                )
        return [out for _, out in request.files]

    return work


class ExportLabelsFlow(Flow):
    """Exports the labels of the project; several exports may run at once, while the user paints."""

    def open(self) -> ExportLabelsDialog | None:
        """Show the dialog, if there are labels to export."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            self._notifier.info(tr("Open a project and one of its images first: labels belong to a project."))
            return None
        saved = FormSettings("export_labels", project=project)
        dialog = ExportLabelsDialog(image, project.images, project.path, saved, self._window)
        dialog.accepted.connect(lambda: self.start(project, dialog.request()))
        self._open_dialog(dialog)
        return dialog

    def start(self, project: Project, request: ExportLabelsRequest) -> Job:
        """Export the labels that are requested."""
        files = request.files
        title = tr("Export labels of %n images", n=len(files), one="Export {file}", file=files[0][1].name)
        job = self._start(title, export_labels_work(project, request))
        job.finished.connect(self._report)
        ask_if_large(
            job,
            self._window,
            lambda: self.start(project, replace(request, large=True)),
            is_wanted=lambda: self._projects.project is project,
        )
        job.reported.connect(self._notifier.notice)
        return job

    def _report(self, files: Sequence[Path]) -> None:
        self._notifier.info(
            tr(
                "Exported to %n files in {folder}.",
                n=len(files),
                one="Exported to {path}.",
                folder=files[0].parent,
                path=files[0],
            )
        )
