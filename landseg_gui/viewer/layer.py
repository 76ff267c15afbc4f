"""The layers of the viewer: the image and the classes over it, each with its eye and opacity."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.raster.placement import Placement
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering
from landseg_gui.viewer.tile_reader import RasterTileReader, TileReader

_CLASS_OPACITY = 0.6


class Layer(QObject):
    """Tiles in the viewer, whatever reads them.

    `note` says what is amiss with its file, where something is. `changed`: eye or opacity; `restyled`: its pixels look
    different; `reread`: its pixels are others, or better overviews are there; `painted` brings the changed box of every
    changed tile, where that is known.

    Attributes:
        smooth: whether neighbouring pixels may be mixed where the layer is drawn smaller.
    """

    changed = Signal()
    restyled = Signal()
    reread = Signal()
    painted = Signal(object)

    smooth = False

    def __init__(self, reader: TileReader, name: str, opacity: float) -> None:
        super().__init__()
        self.reader = reader
        self.name = name
        self.note = ""
        self._visible = True
        self._opacity = opacity

    def extent(self, key: TileKey) -> PixelWindow | None:
        """Return the part of a tile, in raster px, beyond which the layer shows nothing; None: it shows nothing."""
        return self.reader.pyramid.source_window(key)

    def reaches(self, _key: TileKey) -> bool:
        """Return whether the layer may show something in a tile."""
        return True

    def class_shown(self, _value: int) -> LandClass | None:
        """Return the class that a pixel of this value is seen as; None where it is seen as none."""
        return None

    @property
    def visible(self) -> bool:
        """Return whether the eye is open."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        if visible != self._visible:
            self._visible = visible
            self.changed.emit()

    @property
    def opacity(self) -> float:
        """Return the opacity, 0 to 1."""
        return self._opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        if opacity != self._opacity:
            self._opacity = min(1.0, max(0.0, opacity))
            self.changed.emit()


class _OfFile:
    """What a layer has whose pixels are those of a file."""

    reader: RasterTileReader

    @property
    def source(self) -> RasterSource:
        """Return the raster itself."""
        return self.reader.source

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.source.path

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the image, on which a mask of a part is shown too."""
        return self.reader.grid


class ImageLayer(_OfFile, Layer):
    """The image, shown through the choice of bands and the contrast of its rendering.

    `ground_resolution` (metres per px, or None) and `crs_name` take a while to find out and are given from outside.
    """

    reader: PyramidReader
    smooth = True

    def __init__(
        self, reader: PyramidReader, rendering: Rendering, ground_resolution: float | None = None, crs_name: str = ""
    ) -> None:
        super().__init__(reader, reader.source.path.name, opacity=1.0)
        self.rendering = rendering
        self.ground_resolution = ground_resolution
        self.crs_name = crs_name

    def set_grid(self, grid: RasterGrid) -> None:
        """Place the image on another grid than that in its file, of the same size."""
        if not grid.is_same(self.source.grid):
            self.source.set_grid(grid)
            self.ground_resolution, self.crs_name = grid.ground_resolution(), grid.crs_name

    def set_rendering(self, rendering: Rendering) -> None:
        """Show other bands or another contrast."""
        if rendering != self.rendering:
            self.rendering = rendering
            self.restyled.emit()


class ClassLayer(Layer):
    """Class values over the image, coloured by class. `schema` holds the colours in force."""

    schema_changed = Signal()

    def __init__(self, reader: TileReader, schema: ClassSchema, name: str) -> None:
        super().__init__(reader, name, _CLASS_OPACITY)
        self.schema = schema
        self._hidden: frozenset[int] = frozenset()
        self._solo: int | None = None

    @property
    def solo(self) -> int | None:
        """Return the value of the only class shown, or None."""
        return self._solo

    def is_class_visible(self, value: int) -> bool:
        """Return whether the eye of a class is open; solo leaves the eyes as they are."""
        return value not in self._hidden

    def shows(self, value: int) -> bool:
        """Return whether pixels of `value` are drawn."""
        if self._solo is not None:
            return value == self._solo
        return value in self.schema.values and value not in self._hidden

    def set_class_visible(self, value: int, visible: bool) -> None:
        """Open or close the eye of a class."""
        hidden = self._hidden - {value} if visible else self._hidden | {value}
        if hidden != self._hidden:
            self._hidden = hidden
            self.restyled.emit()

    def set_solo(self, value: int | None) -> None:
        """Show one class only, or all whose eye is open again."""
        if value != self._solo:
            self._solo = value
            self.restyled.emit()

    def set_colour(self, value: int, colour: str) -> None:
        """Give a class another colour, `#rrggbb`."""
        classes = (
            item.model_copy(update={"colour": colour}) if item.value == value else item for item in self.schema.classes
        )
        self.schema = ClassSchema(classes=tuple(classes))
        self.restyled.emit()

    def set_schema(self, schema: ClassSchema) -> None:
        """Read the values by other classes; all eyes open."""
        self.schema, self._hidden, self._solo = schema, frozenset(), None
        self.schema_changed.emit()
        self.restyled.emit()

    def class_of(self, value: int) -> LandClass | None:
        """Return the class of a value, or None."""
        return next((item for item in self.schema.classes if item.value == value), None)

    def class_shown(self, value: int) -> LandClass | None:
        """Return the class that a pixel of this value is seen as; None where it is not shown."""
        return self.class_of(value) if self.shows(value) else None

    def colour_table(self) -> list[int]:
        """Return 256 colours 0xAARRGGBB by value; what is not shown is transparent."""
        table = [0] * 256
        for item in self.schema.classes:
            if self.shows(item.value):
                red, green, blue = item.rgb
                table[item.value] = 0xFF << 24 | red << 16 | green << 8 | blue
        return table


class MaskLayer(_OfFile, ClassLayer):
    """An index raster over the image: a map, or a mask of another program.

    `owner` is the file of the project that was open when it was laid, and with which it goes; None: of none.
    """

    reader: RasterTileReader

    def __init__(self, reader: RasterTileReader, schema: ClassSchema, name: str | None = None) -> None:
        super().__init__(reader, schema, name or reader.source.path.name)
        self.owner: Path | None = None

    @property
    def placement(self) -> Placement | None:
        """Return where a mask of a part lies; None for one of the whole."""
        return self.reader.placement

    @property
    def area(self) -> PixelWindow:
        """Return the part of the image that the mask covers, in raster px."""
        return self.placement.window if self.placement else self.grid.window

    def extent(self, key: TileKey) -> PixelWindow | None:
        """Return the part of a tile, in raster px, beyond which the mask shows nothing; None: it shows nothing."""
        tile = super().extent(key)
        return tile.intersection(self.placement.window) if tile and self.placement else tile

    def reaches(self, key: TileKey) -> bool:
        """Return whether the mask may show something in a tile."""
        return self.placement is None or self.extent(key) is not None

    def look_like(self, former: MaskLayer) -> None:
        """Take opacity, eye and, where the classes are the same, their eyes from the layer that this one replaces."""
        self.opacity, self.visible = former.opacity, former.visible
        if self.schema.values == former.schema.values and self.schema.names == former.schema.names:
            self._hidden, self._solo = former._hidden, former._solo


FileLayer = ImageLayer | MaskLayer
"""A layer whose pixels are those of a file, which may change."""
