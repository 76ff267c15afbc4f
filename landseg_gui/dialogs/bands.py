"""The dialog that chooses which bands are shown, and with how much contrast; the picture follows at once."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering
from landseg_gui.jobs.runner import Job, JobRunner, Work, while_alive
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr
from landseg_gui.viewer.contrast import CONTRASTS, chosen_rendering, contrast_of
from landseg_gui.viewer.layer import ImageLayer

_CHANNELS = ("Red", "Green", "Blue")
_MODES = {"Colours from three bands": 3, "One band as grey": 1}


class RenderingDialog(QDialog):
    """Bands and contrast of `layer`, and which band is its alpha.

    `alpha_chosen` brings what the picture is to be read with, see `raster.alpha`; `show_layer` then takes it.
    """

    alpha_chosen = Signal(str)

    def __init__(self, layer: ImageLayer, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="dialog_rendering")
        self.setWindowTitle(tr("Bands and contrast"))
        self.setMinimumWidth(380)
        self._layer = layer
        self._runner = runner
        self._job: Job | None = None
        self._mode = self._combo("rendering_mode", list(_MODES))
        self._bands = [self._combo(f"rendering_{name.lower()}", _band_titles(layer)) for name in _CHANNELS]
        self._contrast = self._combo("rendering_contrast", list(CONTRASTS))
        self._alpha = self._combo("rendering_alpha", [])
        self._alpha.setToolTip(tr("The band that is 0 where there is no data: it is not shown, and no network sees it"))
        self._lay_out()
        self._show(layer.rendering)
        for combo in (self._mode, *self._bands, self._contrast):
            combo.activated.connect(self._apply)
        self._alpha.activated.connect(lambda: self.alpha_chosen.emit(self._alpha.currentData()))

    def _combo(self, name: str, items: list[str]) -> QComboBox:
        combo = QComboBox(objectName=name)
        combo.addItems(items)
        return combo

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.addRow(tr("Show"), self._mode)
        self._captions = [PlainLabel(name) for name in _CHANNELS]
        for caption, combo in zip(self._captions, self._bands, strict=True):
            caption.setBuddy(combo)
            self._form.addRow(caption, combo)
        self._form.addRow(tr("Contrast"), self._contrast)
        self._form.addRow(tr("Alpha"), self._alpha)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(self._form)
        column.addSpacing(8)
        column.addWidget(buttons)

    def show_layer(self, layer: ImageLayer) -> None:
        """Show what is in force for the picture, read anew."""
        self._layer, self._job = layer, None
        for combo in self._bands:
            combo.clear()
            combo.addItems(_band_titles(layer))
        self._show(layer.rendering)

    def _show(self, rendering: Rendering) -> None:
        data_bands = self._layer.source.data_bands
        self._mode.setCurrentIndex(list(_MODES.values()).index(len(rendering.bands)))
        self._mode.setEnabled(len(data_bands) > 1)
        for place, combo in enumerate(self._bands):
            band = rendering.bands[min(place, len(rendering.bands) - 1)]
            combo.setCurrentIndex(data_bands.index(band))
        self._contrast.setCurrentText(contrast_of(self._layer.reader, rendering))
        self._show_alpha()
        self._show_rows()

    def _show_alpha(self) -> None:
        self._alpha.clear()
        for choice, title in _alphas(self._layer.source).items():
            self._alpha.addItem(title, choice)
        self._alpha.setCurrentIndex(self._alpha.findData(_in_force(self._layer.source)))
        self._alpha.setEnabled(self._layer.source.band_count > 1)

    def _show_rows(self) -> None:
        """Show the fields that the mode needs: a single band needs no colour's name."""
        channels = _MODES[self._mode.currentText()]
        self._captions[0].setText(tr("Red") if channels == len(_CHANNELS) else tr("Band"))
        for combo in self._bands[1:]:
            self._form.setRowVisible(combo, channels == len(_CHANNELS))

    def chosen_bands(self) -> tuple[int, ...]:
        """Return the numbers of the bands chosen: three, or one."""
        shown = self._bands[: _MODES[self._mode.currentText()]]
        return tuple(self._layer.source.data_bands[combo.currentIndex()] for combo in shown)

    def _apply(self) -> None:
        self._show_rows()
        job = self._runner.start(tr("Contrast of {layer}", layer=self._layer.name), self._work())
        self._job = job
        job.finished.connect(while_alive(self, lambda rendering: self._take(job, rendering)))

    def _work(self) -> Work:
        reader, bands, contrast = self._layer.reader, self.chosen_bands(), self._contrast.currentText()

        def work(_on_event: OnEvent, _control: JobControl) -> Rendering:
            return chosen_rendering(reader, bands, contrast)

        return work

    def _take(self, job: Job, rendering: Rendering) -> None:
        if job is self._job:  # a later choice has overtaken the others
            self._layer.set_rendering(rendering)


def _band_titles(layer: ImageLayer) -> list[str]:
    return [f"{band}  {name}" for band, name in zip(layer.source.data_bands, layer.source.band_names, strict=True)]


def _alphas(source: RasterSource) -> dict[str, str]:
    """Return the titles of the choices of alpha."""
    automatic = ", ".join(map(str, source.automatic_alpha))
    word = "bands" if len(source.automatic_alpha) > 1 else "band"
    titles = {AUTO: f"Automatic ({word} {automatic})" if automatic else "Automatic (none)", NONE: "None"}
    numbers = range(1, source.band_count + 1) if source.band_count > 1 else ()
    return titles | {str(band): f"Band {band}" for band in numbers}


def _in_force(source: RasterSource) -> str:
    """Return the choice that a raster was opened with, a band by its number."""
    return source.alpha if source.alpha in (AUTO, NONE) else str(source.alpha_bands[0])
