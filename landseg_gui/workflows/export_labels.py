"""Labels to files, from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landseg_core.events import JobControl, OnEvent
from landseg_core.formats.exporters import export_labels, export_work
from landseg_core.limits import all_together, require_agreed
from landseg_core.output_files import made_folder
from landseg_core.project.project import Project
from landseg_gui.dialogs.export_labels import ExportLabelsDialog, ExportLabelsRequest
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large


def export_labels_work(project: Project, request: ExportLabelsRequest) -> Work:
    """Return the work of an export, which gives the paths of the files; a stop leaves those that are whole already."""

    def work(on_event: OnEvent, control: JobControl) -> list[Path]:
        works = [export_work(project, image_id, out) for image_id, out in request.files]
        require_agreed(all_together(works, f"the labels of {len(works)} images"), large=request.large)
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
    """Writes the labels of the project; several exports may run at once, and painting goes on."""

    def open(self) -> ExportLabelsDialog | None:
        """Show the dialog, if there are labels to write."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            self._notifier.info(tr("Open a project and one of its images first: labels belong to a project"))
            return None
        memory = FormMemory("export_labels", project=project)
        dialog = ExportLabelsDialog(image, project.images, project.path, memory, self._window)
        dialog.accepted.connect(lambda: self.start(project, dialog.request()))
        self._open_dialog(dialog)
        return dialog

    def start(self, project: Project, request: ExportLabelsRequest) -> Job:
        """Write what `request` says."""
        files = request.files
        title = f"Export {files[0][1].name}" if len(files) == 1 else f"Export the labels of {len(files)} images"
        job = self._start(title, export_labels_work(project, request))
        job.finished.connect(self._tell)
        ask_if_large(
            job,
            self._window,
            lambda: self.start(project, replace(request, large=True)),
            is_wanted=lambda: self._projects.project is project,
        )
        job.reported.connect(self._notifier.notice)
        return job

    def _tell(self, files: Sequence[Path]) -> None:
        where = str(files[0]) if len(files) == 1 else f"{len(files)} files in {files[0].parent}"
        self._notifier.info(tr("Exported to {where}", where=where))
