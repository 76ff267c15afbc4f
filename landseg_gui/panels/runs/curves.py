"""The curves of a training run. Importing this loads pyqtgraph (a quarter of a second): the panel does it late."""

from __future__ import annotations

from dataclasses import dataclass

import pyqtgraph
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QPalette, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from landseg_core.events import EpochFinished, StepFinished
from landseg_core.runs.curves import EpochCurves
from landseg_gui.panels.runs.epoch_axis import EpochAxis, Squeeze
from landseg_gui.panels.runs.series import Smoother, ThinnedSeries
from landseg_gui.text import tr

_REDRAW_MS = 100
_AXIS_WIDTH = 46  # px, the same for both plots so that their epochs lie below each other


@dataclass(frozen=True)
class CurveStyle:
    """How a curve is drawn: on a light background, on a dark one (Okabe and Ito's colours), and how wide (px)."""

    light: str
    dark: str
    width: float = 2.0
    alpha: int = 255

    def pen(self, *, dark: bool) -> QPen:
        """Return the pen for a light or dark background."""
        colour = QColor(self.dark if dark else self.light)
        colour.setAlpha(self.alpha)
        pen: QPen = pyqtgraph.mkPen(colour, width=self.width)
        return pen


_TRAIN = CurveStyle("#0072b2", "#56b4e9")
_TRAIN_STEPS = CurveStyle("#0072b2", "#56b4e9", width=1.0, alpha=70)
_VALIDATION = CurveStyle("#d55e00", "#e69f00")
_MIOU = CurveStyle("#007a5a", "#2fc79a")


class Curve:
    """A series and its line in a plot."""

    def __init__(self, plot: pyqtgraph.PlotWidget, style: CurveStyle, *, dots: bool = False) -> None:
        self.series = ThinnedSeries()
        self._style = style
        self._dots = dots
        self._item = plot.plot([], [], symbol="o" if dots else None, symbolSize=5)

    def draw(self) -> None:
        """Update the line from the series."""
        self._item.setData(self.series.x.copy(), self.series.y.copy())

    def dress(self, *, dark: bool) -> None:
        """Use the colours for a light or dark background."""
        pen = self._style.pen(dark=dark)
        self._item.setPen(pen)
        if self._dots:
            self._item.setSymbolPen(pen)
            self._item.setSymbolBrush(pen.color())


class CurvesView(QWidget):
    """Loss (training: every step and smoothed; validation) and mIoU over the epochs, live."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_curves")
        self._axis = EpochAxis()
        self._smoother = Smoother()
        self._loss_caption, self._miou_caption = (QLabel(textFormat=Qt.TextFormat.RichText) for _ in range(2))
        self.loss_plot, self.miou_plot = empty_plot(self), empty_plot(self)
        self.train_steps = Curve(self.loss_plot, _TRAIN_STEPS)
        self.train_loss = Curve(self.loss_plot, _TRAIN)
        self.val_loss = Curve(self.loss_plot, _VALIDATION, dots=True)
        self.miou = Curve(self.miou_plot, _MIOU, dots=True)
        self._curves = (self.train_steps, self.train_loss, self.val_loss, self.miou)
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self.draw)
        self._lay_out()
        self._dress()

    def _lay_out(self) -> None:
        self.miou_plot.setXLink(self.loss_plot)
        self.miou_plot.setYRange(0, 100, padding=0.02)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for caption, plot in ((self._loss_caption, self.loss_plot), (self._miou_caption, self.miou_plot)):
            column.addWidget(caption)
            column.addWidget(plot, 1)

    def begin(self, steps_per_epoch: int) -> None:
        """Empty the curves for a run with `steps_per_epoch` steps in a pass over its data."""
        self._axis = EpochAxis(steps_per_epoch)
        self._smoother.clear()
        for curve in self._curves:
            curve.series.clear()
        self.draw()

    def add_step(self, event: StepFinished) -> None:
        """Add a training step."""
        epochs = self._placed(*self._axis.at_step(event.epoch, event.step))
        for curve in (self.val_loss, self.miou):  # a run that rolls back validates again
            curve.series.cut(epochs)
        self.train_steps.series.add(epochs, event.train_loss)
        self.train_loss.series.add(epochs, self._smoother.add(event.train_loss))
        self._redraw_soon()

    def add_epoch(self, event: EpochFinished) -> None:
        """Add an epoch's validation."""
        epochs = self._placed(*self._axis.at_end(event.epoch, event.step))
        self.val_loss.series.add(epochs, event.val_loss)
        self.miou.series.add(epochs, 100 * event.miou)
        self._redraw_soon()

    def _placed(self, epochs: float, squeeze: Squeeze | None) -> float:
        """Return `epochs`, after squeezing what is drawn of the current epoch."""
        if squeeze is not None:
            for curve in self._curves:
                curve.series.squeeze(squeeze.start, squeeze.factor)
        return epochs

    def show_curves(self, curves: EpochCurves) -> None:
        """Show the curves of a run that is over."""
        self.begin(1)
        parts = (curves.train_steps, curves.train_loss, curves.val_loss, curves.miou)
        for curve, points in zip(self._curves, parts, strict=True):
            for x, y in points.tolist():
                curve.series.add(x, y)
        self.draw()

    def draw(self) -> None:
        """Draw what has been added since the last time."""
        for curve in self._curves:
            curve.draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _redraw_soon(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _dress(self) -> None:
        palette = self.palette()
        dark = is_dark(palette)
        for curve in self._curves:
            curve.dress(dark=dark)
        for plot in (self.loss_plot, self.miou_plot):
            dress_plot(plot, palette)
        self._loss_caption.setText(
            _caption(tr("Loss by epoch"), [(tr("training"), _TRAIN), (tr("validation"), _VALIDATION)], dark=dark)
        )
        self._miou_caption.setText(_caption(tr("mIoU by epoch (%)"), [(tr("validation"), _MIOU)], dark=dark))


def is_dark(palette: QPalette) -> bool:
    """Return whether a palette has light text on a dark background."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def empty_plot(parent: QWidget) -> pyqtgraph.PlotWidget:
    """Return an empty plot that the mouse does not move: in a dock, the wheel would do so by accident."""
    plot = pyqtgraph.PlotWidget(parent, enableMenu=False)
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    menu = plot.plotItem.ctrlMenu
    menu.setParent(plot)  # pyqtgraph would leave it behind
    menu.hide()  # or it would be shown with the plot
    plot.showGrid(x=True, y=True, alpha=0.15)
    plot.getAxis("left").setWidth(_AXIS_WIDTH)
    plot.setMinimumHeight(70)
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return plot


def dress_plot(plot: pyqtgraph.PlotWidget, palette: QPalette) -> None:
    """Give a plot the background and the axes of a palette."""
    plot.setBackground(palette.color(QPalette.ColorRole.Base))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(palette.color(QPalette.ColorRole.Mid))
        axis.setTextPen(palette.color(QPalette.ColorRole.Text))


def _caption(title: str, curves: list[tuple[str, CurveStyle]], *, dark: bool) -> str:
    """Return a plot's heading as rich text: its title, and the name of each curve in the curve's colour."""
    names = [f'<span style="color:{style.dark if dark else style.light}">━ {name}</span>' for name, style in curves]
    return f"<b>{title}</b>&nbsp;&nbsp; " + "&nbsp;&nbsp;".join(names)
