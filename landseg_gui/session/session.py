"""What the window works on: the image, the layers over it, the project and the model."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.assistant.cell_tiles import CellTiles
from landseg_gui.session.assistant.click_segmenter import ClickSegmenter
from landseg_gui.session.assistant.suggestions import Suggestions
from landseg_gui.session.files.opener import FileOpener
from landseg_gui.session.files.rasters import Rasters
from landseg_gui.session.files.reloading import LayerReloader
from landseg_gui.session.model_choice import ModelChoice
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.layers import LayerStack


def _no_frame() -> None:
    return None


class Session(QObject):
    """The state behind the window, put together from its parts. `opened` brings each file that may be opened again.

    `layers`: all that is drawn; `rasters`: what of it comes from files; `files`: opens them; `project_session`: the
    project; `model`: what is predicted with; `cells`: the superpixels of the image; `suggestions`: what the
    assistant suggests for the view; `segmenter`: the model that outlines what is clicked on; `reloader`: follows
    files that change on disk.

    A mask belongs to the project in which it was opened: it comes and goes with it, as the `model` does. What was
    opened without a project belongs to none.
    """

    opened = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        layers: LayerStack | None = None,
        frame: Callable[[], ViewFrame | None] = _no_frame,
        window: QWidget | None = None,
    ) -> None:
        """Begin empty. `frame` returns what is in sight, for a project to remember; questions open over `window`."""
        super().__init__()
        self._runner = runner
        self.notifier = Notifier(self)
        self.layers = layers or LayerStack(self)
        self.cells = CellTiles(self.layers, self)
        self.segmenter = ClickSegmenter(self.notifier, self)
        self.rasters = Rasters(self.layers, runner, self.notifier, self)
        self.files = FileOpener(self, runner)
        self.project_session = project = ProjectSession(self, runner, frame, window)
        self.model = ModelChoice(project, self)
        self.suggestions = Suggestions(self, self.cells)
        self.reloader = LayerReloader(self, runner)
        self.rasters.changed.connect(self._emit_opened)
        self.rasters.file_changed.connect(project.changed_files.look)
        project.project_changed.connect(lambda: self.rasters.drop_masks_of_others(project.owner))

    def _emit_opened(self) -> None:
        """Emit the path of the image; an image of a project is opened with that."""
        raster = self.rasters.current
        if raster is not None and self.project_session.image is None:
            self.opened.emit(raster.path)

    @property
    def background_jobs(self) -> list[Job]:
        """Return the jobs that may be stopped without asking: nothing is lost with them."""
        return [job for job in self._runner.running if job.background]
