"""Exporting maps from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.output_files import made_folder
from landseg_core.tasks.export import ExportTask, run_export
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large


def export_job(task: ExportTask) -> Work:
    """Return the work of an export into a folder that may be new; its result is the path of the file."""

    def work(on_event: OnEvent, control: JobControl) -> Path:
        with made_folder(task.out.parent):
            return run_export(task, on_event, control)

    return work


class ExportFlow(Flow):
    """Exports of the masks that are open; several may run at once."""

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        view: Callable[[], PixelWindow | None],
        window: QWidget | None = None,
    ) -> None:
        """Make a flow whose dialog offers the part of the image that `view` returns, in px; None for none."""
        super().__init__(session, runner, window)
        self._view = view

    def open(self) -> ExportDialog | None:
        """Show the dialog, if there is a mask to export."""
        layers = self._session.layers.masks
        if not layers:
            self._notifier.info(tr("There is no mask to export: predict the image, or open a mask."))
            return None
        raster = self._session.rasters.current
        image = raster.path if raster else None
        saved = FormSettings("export", project=self._projects.project)
        dialog = ExportDialog(layers, image, self._view(), saved, self._window)
        dialog.accepted.connect(lambda: self.start(dialog.task()))
        self._open_dialog(dialog)
        return dialog

    def start(self, task: ExportTask) -> Job:
        """Run the export `task`."""
        job = self._start(tr("Export {file}", file=task.out.name), export_job(task))
        job.finished.connect(self._report)
        ask_if_large(job, self._window, lambda: self.start(task.model_copy(update={"large": True})))
        job.reported.connect(self._notifier.notice)
        return job

    def _report(self, out: Path) -> None:
        self._notifier.info(tr("Exported to {path}.", path=out))
