"""Opens pictures and masks for the window. Runs in a job's thread: no Qt here, and no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from landseg_core.errors import LandsegError, RasterError
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.handles import IdleHandles
from landseg_core.raster.model_reference import read_model_reference
from landseg_core.raster.near_infrared import near_infrared_notice
from landseg_core.raster.placement import PlacedReader, Placement
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering, default_rendering
from landseg_gui.session.files.guessed_classes import declared_empty, guessed_schema, value_counts
from landseg_gui.viewer.contrast import chosen_rendering, contrast_of

MaskReader = PyramidReader | PlacedReader

SHOWN_HANDLES = IdleHandles(limit=12)
"""What all layers of the window together hold open while nobody reads: enough for the levels of those in sight."""


@dataclass(frozen=True)
class Picture:
    """An orthophoto ready to be shown; `doubt` says that its alpha may be near infrared."""

    reader: PyramidReader
    rendering: Rendering
    ground_resolution: float | None
    crs_name: str
    doubt: str | None = None


@dataclass(frozen=True)
class Mask:
    """A mask ready to be shown; `guessed` where nothing in the file tells its classes.

    `unshown` px then hold 255 though no nodata is declared: they may be meant, but a layer shows nothing there.
    """

    reader: MaskReader
    schema: ClassSchema
    name: str
    guessed: bool
    unshown: int = 0


@dataclass(frozen=True)
class Opened:
    """What came of opening files: a picture or none, masks in order, and a sentence for each file that failed.

    `further` pictures can only be added to a project.
    """

    picture: Picture | None = None
    masks: tuple[Mask, ...] = ()
    problems: tuple[str, ...] = ()
    further: tuple[Path, ...] = ()

    @property
    def images(self) -> tuple[Path, ...]:
        """Return the files that may become images of a project: all pictures, but a map, which lies over itself."""
        if self.picture is None:
            return ()
        path = self.picture.reader.source.path
        is_map = any(mask.reader.source.path == path for mask in self.masks)
        return self.further if is_map else (path, *self.further)


def open_picture_alone(path: Path, alpha: str = AUTO) -> Opened:
    """Open an orthophoto with an alpha, see `raster.alpha`.

    Raises:
        RasterError: it cannot be opened, or has no such alpha band.
    """
    return Opened(picture=_open_picture(_source(path, alpha)))


def _source(path: Path, alpha: str = AUTO) -> RasterSource:
    return RasterSource(path, alpha=alpha, idle=SHOWN_HANDLES)


def open_mask_alone(
    path: Path,
    grid: RasterGrid | None,
    schema: ClassSchema | None,
    name: str | None,
    control: JobControl,
    place: PixelWindow | None = None,
) -> Opened:
    """Open a mask that is to lie over a picture on `grid`, at `place` there; where the file says, by default.

    Raises:
        RasterError: it cannot be opened, is no mask, or lies on another grid.
    """
    if grid is None:
        raise RasterError(f"{path.name} is to lie over an orthophoto: open that first")
    source = _source(path)
    _require_mask(source)
    own_classes = mask_schema(path)
    name = name or layer_name(path, own_classes)
    return Opened(masks=(_open_mask(_on_grid(source, grid, place), schema or own_classes, name, control),))


def with_colours_of(schema: ClassSchema, others: ClassSchema | None) -> ClassSchema:
    """Return `schema`, each class in the colour of the one in `others` with its value and name, where there is one."""
    colours = {(item.value, item.name): item.colour for item in others.classes} if others else {}
    classes = (
        item.model_copy(update={"colour": colours.get((item.value, item.name), item.colour)}) for item in schema.classes
    )
    return ClassSchema(classes=tuple(classes))


@dataclass(frozen=True)
class KnownMask:
    """A mask as it was shown before its file changed: where, by which classes and under which name."""

    path: Path
    place: PixelWindow | None
    schema: ClassSchema
    name: str


def open_mask_again(known: KnownMask, grid: RasterGrid, control: JobControl) -> Opened:
    """Open the file that has taken the place of a mask; of its classes, those that it names keep their colours.

    Raises:
        RasterError: it cannot be opened, is no mask, or lies on another grid.
    """
    source = _source(known.path)
    _require_mask(source)
    own_classes = mask_schema(known.path)
    schema = with_colours_of(own_classes, known.schema) if own_classes else known.schema
    is_ours = own_classes is not None and read_model_reference(known.path) is not None
    name = layer_name(known.path, own_classes) if is_ours else known.name
    place = known.place if not source.grid.is_georeferenced else None
    return Opened(masks=(_open_mask(_on_grid(source, grid, place), schema, name, control),))


def open_picture_again(
    path: Path,
    rendering: Rendering,
    former: PyramidReader,
    _control: JobControl | None = None,
    alpha: str | None = None,
) -> Opened:
    """Open a picture anew, such as a file that has taken its place, in the bands and the kind of contrast it had.

    Without an `alpha` it is the one that it had, too.

    Raises:
        RasterError: it cannot be opened.
    """
    picture = _open_picture(_source(path, alpha or former.source.alpha))
    source = picture.reader.source
    if not set(rendering.bands) <= set(source.data_bands) or source.colour_table is not None:
        return Opened(picture=picture)
    kept = chosen_rendering(picture.reader, rendering.bands, contrast_of(former, rendering))
    return Opened(picture=replace(picture, rendering=kept))


def layer_name(path: Path, own_classes: ClassSchema | None) -> str:
    """Return what to call a mask in the window: a prediction by the model that it tells of, any other by its file.

    `own_classes` are those that the file names: its confidence tells of the model too, and is no prediction.

    Raises:
        RasterError: it cannot be opened.
    """
    model = read_model_reference(path) if own_classes else None
    return f"Prediction ({model.title})" if model else path.name


def open_files(paths: Sequence[Path], grid: RasterGrid | None, control: JobControl, *, several: bool = False) -> Opened:
    """Open files as a user drops them: masks on the grid of the picture lie over it, any other raster is the picture.

    Of several files only the first can be the picture; the others have to be masks for it, or, where `several` pictures
    may come, are further ones. A map alone is both: the picture, and the mask over it, so that its classes are in
    colour. A file that fails leaves its sentence and lets the others open.
    """
    opened = Opened()
    for path in paths:
        control.checkpoint()
        try:
            opened = _with_file(opened, path, grid, control, several=several)
        except LandsegError as error:
            opened = replace(opened, problems=(*opened.problems, str(error)))
    return opened


def _with_file(opened: Opened, path: Path, grid: RasterGrid | None, control: JobControl, *, several: bool) -> Opened:
    source = _source(path)
    own_classes = mask_schema(path) if _is_mask(source) else None
    if opened.picture:
        grid = opened.picture.reader.source.grid
        if several and not own_classes and not (_is_mask(source) and source.grid.matches(grid)):
            return replace(opened, further=(*opened.further, path))
        _require_mask(source)
    if grid and (own_classes or opened.picture or (_is_mask(source) and source.grid.matches(grid))):
        mask = _open_mask(_on_grid(source, grid), own_classes, layer_name(path, own_classes), control)
        return replace(opened, masks=(*opened.masks, mask))
    name = layer_name(path, own_classes)
    masks = (_open_mask(_on_grid(source, source.grid), own_classes, name, control),) if own_classes else ()
    return replace(opened, picture=_open_picture(source), masks=masks)


def _open_picture(source: RasterSource) -> Picture:
    grid, reader, rendering = source.grid, PyramidReader(source), default_rendering(source)
    _read_quicklook(reader, rendering.bands)
    return Picture(reader, rendering, grid.ground_resolution(), grid.crs_name, near_infrared_notice(source))


def _read_quicklook(reader: PyramidReader, bands: Sequence[int] | None = None) -> None:
    """Have the quicklook at hand, where there is one, before the making of overviews keeps the processors busy."""
    if reader.has_quicklook:
        reader.read_tile(reader.pyramid.quicklook_key, bands)


def _open_mask(reader: MaskReader, schema: ClassSchema | None, name: str, control: JobControl) -> Mask:
    if isinstance(reader, PyramidReader):
        _read_quicklook(reader)
    if schema is not None:
        return Mask(reader, schema, name, guessed=False)
    source = reader.source
    counts = value_counts(source, control)
    unshown = counts.get(UNLABELLED, 0) if UNLABELLED not in declared_empty(source) else 0
    return Mask(reader, guessed_schema(source, counts.keys()), name, guessed=True, unshown=unshown)


def _is_mask(source: RasterSource) -> bool:
    return len(source.data_bands) == 1 and source.dtype == np.uint8


def _require_mask(source: RasterSource) -> None:
    if not _is_mask(source):
        raise RasterError(
            f"{source.path.name} is no mask: it has {len(source.data_bands)} bands of {source.dtype}, "
            "and a mask has one band of 8-bit class values"
        )


def _on_grid(source: RasterSource, grid: RasterGrid, place: PixelWindow | None = None) -> MaskReader:
    """Return the tiles of a mask on the pixels of the picture, of which it may be a part that lies at `place`."""
    place = place or grid.window_of(source.grid)
    fits = place is not None and (place.width, place.height) == (source.grid.width, source.grid.height)
    if place is None or not fits or not grid.window.contains(place):
        raise RasterError(
            f"{source.path.name} does not lie on the picture's pixels: {_difference(source.grid, grid)}; "
            "open the picture it was made from"
        )
    if place == grid.window:
        return PyramidReader(source, categorical=True)
    return PlacedReader(source, Placement(grid, place))


def _difference(mask: RasterGrid, picture: RasterGrid) -> str:
    """Return in words what keeps two grids from matching."""
    if (mask.width, mask.height) != (picture.width, picture.height):
        return f"it has {mask.width} x {mask.height} px, the picture {picture.width} x {picture.height} px"
    if mask.crs != picture.crs:
        return f"its coordinates are in {mask.crs_name or 'no CRS'}, the picture's in {picture.crs_name or 'no CRS'}"
    column, row = picture.to_pixel(*mask.to_crs(0, 0))
    if max(abs(column), abs(row)) >= 0.01:
        return f"its corner lies {column:+.2f} px across and {row:+.2f} px down from the picture's"
    return "its pixels have another size or direction"


def overviews_work(reader: PyramidReader) -> Callable[[OnEvent, JobControl], None]:
    """Return the job that builds the overviews of a raster and lets its reader use them."""

    def work(on_event: OnEvent, control: JobControl) -> None:
        build_pyramid(reader.source, on_event, control, categorical=reader.categorical)
        reader.use_pyramid()

    return work
