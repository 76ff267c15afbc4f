"""The dialog that chooses the bands and the contrast of an image; the image changes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from landseg_core.events import JobControl, OnEvent
from landseg_core.messages import N_, Text
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering
from landseg_gui.jobs.runner import Job, JobRunner, Work, while_alive
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr, translated
from landseg_gui.viewer.contrast import CONTRASTS, chosen_rendering, contrast_of
from landseg_gui.viewer.layer import ImageLayer

_CHANNELS = (N_("Red"), N_("Green"), N_("Blue"))
_MODES = {3: N_("Three bands as colours"), 1: N_("One band as grey")}
"""The display modes by their number of bands."""


class RenderingDialog(QDialog):
    """Bands and contrast of `layer`, and its alpha band.

    `alpha_chosen` carries the alpha with which the image is to be opened, see `raster.alpha`; `show_layer` then shows
    the image as it was opened.
    """

    alpha_chosen = Signal(str)

    def __init__(self, layer: ImageLayer, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="dialog_rendering")
        self.setWindowTitle(tr("Bands and Contrast"))
        self.setMinimumWidth(380)
        self._layer = layer
        self._runner = runner
        self._job: Job | None = None
        self._mode = self._combo("rendering_mode", _MODES)
        self._bands = [self._combo(f"rendering_{name.lower()}", _band_titles(layer)) for name in _CHANNELS]
        self._contrast = self._combo("rendering_contrast", {name: name for name in CONTRASTS})
        self._alpha = self._combo("rendering_alpha", {})
        self._alpha.setToolTip(tr("The band that is 0 where there is no data: these pixels are not shown and not used"))
        self._lay_out()
        self._show(layer.rendering)
        for combo in (self._mode, *self._bands, self._contrast):
            combo.activated.connect(self._apply)
        self._alpha.activated.connect(lambda: self.alpha_chosen.emit(self._alpha.currentData()))

    def _combo(self, name: str, choices: Mapping[Any, str]) -> QComboBox:
        combo = QComboBox(objectName=name)
        _fill(combo, choices)
        return combo

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.addRow(tr("Display"), self._mode)
        self._captions = [PlainLabel(translated(name)) for name in _CHANNELS]
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
        """Show the bands, contrast and alpha of the image, which has been opened again."""
        self._layer, self._job = layer, None
        for combo in self._bands:
            _fill(combo, _band_titles(layer))
        self._show(layer.rendering)

    def _show(self, rendering: Rendering) -> None:
        data_bands = self._layer.source.data_bands
        self._mode.setCurrentIndex(self._mode.findData(len(rendering.bands)))
        self._mode.setEnabled(len(data_bands) > 1)
        for channel, combo in enumerate(self._bands):
            combo.setCurrentIndex(combo.findData(rendering.bands[min(channel, len(rendering.bands) - 1)]))
        self._contrast.setCurrentIndex(self._contrast.findData(contrast_of(self._layer.reader, rendering)))
        self._show_alpha()
        self._show_rows()

    def _show_alpha(self) -> None:
        _fill(self._alpha, _alphas(self._layer.source))
        self._alpha.setCurrentIndex(self._alpha.findData(_current_alpha(self._layer.source)))
        self._alpha.setEnabled(self._layer.source.band_count > 1)

    def _show_rows(self) -> None:
        """Show the fields of the mode: a single band is not called by a colour."""
        channels = self._mode.currentData()
        self._captions[0].setText(translated(_CHANNELS[0]) if channels == len(_CHANNELS) else tr("Band"))
        for combo in self._bands[1:]:
            self._form.setRowVisible(combo, channels == len(_CHANNELS))

    def chosen_bands(self) -> tuple[int, ...]:
        """Return the numbers of the bands chosen: three, or one."""
        return tuple(combo.currentData() for combo in self._bands[: self._mode.currentData()])

    def _apply(self) -> None:
        self._show_rows()
        job = self._runner.start(tr("Compute contrast of {layer}", layer=self._layer.name), self._work())
        self._job = job
        job.finished.connect(while_alive(self, lambda rendering: self._take(job, rendering)))

    def _work(self) -> Work:
        reader, bands, contrast = self._layer.reader, self.chosen_bands(), self._contrast.currentData()

        def work(_on_event: OnEvent, _control: JobControl) -> Rendering:
            return chosen_rendering(reader, bands, contrast)

        return work

    def _take(self, job: Job, rendering: Rendering) -> None:
        if job is self._job:  # a later choice has overtaken the others
            self._layer.set_rendering(rendering)


def _fill(combo: QComboBox, choices: Mapping[Any, str]) -> None:
    combo.clear()
    for value, text in choices.items():
        combo.addItem(translated(text), value)


def _band_titles(layer: ImageLayer) -> dict[int, str]:
    source = layer.source
    return {band: f"{band}  {name}" for band, name in zip(source.data_bands, source.band_names, strict=True)}


def _alphas(source: RasterSource) -> dict[str, str]:
    """Return the titles of the choices of alpha."""
    titles: dict[str, str] = {AUTO: _automatic_alpha(source), NONE: N_("None")}
    numbers = range(1, source.band_count + 1) if source.band_count > 1 else ()
    return titles | {str(band): N_("Band {band}", band=band) for band in numbers}


def _automatic_alpha(source: RasterSource) -> Text:
    bands = ", ".join(map(str, source.automatic_alpha))
    match len(source.automatic_alpha):
        case 0:
            return N_("Automatic (none)")
        case 1:
            return N_("Automatic (band {band})", band=bands)
        case _:
            return N_("Automatic (bands {bands})", bands=bands)


def _current_alpha(source: RasterSource) -> str:
    """Return the choice with which a raster was opened, a band by its number."""
    return source.alpha if source.alpha in (AUTO, NONE) else str(source.alpha_bands[0])
