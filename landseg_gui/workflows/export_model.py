"""Exporting models as ONNX from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from pathlib import Path

from landseg_core.events import JobControl, OnEvent
from landseg_core.output_files import made_folder
from landseg_core.tasks.export import ExportModelTask, run_export_model
from landseg_gui.dialogs.export_model import ExportModelDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow


def export_model_job(task: ExportModelTask) -> Work:
    """Return the work of an export; its result is the path of the file."""

    def work(on_event: OnEvent, control: JobControl) -> Path:
        import_undisturbed("landseg_core.models.onnx.graph")
        with made_folder(task.out.parent):
            return run_export_model(task, on_event, control)

    return work


class ExportModelFlow(Flow):
    """Exports of models; several may run at once."""

    def open(self) -> ExportModelDialog:
        """Show the dialog."""
        saved = FormSettings("export_model", project=self._projects.project)
        dialog = ExportModelDialog(self._session.model.path, saved, self._window)
        dialog.accepted.connect(lambda: self.start(dialog.task()))
        self._open_dialog(dialog)
        return dialog

    def start(self, task: ExportModelTask) -> Job:
        """Run the export `task`."""
        job = self._start(tr("Export {file}", file=task.out.name), export_model_job(task))
        job.finished.connect(self._report)
        return job

    def _report(self, out: Path) -> None:
        self._notifier.info(tr("Exported to {path}.", path=out))
