"""The dialog that starts a prediction."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox, QToolButton, QWidget

from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.fit import fit_notices, require_fit
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.raster.source import RasterSource
from landseg_gui.dialogs import checks
from landseg_gui.dialogs.area import AreaChoice
from landseg_gui.dialogs.checks import Problem
from landseg_gui.dialogs.class_field import legend
from landseg_gui.dialogs.failure import choose
from landseg_gui.dialogs.fields import PathField, pick_file, pick_new_file
from landseg_gui.dialogs.form import FormDialog
from landseg_gui.dialogs.memory import FormMemory
from landseg_gui.dialogs.places import results_folder
from landseg_gui.dialogs.run_fields import DEVICES
from landseg_gui.jobs.requests import PredictRequest
from landseg_gui.panels.wording import percent

_SUFFIXES = (".tif", ".tiff")


class PredictDialog(FormDialog):
    """Asks for model, area and place of a map of `raster`; `request` is the answer."""

    def __init__(
        self,
        raster: RasterSource,
        view: PixelWindow | None,
        model: Path | None,
        memory: FormMemory,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("predict", "Predict", "Predict", parent)
        self._raster = raster
        self._memory = memory
        self._header: BundleHeader | None = None
        self._model_problem: Problem | None = None
        self._overwrite = False
        self._add_model()
        self._add_result(view)
        self._add_advanced()
        self.complete()
        self._recall(model)
        self._connect()
        self._read_model()
        self.resize(620, self.sizeHint().height())

    # --- fields

    def _add_model(self) -> None:
        kinds = "Models (*.safetensors);;All files (*)"
        self._model = PathField("predict_model", pick_file("Model", kinds), "model file, or folder of a run")
        self._model_info = QLabel(objectName="predict_model_info", wordWrap=True, textFormat=Qt.TextFormat.RichText)
        form = self.add_section("Model")
        tip = "A model file, or the folder of a training run"
        self.add_field(form, "predict_model", "&Model", self._model, tip).add_below(self._model_info)

    def _add_result(self, view: PixelWindow | None) -> None:
        self._area = AreaChoice("predict", self._raster.grid.window, view)
        self._out = PathField("predict_out", pick_new_file("Map", "GeoTIFF (*.tif)"))
        self._confidence = QCheckBox("Write the &confidence as well", objectName="predict_confidence")
        form = self.add_section("Map")
        self.add_field(form, "predict_area", "Area", self._area, "Predict the whole image, or only what is in view")
        self.add_field(form, "predict_out", "&File", self._out, "The map of class values, a GeoTIFF")
        form.addRow("", self._confidence)

    def _add_advanced(self) -> None:
        self._tile = QSpinBox(objectName="predict_tile", maximum=99_999, singleStep=256, suffix=" px")
        self._overlap = QSpinBox(objectName="predict_overlap", maximum=99_999, singleStep=32, suffix=" px")
        self._device = QComboBox(objectName="predict_device")
        for name, text in DEVICES.items():
            self._device.addItem(text, name)
        form = self.add_section("")
        toggle = QToolButton(text="Advanced", objectName="predict_advanced", checkable=True, autoRaise=True)
        toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        form.addRow(toggle)
        rows = [
            self.add_field(form, "predict_tile", "&Tile", self._tile, "Side of the windows that the network sees"),
            self.add_field(form, "predict_overlap", "&Overlap", self._overlap, "What neighbouring tiles share"),
            self.add_field(form, "predict_device", "&Device", self._device, "Where to compute"),
        ]

        def unfold(shown: bool) -> None:
            toggle.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
            for row in rows:
                form.setRowVisible(row, shown)

        toggle.toggled.connect(unfold)
        unfold(shown=False)

    def _recall(self, model: Path | None) -> None:
        text = self._memory.text
        self._model.set_path(model or text("model"))
        self._confidence.setChecked(text("confidence") == "True")
        self._tile.setValue(1024)
        self._overlap.setValue(128)
        folder = Path(text("folder") or results_folder("maps"))
        self._out.set_path(folder / f"{self._raster.path.stem}_mask.tif")

    def _connect(self) -> None:
        self._model.changed.connect(self._read_model)
        self._out.changed.connect(self.check)
        self._confidence.toggled.connect(self.check)
        for spin in (self._tile, self._overlap):
            spin.valueChanged.connect(self.check)

    # --- what is checked

    def _read_model(self) -> None:
        self._header, self._model_problem = _header_of(self._model.path())
        self._model_info.setText(_description(self._header, self._raster) if self._header else "")
        self._model_info.setVisible(self._header is not None)
        self.check()

    def find_problems(self) -> Mapping[str, Problem]:
        """Return the problem of every field that has one."""
        candidates = {
            "predict_model": self._model_problem or self._fit_problem(),
            "predict_out": checks.new_file_problem(self._out.path(), _SUFFIXES, [self._raster.path]),
            "predict_tile": None if self._tile.value() >= 32 else Problem("A tile needs 32 px at least."),
            "predict_overlap": self._overlap_problem(),
        }
        return {name: problem for name, problem in candidates.items() if problem}

    def _fit_problem(self) -> Problem | None:
        try:
            if self._header:
                require_fit(self._header, self._raster)
        except ModelError as error:
            return Problem(checks.as_sentence(error))
        return None

    def _overlap_problem(self) -> Problem | None:
        longest = self._tile.value() // 2
        return None if self._overlap.value() <= longest else Problem(f"At most half a tile: {longest} px.")

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it; ask before anything is overwritten."""
        if not self.action_button.isEnabled():
            return
        taken = [path for path in (self._mask_path(), self._confidence_path()) if path and path.exists()]
        if taken and not self._may_overwrite(taken):
            return
        self._overwrite = bool(taken)
        folder, confidence = str(self._mask_path().parent), str(self._confidence.isChecked())
        self._memory.keep({"model": self._model.text(), "folder": folder, "confidence": confidence})
        super().accept()

    def _may_overwrite(self, taken: list[Path]) -> bool:
        names = " and ".join(path.name for path in taken)
        explanation = f"What is in {taken[0].parent} under this name will be lost."
        return choose(self, f"Replace {names}?", explanation, ["Replace"]) is not None

    def _mask_path(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def _confidence_path(self) -> Path | None:
        if not self._confidence.isChecked():
            return None
        mask = self._mask_path()
        return mask.with_name(f"{mask.stem.removesuffix('_mask')}_confidence.tif")

    def request(self) -> PredictRequest:
        """Return the answer; call it only after the dialog was accepted."""
        return PredictRequest(
            model=self._model.path() or Path(),
            raster=self._raster.path,
            mask=self._mask_path(),
            confidence=self._confidence_path(),
            window=self._area.window_chosen(),
            tile=self._tile.value(),
            overlap=self._overlap.value(),
            device=self._device.currentData(),
            overwrite=self._overwrite,
        )


def _header_of(path: Path | None) -> tuple[BundleHeader | None, Problem | None]:
    if path is None:
        return None, Problem("Choose a model, or train one first.", missing=True)
    try:
        return read_header(path), None
    except (ModelError, OSError) as error:
        return None, Problem(checks.as_sentence(error))


def _description(header: BundleHeader, raster: RasterSource) -> str:
    """Return what a user should know of a model before using it on `raster`, as rich text."""
    miou = header.training.get("miou")
    facts = [header.architecture, f"{len(header.schema)} classes"]
    if isinstance(miou, float):
        facts.append(f"mIoU {percent(miou)}")
    if header.ground_resolution_m:
        facts.append(f"trained at {header.ground_resolution_m:.3g} m/px")
    notes = [html.escape(checks.as_sentence(note)) for note in fit_notices(header, raster)]
    return "<br>".join([" · ".join(facts), legend(header.schema), *notes])
