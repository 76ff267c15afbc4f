"""The dialog that exports a model as ONNX, for QGIS with Deepness or for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QWidget

from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.models.header import MODEL_FILE, BundleHeader, read_header
from landseg_core.models.onnx.metadata import notices
from landseg_core.tasks.export import ExportModelTask
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.area import size_text
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_file, pick_new_file
from landseg_gui.dialogs.forms.file_kinds import MODELS
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.overwrite import may_overwrite
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import is_there, results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, tr, translated

TILES = (256, 512, 1024, 2048)
"""The sides of square tiles, in px; every network accepts them."""
_DEFAULT_TILE = 512
_ANY_SIZE = 0


class ExportModelDialog(FormDialog):
    """Asks for a model, its tile size and the ONNX file; `task` is the answer."""

    def __init__(self, model: Path | None, saved: FormSettings, parent: QWidget | None = None) -> None:
        super().__init__("export_model", tr("Export Model as ONNX"), tr("Export"), parent)
        self._saved = saved
        self._header: BundleHeader | None = None
        self._model_error: FieldError | None = None
        self._overwrite = False
        self._suggested = ""
        self._add_fields()
        self.complete()
        self._model.set_path(model or saved.proposal("model"))
        self._size.setCurrentIndex(max(0, self._size.findData(_DEFAULT_TILE)))
        self._connect()
        self._read_model()
        self.resize(600, self.sizeHint().height())

    # --- fields

    def _add_fields(self) -> None:
        pick = pick_file(tr("Model"), translated(MODELS))
        self._model = PathField("export_model_model", pick, tr("Model file or run folder"))
        self._size = QComboBox(objectName="export_model_size")
        for side in TILES:
            self._size.addItem(size_text(PixelWindow(0, 0, side, side)), side)
        self._size.addItem(tr("Any size (not for Deepness)"), _ANY_SIZE)
        self._notices = PlainLabel(objectName="export_model_notices", wordWrap=True)
        self._out = PathField("export_model_out", pick_new_file(tr("Export Model"), tr("ONNX (*.onnx)")))
        form, add = self.add_section(tr("Content")), self.add_field
        add(form, "export_model_model", tr("&Model"), self._model, tr("A model file or the folder of a training run"))
        tip = tr("Size of the images that the ONNX model takes; Deepness cuts the image into tiles of this size")
        add(form, "export_model_size", tr("&Tile size"), self._size, tip).add_below(self._notices)
        add(self.add_section(tr("Output")), "export_model_out", tr("&File"), self._out, tr("The ONNX file to write"))

    def _connect(self) -> None:
        self._model.changed.connect(self._read_model)
        self._size.currentIndexChanged.connect(self._show_notices)
        self._out.changed.connect(self.check)

    def _read_model(self) -> None:
        self._header, self._model_error = _header_of(self._model.path())
        self._suggest_name()
        self._show_notices()
        self.check()

    def _suggest_name(self) -> None:
        """Suggest a file name for the model, unless the user has entered another."""
        model = self._model.path()
        if model is None or self._out.text() not in ("", self._suggested):
            return
        run = model.parent if model.name == MODEL_FILE else model
        folder = Path(self._saved.proposal("folder") or results_folder("models"))
        self._suggested = str(folder / f"{run.name.removesuffix('.safetensors') or 'model'}.onnx")
        self._out.set_path(self._suggested)

    def _show_notices(self) -> None:
        found = notices(self._header, self._tile()) if self._header else ()
        self._notices.setText("\n".join(map(as_sentence, found)))
        self._notices.setVisible(bool(self._notices.text()))

    def _tile(self) -> int | None:
        side: int = self._size.currentData()
        return None if side == _ANY_SIZE else side

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        candidates = {
            "export_model_model": self._model_error,
            "export_model_out": checks.new_file_error(self._out.path(), (".onnx",)),
        }
        return {name: error for name, error in candidates.items() if error}

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it; ask before anything is overwritten."""
        if not self.action_button.isEnabled():
            return
        out = self._out_path()
        self._overwrite = is_there(out.exists)
        if self._overwrite and not may_overwrite(self, [out]):
            return
        self._saved.save_proposals({"model": self._model.text(), "folder": str(out.parent)})
        super().accept()

    def _out_path(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def task(self) -> ExportModelTask:
        """Return the answer; call it only after the dialog was accepted."""
        model = self._model.path() or Path()
        return ExportModelTask(model=model, out=self._out_path(), tile=self._tile(), overwrite=self._overwrite)


def _header_of(path: Path | None) -> tuple[BundleHeader | None, FieldError | None]:
    if path is None:
        return None, FieldError(tr("Choose a model, or train one first."), missing=True)
    try:
        return read_header(path), None
    except (ModelError, OSError) as error:
        return None, FieldError(as_sentence(error))
