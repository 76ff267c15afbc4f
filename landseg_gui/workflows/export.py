"""Export from the window: the dialog, and the work in its thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.output_files import made_folder
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.dialogs.requests import ExportRequest
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.workflows.large_work import ask_if_large


def export_work(request: ExportRequest) -> Work:
    """Return the work of an export, which gives the path of the file."""
    write = _write_geotiff if request.style == "geotiff" else _write_png

    def work(on_event: OnEvent, control: JobControl) -> Path:
        with made_folder(request.out.parent):
            write(request, on_event, control)
        return request.out

    return work


def _write_geotiff(request: ExportRequest, on_event: OnEvent, control: JobControl) -> None:
    from landseg_core.formats.geotiff import export_geotiff

    export_geotiff(
        request.mask,
        request.out,
        schema=request.schema,
        window=request.window,
        placement=request.placement,
        overwrite=request.overwrite,
        on_event=on_event,
        control=control,
        large=request.large,
    )


def _write_png(request: ExportRequest, on_event: OnEvent, control: JobControl) -> None:
    from landseg_core.formats.png import export_png

    export_png(
        request.mask,
        request.out,
        request.style,
        schema=request.schema,
        image=request.image,
        opacity=request.opacity,
        window=request.window,
        placement=request.placement,
        overwrite=request.overwrite,
        on_event=on_event,
        control=control,
        large=request.large,
    )


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
            self._session.message.emit("There is no mask to export: predict the picture, or open a mask")
            return None
        raster = self._session.raster
        image = raster.path if raster else None
        memory = FormMemory("export", project=self._session.project_session.project)
        dialog = ExportDialog(layers, image, self._session.view_window(), memory, self._window)
        dialog.accepted.connect(lambda: self.start(dialog.request()))
        open_of_project(dialog, self._session.project_session.project_changed)
        return dialog

    def start(self, request: ExportRequest) -> Job:
        """Write what `request` says."""
        job = self._runner.start(f"Export {request.out.name}", export_work(request))
        self._jobs = [*(other for other in self._jobs if other.running), job]
        job.finished.connect(self._tell)
        job.failed.connect(self._session.problem)
        ask_if_large(job, self._window, lambda: self.start(replace(request, large=True)))
        job.reported.connect(self._session.tell_notice)
        return job

    def _tell(self, out: Path) -> None:
        self._session.message.emit(f"Exported to {out}")
