"""Writes class values as a tiled and compressed GeoTIFF, with colours and class names; 255 is nodata."""

from __future__ import annotations

from pathlib import Path

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.strips import MapSource, StripSource, emit_notices, strips
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WITH_OVERVIEWS, WorkSize, require_agreed
from landseg_core.output_files import OutputFiles
from landseg_core.raster.placement import Placement
from landseg_core.raster.writer import MAP_BLOCK, MapWriter

_PIECE_WIDTH = 16 * MAP_BLOCK


def export_geotiff(
    mask: AnyPath,
    out: AnyPath,
    schema: ClassSchema | None = None,
    window: PixelWindow | None = None,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    placement: Placement | None = None,
    *,
    large: bool = False,
) -> None:
    """Write the map `mask`, or a `window` of it, as GeoTIFF, with its georeference, colours and class names.

    `schema` are the classes, where those that the mask names itself are missing or not wanted. With the `placement` of
    a map of a part, it is written as one of the whole image, and `window` is in px of that.

    Raises:
        LargeWorkError: it is a large job, and `large` does not say that the user agreed.
        RasterError: the map cannot be read, or the window reaches beyond it.
        OutputError: `out` exists already or cannot be written.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    with MapSource(mask, schema, window, placement) as source:
        pixels = source.window.pixels
        require_agreed(WorkSize(str(out), pixels, out.parent, bytes=round(pixels * WITH_OVERVIEWS)), large=large)
        write_geotiff(source, out, overwrite, on_event, control)


def write_geotiff(
    source: StripSource,
    out: AnyPath,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write what a source holds in its window, on its grid.

    Raises:
        OutputError: `out` exists already, is one of the source's files, or cannot be written.
        RasterError, ProjectError: the source cannot be read.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    outputs = OutputFiles(overwrite=overwrite, inputs=source.files)
    corner = source.window
    with outputs, MapWriter(outputs, out, source.grid.crop(corner), source.map_info()) as writer:
        for piece in strips(source, _PIECE_WIDTH, MAP_BLOCK, out, on_event, control or JobControl()):
            writer.write(piece.shifted(-corner.x, -corner.y), source.read(piece))
    emit_notices(source, on_event)
