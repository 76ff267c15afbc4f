"""What tests do with a viewport: give it layers, wait for its tiles, turn the wheel, and look at what it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering
from landseg_gui.viewer.layer import ImageLayer, MaskLayer
from landseg_gui.viewer.viewport import Viewport


def image_layer(path: Path) -> ImageLayer:
    source = RasterSource(path)
    return ImageLayer(PyramidReader(source), default_rendering(source), source.grid.ground_resolution())


def mask_layer(path: Path, schema: ClassSchema) -> MaskLayer:
    return MaskLayer(PyramidReader(RasterSource(path), categorical=True), schema)


def wait_until_sharp(qtbot: QtBot, viewport: Viewport) -> None:
    """Wait until all tiles in sight have come."""
    qtbot.waitUntil(lambda: viewport.canvas.is_sharp, timeout=20_000)


def grab_rgb(viewport: Viewport) -> np.ndarray:
    """Return the (H, W, 3) RGB that the viewport shows, without scale bar and hints."""
    for child in viewport.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if child.objectName() in ("scale_bar", "viewport_waiting"):
            child.hide()
    return to_rgb(viewport.grab().toImage())


def to_rgb(image: QImage) -> np.ndarray:
    """Return an image as (H, W, 3) RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return flat[:, : image.width(), :3].copy()


def turn_wheel(
    viewport: Viewport,
    at: QPointF,
    notches: float,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Turn the wheel over a point of the viewport."""
    where = viewport.viewport().mapToGlobal(at)
    turn = QPoint(0, round(120 * notches))
    event = QWheelEvent(
        at,
        where,
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003
    )
    QApplication.sendEvent(viewport.viewport(), event)
