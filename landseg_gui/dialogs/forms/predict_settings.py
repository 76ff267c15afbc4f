"""How a map is made, folded away at first: tiles, device, and how the image is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QToolButton

from landseg_core.inference.backends.catalog import BACKENDS, PRECISIONS, unfit
from landseg_core.inference.compatibility import Resolution
from landseg_core.inference.options import PredictOptions
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import Problem
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.run_fields import DEVICES
from landseg_gui.dialogs.forms.setting_editors import names_in
from landseg_gui.number_boxes import WholeBox

_STANDARD = PredictOptions()
_BACKENDS = {"the quickest here": "auto"} | {kind.title: name for name, kind in BACKENDS.items()}
_PRECISIONS = {"quick and exact": "auto"} | {name: name for name in PRECISIONS}
_RESOLUTIONS: dict[str, Resolution] = {"as the model learnt": "model", "the image's own": "own"}


class PredictSettings(QObject):
    """Adds its fields to a form of a dialog."""

    changed = Signal()

    def __init__(self, dialog: FormDialog, form: QFormLayout) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._tile = WholeBox(
            objectName="predict_tile", maximum=99_999, singleStep=256, suffix=" px", value=_STANDARD.tile
        )
        self._overlap = WholeBox(
            objectName="predict_overlap", maximum=99_999, singleStep=32, suffix=" px", specialValueText="as needed"
        )
        self._device = _choice("predict_device", {text: name for name, text in DEVICES.items()})
        self._backend = _choice("predict_backend", _BACKENDS)
        self._precision = _choice("predict_precision", _PRECISIONS)
        self._resolution = _choice("predict_resolution", _RESOLUTIONS)
        self._bands = QLineEdit(objectName="predict_bands", placeholderText="as the model needs them")
        self._unfold = QToolButton(text="Advanced", objectName="predict_advanced", checkable=True, autoRaise=True)
        self._unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        form.addRow(self._unfold)
        self._form = form
        add = dialog.add_field
        shared = "What neighbouring tiles share; 0 for what the network needs"
        seen = "At whose ground resolution the network sees the image; the map has the image's grid"
        self._rows = {
            "predict_tile": add(form, "predict_tile", "&Tile", self._tile, "Side of the windows that the network sees"),
            "predict_overlap": add(form, "predict_overlap", "&Overlap", self._overlap, shared),
            "predict_device": add(form, "predict_device", "&Device", self._device, "Where to compute"),
            "predict_backend": add(form, "predict_backend", "Bac&kend", self._backend, "What runs the network"),
            "predict_precision": add(
                form,
                "predict_precision",
                "&Numbers",
                self._precision,
                "What it computes in; int8 only if you ask for it",
            ),
            "predict_resolution": add(form, "predict_resolution", "&Resolution", self._resolution, seen),
            "predict_bands": add(
                form, "predict_bands", "&Bands", self._bands, "Names or numbers of the model's bands in the image"
            ),
        }
        self._connect()
        self._show_fold()

    def _connect(self) -> None:
        self._unfold.toggled.connect(self._show_fold)
        self._unfold.toggled.connect(lambda unfolded: self._dialog.make_room_for(unfolded=unfolded))
        for signal in (
            self._tile.valueChanged,
            self._overlap.valueChanged,
            self._device.currentIndexChanged,
            self._backend.currentIndexChanged,
            self._precision.currentIndexChanged,
            self._resolution.currentIndexChanged,
            self._bands.textChanged,
        ):
            signal.connect(self.changed)

    def _show_fold(self) -> None:
        shown = self._unfold.isChecked()
        self._unfold.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for row in self._rows.values():
            self._form.setRowVisible(row, shown)

    def unfold_for(self, problems: Iterable[str]) -> None:
        """Unfold where one of the fields with `problems` is here: nobody must look for it."""
        if not self._rows.keys().isdisjoint(problems):
            self._unfold.setChecked(True)

    def problems(self) -> Iterator[tuple[str, Problem]]:
        """Yield field and problem of tiles and backend; whether the bands fit, the model tells."""
        if problem := unfit(self.backend, self.precision, self.device):
            yield "predict_backend", Problem(checks.as_sentence(problem))
        if self.tile < 32:
            yield "predict_tile", Problem("A tile needs 32 px at least.")
        if self._overlap.value() > self.tile // 2:
            yield "predict_overlap", Problem(f"At most half a tile: {self.tile // 2} px.")

    @property
    def tile(self) -> int:
        """Return the side of the windows in px."""
        return self._tile.value()

    @property
    def overlap(self) -> int | None:
        """Return what neighbouring windows share, in px; None for what the network needs."""
        return self._overlap.value() or None

    @property
    def device(self) -> str:
        """Return what computes."""
        return str(self._device.currentData())

    @property
    def backend(self) -> str:
        """Return the name of what runs the network."""
        return str(self._backend.currentData())

    @property
    def precision(self) -> str:
        """Return what it computes in."""
        return str(self._precision.currentData())

    @property
    def resolution(self) -> Resolution:
        """Return at whose ground resolution the network sees an image."""
        return _RESOLUTIONS[self._resolution.currentText()]

    @property
    def bands(self) -> tuple[str, ...]:
        """Return the numbers or names of the bands; none where the model tells them."""
        return names_in(self._bands.text())


def _choice(name: str, values: dict[str, str] | dict[str, Resolution]) -> QComboBox:
    combo = QComboBox(objectName=name)
    for text, value in values.items():
        combo.addItem(text, value)
    return combo
