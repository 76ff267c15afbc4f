"""What the menus, and everything else that can be clicked in the window, do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from landseg_core import __version__
from landseg_core.errors import ClassSchemaError
from landseg_core.labels.classes import load_classes
from landseg_gui.crash import open_log_folder
from landseg_gui.dialogs.bands import RenderingDialog
from landseg_gui.icons import application_icon
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.viewer.layer import ImageLayer, MaskLayer
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.export import ExportFlow
from landseg_gui.workflows.export_model import ExportModelFlow
from landseg_gui.workflows.predict import PredictFlow
from landseg_gui.workflows.training.flow import TrainFlow
from landseg_gui.workflows.training.live_prediction import LivePrediction

_RASTERS = "Images (*.tif *.tiff *.vrt *.jpg *.jpeg *.png *.jp2);;All files (*)"
_PROJECTS_AND_RASTERS = f"Projects and images (*.landseg *.tif *.tiff *.vrt *.jpg *.jpeg *.png *.jp2);;{_RASTERS}"
_CLASS_FILES = "Class files (*.json);;All files (*)"
_ABOUT = f"""<h3>landseg {__version__}</h3>
<p>From an orthophoto to a land-cover map: look, train a U-Net and watch it learn, predict, export.</p>
<p>landseg is free software under the MIT licence. It stands on GDAL (MIT), rasterio, NumPy and PyTorch (BSD),
Qt and PySide6 (LGPL 3) and pyqtgraph (MIT).</p>"""


class Commands(QObject):
    """The handlers of `action_rows.ROWS` that need no project, and those of panels.

    `runs_wanted` asks for the list of training runs.
    """

    runs_wanted = Signal()
    layout_reset_wanted = Signal()

    def __init__(self, window: QMainWindow, session: Session, runner: JobRunner, viewport: Viewport) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._runner = runner
        self._viewport = viewport
        view = viewport.view_window
        self.live = LivePrediction(session.layers, view, self)
        self.train_flow = TrainFlow(session, runner, window, self.live)
        self.predict_flow = PredictFlow(session, runner, view, window)
        self.export_flow = ExportFlow(session, runner, view, window)
        self.export_model_flow = ExportModelFlow(session, runner, window)

    def open_files(self) -> None:
        """Ask for files and open them."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, tr("Open"), self._folder(), _PROJECTS_AND_RASTERS)
        self.open_paths([Path(path) for path in paths])

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open these files; the first raster is the picture."""
        if paths:
            self._session.files.open(paths)

    def open_mask(self) -> None:
        """Ask for a mask and lay it over the picture."""
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Open mask"), self._folder(), _RASTERS)
        if path:
            self._session.files.add_mask(path)

    def _folder(self) -> str:
        raster = self._session.rasters.current
        return str(raster.path.parent) if raster else ""

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def fit(self) -> None:
        """Show the whole picture."""
        self._viewport.fit()

    def zoom_100(self) -> None:
        """Show one pixel on one pixel."""
        self._viewport.zoom_to(1.0)

    def zoom_in(self) -> None:
        """Zoom in at the middle."""
        self._viewport.zoom_by(2.0)

    def zoom_out(self) -> None:
        """Zoom out at the middle."""
        self._viewport.zoom_by(0.5)

    def hide_overlays(self, hidden: bool) -> None:
        """Hide or show all masks."""
        self._session.layers.overlays_hidden = hidden

    def choose_rendering(self) -> None:
        """Show the dialog for bands and contrast: there is one, and it goes with the image that it is about."""
        image = self._session.layers.image
        if image is None:
            return
        dialog = self._window.findChild(RenderingDialog) or self._rendering_dialog(image)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _rendering_dialog(self, image: ImageLayer) -> RenderingDialog:
        dialog = RenderingDialog(image, self._runner, self._window)
        dialog.alpha_chosen.connect(self._session.files.choose_alpha)
        dialog.finished.connect(dialog.deleteLater)
        self._session.rasters.renewed.connect(dialog.show_layer)
        self._session.rasters.leaving.connect(dialog.close)
        return dialog

    def choose_classes(self, mask: MaskLayer, preset: str) -> None:
        """Read a mask by the classes of a preset, or of a file that the user picks."""
        if not preset:
            preset, _ = QFileDialog.getOpenFileName(self._window, tr("Class file"), self._folder(), _CLASS_FILES)
        if not preset:
            return
        try:
            mask.set_schema(load_classes(preset))
        except ClassSchemaError as error:
            self._session.notifier.error(str(error))

    def train(self) -> None:
        """Show the training dialog."""
        self.train_flow.open()

    def reset_layout(self) -> None:
        """Put the panels back where they are at first."""
        self.layout_reset_wanted.emit()

    def show_runs(self) -> None:
        """Show the training runs."""
        self.runs_wanted.emit()

    def predict(self) -> None:
        """Show the prediction dialog."""
        self.predict_flow.open()

    def export(self) -> None:
        """Show the export dialog."""
        self.export_flow.open()

    def export_model(self) -> None:
        """Show the dialog that writes a model as ONNX."""
        self.export_model_flow.open()

    def open_log_folder(self) -> None:
        """Show the log files."""
        open_log_folder()

    def about(self) -> None:
        """Show version and licences."""
        box = QMessageBox(self._window)
        box.setObjectName("dialog_about")
        box.setWindowTitle(tr("About landseg"))
        box.setIconPixmap(application_icon().pixmap(64, 64))
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(_ABOUT)
        box.open()
        box.finished.connect(box.deleteLater)
