"""Lines over the image, such as the cursor's ring: equally thin at any zoom, and visible on any background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

_ABOVE_LAYERS = 1e6
_ORDER = ("blocks", "areas", "question", "reasons", "tool", "cursor")  # from the bottom to the top
_HALO_WIDTH = 2.0  # px more than the line
_DARK_HALO, _LIGHT_HALO = QColor(40, 40, 40), QColor(240, 240, 240)  # opaque: four times as fast to draw
_LIGHT = 0.45  # the luminance from which a line counts as light
_DASHES = [4.0, 4.0]  # in widths of the line


@dataclass(frozen=True)
class Shape:
    """A path in raster px, with the colour of its line and of its inside (or None).

    `width` is in px of the screen (logical: twice as many device px on a screen of twice the density), at any zoom.
    A line comes with a halo that is dark around light colours and light around dark ones.
    """

    path: QPainterPath
    line: QColor | None = None
    fill: QColor | None = None
    dashed: bool = False
    width: float = 1.5

    @property
    def margin(self) -> float:
        """Return how far the line and its halo reach beyond the path, in px of the screen."""
        return (self.width + _HALO_WIDTH) / 2 + 1 if self.line else 1.0


class _Group(QGraphicsItem):
    """The shapes that come and go together."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # for the exposed rectangle
        self._shapes: list[tuple[Shape, QRectF]] = []
        self._scale = 1.0
        self._bounds = QRectF()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return what is shown."""
        return tuple(shape for shape, _ in self._shapes)

    def set_shapes(self, shapes: Sequence[Shape]) -> None:
        """Show these shapes only."""
        self._shapes = [(shape, shape.path.boundingRect()) for shape in shapes]
        self._measure()

    def set_scale(self, scale: float) -> None:
        """Follow the zoom, in px of the screen per raster px."""
        self._scale = scale
        self._measure()

    def _measure(self) -> None:
        self.prepareGeometryChange()
        self._bounds = QRectF()
        for shape, bounds in self._shapes:
            self._bounds |= self._reach(shape, bounds)

    def _reach(self, shape: Shape, bounds: QRectF) -> QRectF:
        """Return what a shape covers with its line, in raster px."""
        margin = shape.margin / self._scale
        return bounds.adjusted(-margin, -margin, margin, margin)

    def boundingRect(self) -> QRectF:
        """Return what all shapes cover, in raster px."""
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw the shapes that touch the exposed part."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for shape, bounds in self._shapes:
            if self._reach(shape, bounds).intersects(option.exposedRect):
                _draw(painter, shape, self._scale)


class Overlay:
    """Groups of shapes over all layers, each by its name; see `_ORDER` for which lies above which."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._scene = scene
        self._groups: dict[str, _Group] = {}
        self._hidden: set[str] = set()
        self._scale = 1.0

    def show(self, name: str, shapes: Sequence[Shape]) -> None:
        """Have the group `name` consist of `shapes`."""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = self._new_group(name)
        group.set_shapes(shapes)

    def shapes(self, name: str) -> tuple[Shape, ...]:
        """Return what a group consists of; nothing where there is none of this name."""
        group = self._groups.get(name)
        return group.shapes if group else ()

    def clear(self, name: str) -> None:
        """Remove a group; whether it is visible is remembered."""
        group = self._groups.pop(name, None)
        if group is not None:
            self._scene.removeItem(group)

    def set_visible(self, name: str, visible: bool) -> None:
        """Show or hide a group, now and whenever it is shown later."""
        (self._hidden.discard if visible else self._hidden.add)(name)
        if name in self._groups:
            self._groups[name].setVisible(visible)

    def set_scale(self, scale: float) -> None:
        """Follow the zoom, in px of the screen (logical) per raster px."""
        if scale != self._scale:
            self._scale = scale
            for group in self._groups.values():
                group.set_scale(scale)

    def _new_group(self, name: str) -> _Group:
        group = _Group()
        group.set_scale(self._scale)
        group.setZValue(_ABOVE_LAYERS + (_ORDER.index(name) if name in _ORDER else 0))
        group.setVisible(name not in self._hidden)
        self._scene.addItem(group)
        return group


def halo_colour(line: QColor) -> QColor:
    """Return the halo for a line of this colour: dark for a light line, light for a dark one.

    The luminance is that of Rec. 709, of the values as they are.
    """
    luminance = 0.2126 * line.redF() + 0.7152 * line.greenF() + 0.0722 * line.blueF()
    return _DARK_HALO if luminance >= _LIGHT else _LIGHT_HALO


def _draw(painter: QPainter, shape: Shape, scale: float) -> None:
    if shape.fill:
        painter.fillPath(shape.path, shape.fill)
    if shape.line:
        painter.strokePath(shape.path, _pen(halo_colour(shape.line), (shape.width + _HALO_WIDTH) / scale))
        line = _pen(shape.line, shape.width / scale)
        if shape.dashed:
            line.setDashPattern(_DASHES)
            line.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.strokePath(shape.path, line)


def _pen(colour: QColor, width: float) -> QPen:
    """Return a pen of `width` raster px. A cosmetic one would be thinner on a denser screen."""
    return QPen(colour, width, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin)
