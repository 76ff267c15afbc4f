"""The curves of several runs in one plot. Importing this loads pyqtgraph: the comparison does it late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from landseg_core.runs.curves import RunCurves
from landseg_gui.panels.runs.curves import CurveStyle, dress_plot, empty_plot, is_dark
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

STYLES = (
    CurveStyle("#0072b2", "#56b4e9"),
    CurveStyle("#d55e00", "#e69f00"),
    CurveStyle("#007a5a", "#2fc79a"),
    CurveStyle("#a8447f", "#e48fc0"),
    CurveStyle("#6a4c93", "#b9a3e3"),
    CurveStyle("#5c5c5c", "#c0c0c0"),
)
"""The curves of the runs that are compared, in their order: colours that the colour-blind can distinguish."""


@dataclass(frozen=True)
class NamedCurves:
    """The curves of a run and its name."""

    name: str
    curves: RunCurves

    @property
    def last_minute(self) -> float:
        """Return the minute at which the last of them ends."""
        parts = (self.curves.train_loss, self.curves.val_loss, self.curves.miou)
        return max((float(part[-1, 0]) for part in parts if len(part)), default=1.0)


class RunCurvesView(QWidget):
    """mIoU and loss of up to `len(STYLES)` runs over the minutes they worked: training dashed, validation solid."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="run_curves")
        self._shown: Sequence[NamedCurves] = ()
        self.miou_plot, self.loss_plot = empty_plot(self), empty_plot(self)
        self.miou_plot.setYRange(0, 100, padding=0.02)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 4, 8, 4)
        titles = (tr("mIoU (%) by minute"), tr("Loss (dashed: training)"))
        for column, (title, plot) in enumerate(zip(titles, (self.miou_plot, self.loss_plot), strict=True)):
            caption = PlainLabel(title, objectName="panel_hint")
            caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            grid.addWidget(caption, 0, column)
            grid.setColumnStretch(column, 1)
            grid.addWidget(plot, 1, column)
        grid.setRowStretch(1, 1)
        self._draw()

    def show_runs(self, runs: Sequence[NamedCurves]) -> None:
        """Draw these runs in the order of `STYLES`."""
        self._shown = runs[: len(STYLES)]
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        dark = is_dark(self.palette())
        for plot in (self.miou_plot, self.loss_plot):
            plot.clear()
            dress_plot(plot, self.palette())
            plot.setXRange(0, max((run.last_minute for run in self._shown), default=1.0), padding=0.02)
        for run, style in zip(self._shown, STYLES, strict=False):
            self._draw_run(run, style, dark=dark)

    def _draw_run(self, run: NamedCurves, style: CurveStyle, *, dark: bool) -> None:
        pen, curves = style.pen(dark=dark), run.curves
        dashed = pyqtgraph.mkPen(pen.color(), width=1, style=Qt.PenStyle.DashLine)
        dots = {"symbol": "o", "symbolSize": 4, "symbolPen": pen, "symbolBrush": pen.color()}
        self.miou_plot.plot(*curves.miou.T, pen=pen, name=run.name, **dots)
        self.loss_plot.plot(*curves.val_loss.T, pen=pen, name=run.name, **dots)
        self.loss_plot.plot(*curves.train_loss.T, pen=dashed)
