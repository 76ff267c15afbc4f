"""landseg's window on a large picture with a map over it, driven from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from benchmarks.label_project import CLASSES, painted_tile
from benchmarks.mouse import PaintCounter, wait_until
from benchmarks.window import BareWindow
from landseg_core.geo.tiling import pieces
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MAP_BLOCK, MapWriter
from landseg_gui.viewer.layer import MaskLayer
from scripts.repeat_vrt import repeated

COPIES = 5
_PATTERNS = 8


def giga_picture(raster: Path, path: Path, columns: int = COPIES) -> Path:
    """Lay the raster out side by side at `path`, which is returned."""
    path.write_text(repeated(raster, columns, COPIES))
    return path


def giga_map(picture: Path, path: Path) -> Path:
    """Write a map of all classes on the picture's grid to `path`, with overviews, as a prediction does."""
    patterns = [painted_tile(seed) for seed in range(_PATTERNS)]
    with RasterSource(picture) as source:
        grid = source.grid
    with OutputFiles() as outputs, MapWriter(outputs, path, grid, class_map_info(CLASSES)) as writer:
        for number, window in enumerate(pieces(grid.window, MAP_BLOCK, MAP_BLOCK)):
            writer.write(window, patterns[number % _PATTERNS][: window.height, : window.width])
    return path


class PictureWindow(BareWindow):
    """The window on a picture and a map, whose overviews are there: they are not what is measured."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        super().__init__(folder)
        self.session.files.open(files)
        wait_until(lambda: bool(self.session.layers.masks))
        self.wait_idle()
        self.wait_sharp()
        self.painted = PaintCounter(self.view.viewport())

    @property
    def mask(self) -> MaskLayer:
        """Return the map's layer."""
        return self.session.layers.masks[0]

    def go_to(self, scale: float | None) -> None:
        """Show the middle at `scale`, or all, and wait until it is sharp."""
        if scale is None:
            self.view.fit()
        else:
            self.view.centre_on(self.view.image.grid.width / 2, self.view.image.grid.height / 2, scale)
        self.wait_sharp()

    def place_in_view(self, across: float, down: float) -> QPointF:
        """Return the point of the viewport where a place of the raster lies, given in shares of its sides."""
        grid = self.view.image.grid
        return QPointF(*self.view.frame.to_device(across * grid.width, down * grid.height))

    def wait_recoloured(self) -> None:
        """Wait until a change of colours is seen."""
        before = self.painted.count
        wait_until(lambda: self.painted.count > before and self.view.canvas.is_sharp)
        QApplication.processEvents()

    def wait_for_sharp_tile(self) -> None:
        """Wait until a tile is seen at the level that is drawn."""
        wait_until(lambda: self.view.canvas.sharp_count > 0)
        QApplication.processEvents()
