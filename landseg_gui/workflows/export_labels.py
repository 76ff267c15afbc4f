"""Labels to files, from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.formats.exporters import export_labels, export_work
from landseg_core.limits import all_together, require_agreed
from landseg_core.output_files import made_folder
from landseg_core.project.project import Project
from landseg_gui.dialogs.export_labels import ExportLabelsDialog, ExportLabelsRequest
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.text import tr
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


class ExportLabelsFlow(QObject):
    """Writes the labels of the project; several exports may run at once, and painting goes on."""

    def __init__(self, session: Session, runner: JobRunner, parent_window: QWidget | None = None) -> None:
        super().__init__(parent_window)
        self._session = session
        self._project_session = session.project_session
        self._runner = runner
        self._window = parent_window
        self._jobs: list[Job] = []

    @property
    def running(self) -> bool:
        """Tell whether an export is under way."""
        return any(job.running for job in self._jobs)

    def open(self) -> ExportLabelsDialog | None:
        """Show the dialog, if there are labels to write."""
        project, image = self._project_session.project, self._project_session.image
        if project is None or image is None:
            self._session.notifier.info(tr("Open a project and one of its images first: labels belong to a project"))
            return None
        memory = FormMemory("export_labels", project=project)
        dialog = ExportLabelsDialog(image, project.images, project.path, memory, self._window)
        dialog.accepted.connect(lambda: self.start(project, dialog.request()))
        open_of_project(dialog, self._project_session.project_changed)
        return dialog

    def start(self, project: Project, request: ExportLabelsRequest) -> Job:
        """Write what `request` says."""
        files = request.files
        title = f"Export {files[0][1].name}" if len(files) == 1 else f"Export the labels of {len(files)} images"
        job = self._runner.start(title, export_labels_work(project, request))
        self._jobs = [*(other for other in self._jobs if other.running), job]
        job.finished.connect(self._tell)
        job.failed.connect(self._session.notifier.error)
        ask_if_large(
            job,
            self._window,
            lambda: self.start(project, replace(request, large=True)),
            is_wanted=lambda: self._project_session.project is project,
        )
        job.reported.connect(self._session.notifier.notice)
        return job

    def _tell(self, files: Sequence[Path]) -> None:
        where = str(files[0]) if len(files) == 1 else f"{len(files)} files in {files[0].parent}"
        self._session.notifier.info(tr("Exported to {where}", where=where))
