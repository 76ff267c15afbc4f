"""Opens images and masks for the window. Runs in a job's thread: no widgets here, and no torch."""

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
from landseg_core.messages import N_, Text
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
from landseg_gui.text import tr
from landseg_gui.viewer.contrast import chosen_rendering, contrast_of

MaskReader = PyramidReader | PlacedReader

SHOWN_HANDLES = IdleHandles(limit=12)
"""What all layers of the window hold open together while nobody reads: enough for the levels of the visible ones."""


@dataclass(frozen=True)
class OpenedImage:
    """An image ready to be shown; `doubt` says that its alpha may be near infrared."""

    reader: PyramidReader
    rendering: Rendering
    ground_resolution: float | None
    crs_name: str
    doubt: str | None = None


@dataclass(frozen=True)
class OpenedMask:
    """A mask ready to be shown; `guessed` where nothing in the file defines its classes.

    `unshown` px then hold 255 although no nodata is declared: they may be a class, but a layer shows nothing there.
    """

    reader: MaskReader
    schema: ClassSchema
    name: str
    guessed: bool
    unshown: int = 0


@dataclass(frozen=True)
class Opened:
    """The result of opening files: an image or none, masks in order, and a sentence for each file that failed.

    `further` images can only be added to a project.
    """

    image: OpenedImage | None = None
    masks: tuple[OpenedMask, ...] = ()
    problems: tuple[str, ...] = ()
    further: tuple[Path, ...] = ()

    @property
    def images(self) -> tuple[Path, ...]:
        """Return the files that may become images of a project: all images except a map, which lies over itself."""
        if self.image is None:
            return ()
        path = self.image.reader.source.path
        is_map = any(mask.reader.source.path == path for mask in self.masks)
        return self.further if is_map else (path, *self.further)


def open_image_alone(path: Path, alpha: str = AUTO) -> Opened:
    """Open an image with an alpha, see `raster.alpha`.

    Raises:
        RasterError: it cannot be opened, or has no such alpha band.
    """
    return Opened(image=_open_image(_source(path, alpha)))


def _source(path: Path, alpha: str = AUTO) -> RasterSource:
    return RasterSource(path, alpha=alpha, idle=SHOWN_HANDLES)


def open_mask_alone(
    path: Path,
    grid: RasterGrid | None,
    schema: ClassSchema | None,
    name: str | None,
    control: JobControl,
    window: PixelWindow | None = None,
) -> Opened:
    """Open a mask over an image with `grid`, on the part `window` of it; by default on the part that the file says.

    Raises:
        RasterError: it cannot be opened, is no mask, or lies on another grid.
    """
    if grid is None:
        raise RasterError(N_("open the image first, then the mask {mask}", mask=path.name))
    source = _source(path)
    _require_mask(source)
    own_classes = mask_schema(path)
    name = name or layer_name(path, own_classes)
    return Opened(masks=(_open_mask(_on_grid(source, grid, window), schema or own_classes, name, control),))


def with_colours_of(schema: ClassSchema, others: ClassSchema | None) -> ClassSchema:
    """Return `schema`, each class in the colour of the one in `others` with its value and name, where there is one."""
    colours = {(item.value, item.name): item.colour for item in others.classes} if others else {}
    classes = (
        item.model_copy(update={"colour": colours.get((item.value, item.name), item.colour)}) for item in schema.classes
    )
    return ClassSchema(classes=tuple(classes))


@dataclass(frozen=True)
class KnownMask:
    """A mask as it was shown before its file changed: on which part of the image, with which classes and name."""

    path: Path
    window: PixelWindow | None
    schema: ClassSchema
    name: str


def reopen_mask(known: KnownMask, grid: RasterGrid, control: JobControl) -> Opened:
    """Open a mask again whose file has been replaced; of its classes, those that it names keep their colours.

    Raises:
        RasterError: it cannot be opened, is no mask, or lies on another grid.
    """
    source = _source(known.path)
    _require_mask(source)
    own_classes = mask_schema(known.path)
    schema = with_colours_of(own_classes, known.schema) if own_classes else known.schema
    is_ours = own_classes is not None and read_model_reference(known.path) is not None
    name = layer_name(known.path, own_classes) if is_ours else known.name
    window = known.window if not source.grid.is_georeferenced else None
    return Opened(masks=(_open_mask(_on_grid(source, grid, window), schema, name, control),))


def reopen_image(
    path: Path,
    rendering: Rendering,
    former: PyramidReader,
    _control: JobControl | None = None,
    alpha: str | None = None,
) -> Opened:
    """Open an image again, such as a file that has been replaced, with the bands and the kind of contrast it had.

    Without an `alpha` it is the one that it had, too.

    Raises:
        RasterError: it cannot be opened.
    """
    image = _open_image(_source(path, alpha or former.source.alpha))
    source = image.reader.source
    if not set(rendering.bands) <= set(source.data_bands) or source.colour_table is not None:
        return Opened(image=image)
    kept = chosen_rendering(image.reader, rendering.bands, contrast_of(former, rendering))
    return Opened(image=replace(image, rendering=kept))


def layer_name(path: Path, own_classes: ClassSchema | None) -> str:
    """Return what to call a mask in the window: a prediction by the model that it names, any other by its file.

    `own_classes` are those that the file names: a confidence map names a model too, and is no prediction.

    Raises:
        RasterError: it cannot be opened.
    """
    model = read_model_reference(path) if own_classes else None
    return tr("Prediction ({model})", model=model.title) if model else path.name


def open_files(paths: Sequence[Path], grid: RasterGrid | None, control: JobControl, *, several: bool = False) -> Opened:
    """Open files as a user drops them: masks on the grid of the image lie over it, any other raster is the image.

    Of several files only the first can be the image; the others have to be masks for it, or, where `several` images are
    allowed, are further ones. A map alone is both: the image, and the mask over it, so that its classes are in colour.
    A file that fails leaves its sentence and lets the others open.
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
    if opened.image:
        grid = opened.image.reader.source.grid
        if several and not own_classes and not (_is_mask(source) and source.grid.matches(grid)):
            return replace(opened, further=(*opened.further, path))
        _require_mask(source)
    if grid and (own_classes or opened.image or (_is_mask(source) and source.grid.matches(grid))):
        mask = _open_mask(_on_grid(source, grid), own_classes, layer_name(path, own_classes), control)
        return replace(opened, masks=(*opened.masks, mask))
    name = layer_name(path, own_classes)
    masks = (_open_mask(_on_grid(source, source.grid), own_classes, name, control),) if own_classes else ()
    return replace(opened, image=_open_image(source), masks=masks)


def _open_image(source: RasterSource) -> OpenedImage:
    grid, reader, rendering = source.grid, PyramidReader(source), default_rendering(source)
    _read_quicklook(reader, rendering.bands)
    return OpenedImage(reader, rendering, grid.ground_resolution(), grid.crs_name, near_infrared_notice(source))


def _read_quicklook(reader: PyramidReader, bands: Sequence[int] | None = None) -> None:
    """Read the quicklook, where there is one, before building overviews keeps the processors busy."""
    if reader.has_quicklook:
        reader.read_tile(reader.pyramid.quicklook_key, bands)


def _open_mask(reader: MaskReader, schema: ClassSchema | None, name: str, control: JobControl) -> OpenedMask:
    if isinstance(reader, PyramidReader):
        _read_quicklook(reader)
    if schema is not None:
        return OpenedMask(reader, schema, name, guessed=False)
    source = reader.source
    counts = value_counts(source, control)
    unshown = counts.get(UNLABELLED, 0) if UNLABELLED not in declared_empty(source) else 0
    return OpenedMask(reader, guessed_schema(source, counts.keys()), name, guessed=True, unshown=unshown)


def _is_mask(source: RasterSource) -> bool:
    return len(source.data_bands) == 1 and source.dtype == np.uint8


def _require_mask(source: RasterSource) -> None:
    if not _is_mask(source):
        raise RasterError(
            N_(
                "{mask} is not a mask: it has %n bands of {dtype}, and a mask has one band of 8-bit class values",
                n=len(source.data_bands),
                one="{mask} is not a mask: it has one band of {dtype}, and a mask has one band of 8-bit class values",
                mask=source.path.name,
                dtype=source.dtype,
            )
        )


def _on_grid(source: RasterSource, grid: RasterGrid, window: PixelWindow | None = None) -> MaskReader:
    """Return the tiles of a mask on the pixels of the image, of which it may be the part `window`."""
    window = window or grid.window_of(source.grid)
    fits = window is not None and (window.width, window.height) == (source.grid.width, source.grid.height)
    if window is None or not fits or not grid.window.contains(window):
        raise RasterError(
            N_(
                "the grid of mask {mask} does not match the image: {difference}; open the image that the mask was made "
                "from",
                mask=source.path.name,
                difference=_difference(source.grid, grid),
            )
        )
    if window == grid.window:
        return PyramidReader(source, categorical=True)
    return PlacedReader(source, Placement(grid, window))


def _difference(mask: RasterGrid, image: RasterGrid) -> Text:
    """Return what keeps two grids from matching."""
    if (mask.width, mask.height) != (image.width, image.height):
        return N_(
            "the mask has {mask_width} x {mask_height} px, the image {width} x {height} px",
            mask_width=mask.width,
            mask_height=mask.height,
            width=image.width,
            height=image.height,
        )
    if mask.crs != image.crs:
        return N_(
            "the CRS of the mask is {mask_crs}, that of the image {crs}",
            mask_crs=mask.crs_name or N_("unknown"),
            crs=image.crs_name or N_("unknown"),
        )
    column, row = image.to_pixel(*mask.to_crs(0, 0))
    if max(abs(column), abs(row)) >= 0.01:
        return N_(
            "the upper left corner of the mask lies {across:+.2f} px across and {down:+.2f} px down from the image's",
            across=column,
            down=row,
        )
    return N_("the pixels differ in size or orientation")


def overviews_work(reader: PyramidReader) -> Callable[[OnEvent, JobControl], None]:
    """Return the job that builds the overviews of a raster and lets its reader use them."""

    def work(on_event: OnEvent, control: JobControl) -> None:
        build_pyramid(reader.source, on_event, control, categorical=reader.categorical)
        reader.use_pyramid()

    return work
