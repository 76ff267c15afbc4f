"""What the window works on: the orthophoto, the layers over it, the project and the model of the moment."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from landseg_core.geo.window import PixelWindow
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.files import FileOpener
from landseg_gui.session.model_choice import ModelChoice
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.session.rasters import Rasters
from landseg_gui.session.reloading import LayerReloader
from landseg_gui.viewer.layers import LayerStack


class Session(QObject):
    """The state behind the window, put together from its parts. `opened` brings each file that may be opened again.

    `layers`: all that is drawn; `rasters`: what of it comes from files; `files`: opens them; `project_session`: the
    project; `model`: what is predicted with; `reloader`: follows files that change on disk.

    The masks belong to the project in which they were laid: they come and go with it, as the `model` does. What was
    laid while no project was open belongs to none.
    """

    opened = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self.notifier = Notifier(self)
        self.layers = LayerStack(self)
        self.view_provider: Callable[[], PixelWindow | None] = lambda: None
        self.rasters = Rasters(self.layers, runner, self.notifier, self)
        self.files = FileOpener(self, runner)
        self.project_session = project = ProjectSession(self, runner)
        self.model = ModelChoice(project, self)
        self.reloader = LayerReloader(self, runner)
        self.rasters.changed.connect(self._emit_opened)
        self.rasters.file_changed.connect(project.changed_files.look)
        project.project_changed.connect(lambda: self.rasters.drop_masks_of_others(project.owner))

    def _emit_opened(self) -> None:
        """Bring the orthophoto; an image of a project is opened with that."""
        raster = self.rasters.current
        if raster is not None and self.project_session.image is None:
            self.opened.emit(raster.path)

    @property
    def background_jobs(self) -> list[Job]:
        """Return the jobs that may be stopped without asking: nothing is lost with them."""
        return [job for job in self._runner.running if job.background]

    def view_window(self) -> PixelWindow | None:
        """Return the part of the orthophoto in sight, or None where there is none."""
        return self.view_provider()
