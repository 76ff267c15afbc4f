"""The commands of the menus and panels that need no project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from landseg_core import __version__
from landseg_core.errors import ClassSchemaError
from landseg_core.labels.classes import load_classes
from landseg_core.messages import N_
from landseg_gui.crash import open_log_folder
from landseg_gui.dialogs.bands import RenderingDialog
from landseg_gui.dialogs.forms.file_kinds import CLASS_FILES, IMAGES
from landseg_gui.icons import application_icon
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.text import tr, translated
from landseg_gui.viewer.layer import ImageLayer, MaskLayer
from landseg_gui.viewer.viewport import Viewport
from landseg_gui.workflows.corrections import CorrectionFlow
from landseg_gui.workflows.export import ExportFlow
from landseg_gui.workflows.export_model import ExportModelFlow
from landseg_gui.workflows.predict import PredictFlow
from landseg_gui.workflows.training.flow import TrainFlow
from landseg_gui.workflows.training.live_prediction import LivePrediction

_PROJECTS_AND_IMAGES = N_("Projects and images (*.landseg *.tif *.tiff *.vrt *.jpg *.jpeg *.png *.jp2)")
_ABOUT = N_(
    "<h3>landseg {version}</h3>"
    "<p>From aerial images to land-cover maps: view and label images, train a U-Net, predict, export.</p>"
    "<p>landseg is free software under the MIT licence. It is based on GDAL (MIT), rasterio, NumPy and PyTorch (BSD), "
    "Qt and PySide6 (LGPL 3) and pyqtgraph (MIT).</p>",
    version=__version__,
)


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
        self.correction_flow = CorrectionFlow(session, runner, window)
        self.export_flow = ExportFlow(session, runner, view, window)
        self.export_model_flow = ExportModelFlow(session, runner, window)

    def open_files(self) -> None:
        """Ask for files and open them."""
        kinds = f"{translated(_PROJECTS_AND_IMAGES)};;{translated(IMAGES)}"
        paths, _ = QFileDialog.getOpenFileNames(self._window, tr("Open"), self._folder(), kinds)
        self.open_paths([Path(path) for path in paths])

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open these files; the first raster is the image."""
        if paths:
            self._session.files.open(paths)

    def open_mask(self) -> None:
        """Ask for a mask and overlay it on the image."""
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Open Mask"), self._folder(), translated(IMAGES))
        if path:
            self._session.files.add_mask(path)

    def _folder(self) -> str:
        raster = self._session.rasters.current
        return str(raster.path.parent) if raster else ""

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def fit(self) -> None:
        """Zoom to the full extent of the image."""
        self._viewport.fit()

    def zoom_100(self) -> None:
        """Zoom to 100 %: one pixel of the image on one of the screen."""
        self._viewport.zoom_to(1.0)

    def zoom_in(self) -> None:
        """Zoom in around the centre."""
        self._viewport.zoom_by(2.0)

    def zoom_out(self) -> None:
        """Zoom out around the centre."""
        self._viewport.zoom_by(0.5)

    def hide_overlays(self, hidden: bool) -> None:
        """Hide or show all masks."""
        self._session.layers.overlays_hidden = hidden

    def choose_rendering(self) -> None:
        """Show the only dialog for bands and contrast; it closes with its image."""
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
        """Show a mask with the classes of a preset, or of a file that the user chooses."""
        if not preset:
            kinds = translated(CLASS_FILES)
            preset, _ = QFileDialog.getOpenFileName(self._window, tr("Class File"), self._folder(), kinds)
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
        """Reset the layout of the panels."""
        self.layout_reset_wanted.emit()

    def show_runs(self) -> None:
        """Show the training runs."""
        self.runs_wanted.emit()

    def predict(self) -> None:
        """Show the prediction dialog."""
        self.predict_flow.open()

    def keep_corrections(self) -> None:
        """Correct the model in use with the labels of the project, and store the correction there."""
        self.correction_flow.start()

    def export(self) -> None:
        """Show the export dialog."""
        self.export_flow.open()

    def export_model(self) -> None:
        """Show the dialog that exports a model as ONNX."""
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
        box.setText(translated(_ABOUT))
        box.open()
        box.finished.connect(box.deleteLater)
