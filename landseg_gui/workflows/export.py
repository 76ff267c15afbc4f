"""Export from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.output_files import made_folder
from landseg_core.tasks.export import ExportTask, run_export
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.workflows.large_work import ask_if_large


def export_job(task: ExportTask) -> Work:
    """Return the work of an export into a folder that may be new, which gives the path of the file."""

    def work(on_event: OnEvent, control: JobControl) -> Path:
        with made_folder(task.out.parent):
            return run_export(task, on_event, control)

    return work


class ExportFlow(QObject):
    """Exports of the masks that are open; several may run at once."""

    def __init__(self, session: Session, runner: JobRunner, parent_window: QWidget | None = None) -> None:
        super().__init__(parent_window)
        self._session = session
        self._runner = runner
        self._window = parent_window
        self._jobs: list[Job] = []

    @property
    def running(self) -> bool:
        """Tell whether an export is under way."""
        return any(job.running for job in self._jobs)

    def open(self) -> ExportDialog | None:
        """Show the dialog, if there is a mask to write."""
        layers = self._session.layers.masks
        if not layers:
            self._session.notifier.info(tr("There is no mask to export: predict the picture, or open a mask"))
            return None
        raster = self._session.rasters.current
        image = raster.path if raster else None
        memory = FormMemory("export", project=self._session.project_session.project)
        dialog = ExportDialog(layers, image, self._session.view_window(), memory, self._window)
        dialog.accepted.connect(lambda: self.start(dialog.task()))
        open_of_project(dialog, self._session.project_session.project_changed)
        return dialog

    def start(self, task: ExportTask) -> Job:
        """Write what `task` says."""
        job = self._runner.start(tr("Export {out}", out=task.out.name), export_job(task))
        self._jobs = [*(other for other in self._jobs if other.running), job]
        job.finished.connect(self._tell)
        job.failed.connect(self._session.notifier.error)
        ask_if_large(job, self._window, lambda: self.start(task.model_copy(update={"large": True})))
        job.reported.connect(self._session.notifier.notice)
        return job

    def _tell(self, out: Path) -> None:
        self._session.notifier.info(tr("Exported to {out}", out=out))
