"""The dialog that exports a mask as an image or a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QWidget

from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.tasks.export import EXPORT_STYLES, ExportStyle, ExportTask, MaskFile
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.area import AreaChoice
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_new_file
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.overwrite import may_overwrite
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import percent, tr, translated
from landseg_gui.viewer.layer import MaskLayer

_KINDS = N_("PNG (*.png);;GeoTIFF (*.tif)")


class ExportDialog(FormDialog):
    """Asks which of `layers` (one at least) to export, in which format and to which file; `task` is the answer."""

    def __init__(
        self,
        layers: Sequence[MaskLayer],
        image: Path | None,
        view: PixelWindow | None,
        saved: FormSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("export", tr("Export Map"), tr("Export"), parent)
        self._layers = tuple(layers)  # as they are now: the window may get others meanwhile
        self._image = image
        self._saved = saved
        self._overwrite = False
        self._suggested = ""
        self._add_fields(view)
        self.complete()
        self._recall()
        self._connect()
        self._suggest_name()
        self._show_style()
        self.resize(600, self.sizeHint().height())

    # --- fields

    def _add_fields(self, view: PixelWindow | None) -> None:
        self._layer = QComboBox(objectName="export_layer")
        for layer in self._layers:
            self._layer.addItem(layer.name)
        self._style = QComboBox(objectName="export_style")
        for name, style in EXPORT_STYLES.items():
            if self._image is not None or not style.shows_image:
                self._style.addItem(translated(style.title), name)
        self._area = AreaChoice("export", self._layers[0].grid.window, view)
        self._out = PathField("export_out", pick_new_file(tr("Export Map"), translated(_KINDS)))
        form = self._form = self.add_section(tr("Content"))
        self.add_field(form, "export_layer", tr("&Layer"), self._layer, tr("The layer to export"))
        self.add_field(form, "export_style", tr("&Format"), self._style, tr("Format and content of the file"))
        tip = tr("Opacity of the classes over the image")
        self._opacity_field = self.add_field(form, "export_opacity", tr("&Opacity"), self._opacity_editor(), tip)
        self.add_field(
            form, "export_area", tr("Area"), self._area, tr("Export the whole layer or only the current view")
        )
        self.add_field(self.add_section(tr("Output")), "export_out", tr("F&ile"), self._out, tr("The file to write"))

    def _opacity_editor(self) -> QWidget:
        self._opacity = QSlider(Qt.Orientation.Horizontal, objectName="export_opacity", maximum=100)
        value = PlainLabel()
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance(percent(1, decimals=0)))
        self._opacity.valueChanged.connect(lambda opacity: value.setText(percent(opacity / 100, decimals=0)))
        editor = QWidget()
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._opacity, 1)
        row.addWidget(value)
        editor.setFocusProxy(self._opacity)
        return editor

    def _recall(self) -> None:
        text = self._saved.text
        self._style.setCurrentIndex(max(0, self._style.findData(text("style"))))
        self._opacity.setValue(round(100 * self._layers[0].opacity))

    def _connect(self) -> None:
        self._layer.currentIndexChanged.connect(self._show_layer)
        self._style.currentIndexChanged.connect(self._show_style)
        self._out.changed.connect(self.check)

    def _show_layer(self) -> None:
        self._opacity.setValue(round(100 * self._chosen_layer().opacity))
        self._suggest_name()

    def _show_style(self) -> None:
        self._form.setRowVisible(self._opacity_field, self._chosen_style().shows_image)
        self._suggest_name()
        path = self._out.path()
        if path is not None and path.suffix:
            self._out.set_path(path.with_suffix(self._chosen_style().suffix))
        self.check()

    def _suggest_name(self) -> None:
        """Suggest a file name for layer and format, unless the user has entered another."""
        if self._out.text() not in ("", self._suggested):
            return
        folder = Path(self._saved.proposal("folder") or results_folder("maps"))
        name = f"{self._chosen_layer().path.stem}_{self._style.currentData()}{self._chosen_style().suffix}"
        self._suggested = str(folder / name)
        self._out.set_path(self._suggested)

    def _chosen_layer(self) -> MaskLayer:
        return self._layers[self._layer.currentIndex()]

    def _chosen_style(self) -> ExportStyle:
        return EXPORT_STYLES[self._style.currentData()]

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        inputs = [path for path in (self._chosen_layer().path, self._image) if path]
        error = checks.new_file_error(self._out.path(), (self._chosen_style().suffix,), inputs)
        return {"export_out": error} if error else {}

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it; ask before anything is overwritten."""
        if not self.action_button.isEnabled():
            return
        out = self._out_path()
        if out.exists() and not may_overwrite(self, [out]):
            return
        self._overwrite = out.exists()
        self._saved.save({"style": self._style.currentData()})
        self._saved.save_proposals({"folder": str(out.parent)})
        super().accept()

    def _out_path(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def task(self) -> ExportTask:
        """Return the answer; call it only after the dialog was accepted."""
        layer = self._chosen_layer()
        return ExportTask(
            mask=MaskFile(layer.path, layer.schema, layer.placement),
            out=self._out_path(),
            style=self._style.currentData(),
            image=self._image if self._chosen_style().shows_image else None,
            opacity=self._opacity.value() / 100,
            window=self._area.window_chosen(),
            overwrite=self._overwrite,
        )
