"""The IoU of every class under a heading: its colour, its name, a bar and the value."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import percent, tr


class ShareBar(QWidget):
    """A bar in a class's colour, as long as a fraction 0-1 of its width."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour = QColor(colour)
        self.fraction = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return a size that fits a line of text."""
        return QSize(80, 10)

    def show_fraction(self, fraction: float) -> None:
        """Draw the bar with this length."""
        self.fraction = fraction
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar with a thin outline: a class may have the colour of the background."""
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        bar = QRectF(box.left(), box.top(), box.width() * self.fraction, box.height())
        with QPainter(self) as painter:
            painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
            painter.drawRect(box)
            painter.fillRect(bar, self._colour)
            painter.drawRect(bar)


class IouTable(QWidget):
    """One line per class of a schema."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training_iou")
        self._bars: dict[str, ShareBar] = {}
        self._values: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(2, 1)

    def set_schema(self, schema: ClassSchema) -> None:
        """Start again with the classes of `schema`, without values."""
        while item := self._grid.takeAt(0):
            if widget := item.widget():
                widget.setParent(None)  # at once: `deleteLater` alone would leave it visible for a moment
        self._bars.clear()
        self._values.clear()
        self._grid.addWidget(_heading(), 0, 0, 1, 4)
        for row, land_class in enumerate(schema.classes, 1):
            self._add_row(row, land_class)

    def recolour(self, schema: ClassSchema) -> None:
        """Show the same classes in other colours; the values stay."""
        shown = {name: (bar.fraction, self._values[name].text()) for name, bar in self._bars.items()}
        self.set_schema(schema)
        for name, (fraction, text) in shown.items():
            if name in self._bars:
                self._bars[name].show_fraction(fraction)
                self._values[name].setText(text)

    def show_iou(self, iou: Mapping[str, float | None]) -> None:
        """Show the IoU (0-1) by class name; None for a class that neither map has."""
        for name, bar in self._bars.items():
            value = iou.get(name)
            bar.show_fraction(value or 0.0)
            self._values[name].setText(percent(value))
            self._values[name].setToolTip(
                "" if value is not None else tr("Neither the labels nor the prediction have this class.")
            )

    def _add_row(self, row: int, land_class: LandClass) -> None:
        bar = ShareBar(land_class.colour)
        value = PlainLabel(percent(None), objectName=f"iou_{land_class.name}")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance("100.0 %"))
        for column, widget in enumerate((_swatch(land_class.colour), PlainLabel(land_class.name), bar, value)):
            self._grid.addWidget(widget, row, column)
        self._bars[land_class.name], self._values[land_class.name] = bar, value


def _heading() -> QLabel:
    heading = PlainLabel(tr("IoU per class (%)"), objectName="training_iou_heading")
    font = heading.font()
    font.setBold(True)
    heading.setFont(font)
    heading.setToolTip(
        tr(
            "Intersection over union: of all validation pixels that are this class in the labels or in "
            "the prediction, the share where both agree"
        )
    )
    return heading


def _swatch(colour: str) -> ShareBar:
    swatch = ShareBar(colour)
    swatch.show_fraction(1.0)
    swatch.setFixedSize(14, 14)
    return swatch
