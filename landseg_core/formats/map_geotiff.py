"""Copies a map, whole or a window of it, as a tiled and compressed GeoTIFF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.formats.map_source import MapSource
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import class_map_info, mask_schema
from landseg_core.limits import WITH_OVERVIEWS, WorkSize, require_agreed
from landseg_core.output_files import OutputFiles
from landseg_core.progress import ProgressMeter
from landseg_core.raster.model_reference import read_model_reference
from landseg_core.raster.placement import Placement, chosen_window
from landseg_core.raster.writer import MAP_BLOCK, MapInfo, MapWriter

__all__ = ["export_geotiff", "mask_schema"]

_PIECE_WIDTH = 16 * MAP_BLOCK


def export_geotiff(
    mask: Path,
    out: Path,
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

    `schema` are the classes, where those that the mask names itself are missing or not wanted. With a `placement`, of a
    map of a part, it is written as one of the whole picture, and `window` is in px of that.

    Raises:
        LargeWorkError: it is much work, and `large` does not say that this is agreed.
        RasterError: the map cannot be read, or the window reaches beyond it.
        OutputError: `out` exists already or cannot be written.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    with MapSource(mask, schema, placement) as source:
        target = chosen_window(source.raster, window, source.grid)
        work = WorkSize(str(out), target.pixels, out.parent, bytes=round(target.pixels * WITH_OVERVIEWS))
        require_agreed(work, large=large)
        meter = ProgressMeter(f"writing {out.name}", target.pixels, on_event)
        outputs = OutputFiles(overwrite=overwrite, inputs=source.raster.files)
        grid = source.grid.crop(target)
        with outputs, MapWriter(outputs, out, grid, _map_info(source)) as writer:
            for piece in pieces(target, _PIECE_WIDTH, MAP_BLOCK):
                writer.write(piece.shifted(-target.x, -target.y), source.read(piece))
                meter.add(piece.pixels)
                control.checkpoint()
        for notice in source.notices():
            on_event(Notice(notice))


def _map_info(source: MapSource) -> MapInfo:
    """Return what the copy tells of its values, and of the model that made them."""
    info, model = _value_info(source), read_model_reference(source.raster.path)
    return replace(info, tags={**info.tags, **model.tags}) if model else info


def _value_info(source: MapSource) -> MapInfo:
    if source.schema is not None:
        return class_map_info(source.schema)
    title = source.raster.band_names[0]
    if source.colours is None:
        return MapInfo(title)
    return MapInfo(
        title, {value: (red, green, blue) for value, (red, green, blue, _) in enumerate(source.colours.tolist())}
    )
