"""The widget that shows the layers: zoom at the cursor, drag to pan, or paint."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPalette,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from landseg_core.geo.window import PixelWindow
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr
from landseg_gui.viewer.canvas import Canvas
from landseg_gui.viewer.frame import ViewFrame, limited_scale
from landseg_gui.viewer.layer import ImageLayer
from landseg_gui.viewer.layers import LayerStack
from landseg_gui.viewer.overlay import Overlay
from landseg_gui.viewer.pointer import WHEEL_NOTCH, PointerHandler, PointerRouter
from landseg_gui.viewer.scale_bar import ScaleBar
from landseg_gui.viewer.view_pixels import ViewPixels

_ZOOM_PER_NOTCH = math.sqrt(2)
_KEY_STEP = 0.15  # of the viewport, for an arrow key
_MARGIN = 10
ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class Viewport(QGraphicsView):
    """Shows a stack of layers. `frame_changed`: another part or zoom; `hovered`: the raster position under the cursor.

    `overlay` holds the lines over the image; `pointer` gets the mouse instead of the hand that pans.
    The view frame is the truth and is kept in device px without rounding; Qt's transform and scroll bars follow it.
    """

    frame_changed = Signal()
    hovered = Signal(float, float)
    left = Signal()

    def __init__(self, layers: LayerStack, parent: QWidget | None = None) -> None:
        self.canvas = Canvas(layers)
        super().__init__(self.canvas.scene, parent)
        self.canvas.setParent(self)
        self.overlay = Overlay(self.canvas.scene)
        self._layers = layers
        self._frame = ViewFrame()
        self._image: ImageLayer | None = None
        self._fits = True
        self._router = PointerRouter(self)
        self._scale_bar = ScaleBar(self)
        self._waiting = PlainLabel(tr("Loading the image…"), self, objectName="viewport_waiting", visible=False)
        self._set_up()
        # Many wheel steps and drags fall into one turn of the event loop: ask for tiles once.
        self._requests = QTimer(self, singleShot=True, interval=0)
        self._requests.timeout.connect(self.canvas.request)
        self.canvas.waiting.connect(self._waiting.setVisible)
        layers.changed.connect(self._follow_layers)
        self._follow_layers()

    def _set_up(self) -> None:
        self.setObjectName("viewport")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumSize(240, 180)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlags(
            QGraphicsView.OptimizationFlag.DontSavePainterState
            | QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing
        )
        self.setBackgroundRole(QPalette.ColorRole.Shadow)
        self.setMouseTracking(True)
        self.setAcceptDrops(False)  # files dropped here are for the window
        self.update_cursor()

    @property
    def pointer(self) -> PointerHandler | None:
        """Return the handler that gets the mouse, or None while it is the hand. A change releases what is held."""
        return self._router.handler

    @pointer.setter
    def pointer(self, handler: PointerHandler | None) -> None:
        self._router.handler = handler

    def update_cursor(self) -> None:
        """Show the cursor that the pointer wants now."""
        self._router.show_cursor()

    @property
    def image(self) -> ImageLayer | None:
        """Return the image, or None while there is none."""
        return self._image

    @property
    def frame(self) -> ViewFrame:
        """Return the visible part."""
        return self._frame

    def chosen_frame(self) -> ViewFrame | None:
        """Return the frame that the user has chosen; None for the whole raster, at any size of the window."""
        return None if self._fits else self._frame

    @property
    def scale_factor(self) -> float:
        """Return the zoom in device px per raster px."""
        return self._frame.scale

    def view_window(self) -> PixelWindow | None:
        """Return the visible part of the raster, or None where there is none."""
        return self._frame.visible(*self._raster_size()) if self._image else None

    def read_view(self) -> ViewPixels | None:
        """Return the visible part of the image as displayed, from what is loaded; None where nothing is."""
        return self.canvas.read_view()

    def fit(self) -> None:
        """Show the whole raster; it stays whole while the window changes its size."""
        if self._image:
            self._set_frame(self._frame.fitted(*self._raster_size()))
            self._fits = True

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom to `scale` (device px per raster px), keeping what is at `at` (logical px; the middle by default)."""
        if self._image is None:
            return
        at = QPointF(self.width() / 2, self.height() / 2) if at is None else at
        ratio = self.devicePixelRatioF()
        fit = self._frame.fitted(*self._raster_size()).scale
        frame = self._frame.zoomed(limited_scale(scale, fit), at.x() * ratio, at.y() * ratio)
        self._set_frame(frame.kept_near(*self._raster_size()))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom in (factor above 1) or out."""
        self.zoom_to(self.scale_factor * factor, at)

    def pan_by(self, dx: float, dy: float) -> None:
        """Pan by logical px, as far as the raster stays in the middle of the viewport."""
        if self._image:
            ratio = self.devicePixelRatioF()
            self._set_frame(self._frame.moved(dx * ratio, dy * ratio).kept_near(*self._raster_size()))

    def centre_on(self, column: float, row: float, scale: float) -> None:
        """Centre the view on a raster position at `scale`."""
        self._set_frame(self._frame.centred(column, row, scale))

    def raster_position(self, position: QPointF) -> tuple[float, float]:
        """Return the (column, row) under a point of the widget."""
        ratio = self.devicePixelRatioF()
        return self._frame.to_raster(position.x() * ratio, position.y() * ratio)

    def _raster_size(self) -> tuple[int, int]:
        assert self._image is not None
        return self._image.grid.width, self._image.grid.height

    def _set_frame(self, frame: ViewFrame) -> None:
        self._fits = False
        if frame != self._frame:
            self._frame = frame
            self._show_frame()

    def _show_frame(self) -> None:
        """Bring transform, scroll bars, tiles and scale bar to the frame."""
        if self._image:
            self._move_scene()
            ratio = self.devicePixelRatioF()
            self._scale_bar.set_scale(self.scale_factor / ratio, self._image.ground_resolution)
            self.overlay.set_scale(self.scale_factor / ratio)
        self._scale_bar.setVisible(self._image is not None)
        self.canvas.show_frame(self._frame)
        self._requests.start()
        self.frame_changed.emit()
        self._router.follow_frame()

    def _move_scene(self) -> None:
        frame, scale = self._frame, self.scale_factor / self.devicePixelRatioF()
        if self.transform().m11() != scale:
            self.setTransform(QTransform.fromScale(scale, scale))
        # Room for half a viewport on every side, or Qt would not scroll beyond the raster's edge.
        across, down = frame.width / frame.scale, frame.height / frame.scale
        width, height = self._raster_size()
        self.setSceneRect(QRectF(-across, -down, width + 2 * across, height + 2 * down))
        self.horizontalScrollBar().setValue(round(frame.left * scale))
        self.verticalScrollBar().setValue(round(frame.top * scale))

    def _follow_layers(self) -> None:
        former, self._image = self._image, self._layers.image
        if self._image is not former and not _is_same_image(self._image, former):
            self.fit()
        self._show_frame()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the centre, or the whole raster, visible."""
        super().resizeEvent(event)
        ratio, fits = self.devicePixelRatioF(), self._fits
        self._frame = self._frame.resized(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        if fits:
            self.fit()
        self._scale_bar.move(_MARGIN, self.height() - self._scale_bar.height() - _MARGIN)
        self._waiting.adjustSize()
        self._waiting.move((self.width() - self._waiting.width()) // 2, _MARGIN)
        self._show_frame()

    def viewportEvent(self, event: QEvent) -> bool:
        """Handle the pinch of a touch pad, a move to a screen of another density, and the cursor leaving."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.resizeEvent(QResizeEvent(self.size(), self.size()))
        if event.type() == QEvent.Type.Leave:
            self._router.leave()
            self.left.emit()
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor, where the wheel is not for the pointer."""
        if not self._router.wheel(event):
            self.zoom_by(_ZOOM_PER_NOTCH ** (event.angleDelta().y() / WHEEL_NOTCH), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start panning, or pass the press to the pointer."""
        self._router.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Handle the second press of two."""
        self._router.double_click(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan or pass the move to the pointer, and report the position of the cursor."""
        self._router.move(event)
        if self._image:
            self.hovered.emit(*self.raster_position(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stop panning, or pass the release to the pointer."""
        self._router.release(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Release what is held: its release goes to another widget or window."""
        self._router.mouse_lost()
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Offer the key to the pointer; pan with the arrow keys."""
        if self._router.key_press(event):
            event.accept()
        elif event.key() in ARROWS:
            across, down = ARROWS[event.key()]
            self.pan_by(across * self.width() * _KEY_STEP, down * self.height() * _KEY_STEP)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Handle the release of Space."""
        if not self._router.key_release(event):
            super().keyReleaseEvent(event)


def _is_same_image(image: ImageLayer | None, former: ImageLayer | None) -> bool:
    """Return whether `image` is the one shown before, read again from its file: the view stays."""
    return image is not None and former is not None and image.path == former.path and image.grid == former.grid
