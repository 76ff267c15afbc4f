"""The files that can be imported as labels: what reads each kind, chosen by the suffix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from landseg_core.errors import InterchangeError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.import_mask import import_mask
from landseg_core.formats.import_vector import import_polygons
from landseg_core.formats.source_info import SourceInfo, describe_mask, describe_polygons
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.value_mapping import mask_mapping
from landseg_core.messages import N_
from landseg_core.project.outside.changes import require_unmoved
from landseg_core.project.project import Project

POLYGON_SUFFIXES = (".gpkg", ".geojson", ".json", ".shp", ".fgb")
"""The suffixes of files of polygons; every other file is a mask, in any format that GDAL reads."""
MASK_SUFFIXES = (".tif", ".tiff", ".png", ".vrt", ".jp2", ".bmp", ".gif")
"""The usual suffixes of masks."""


def is_polygon_file(source: Path) -> bool:
    """Return whether `source` is read as polygons, and not as a mask."""
    return source.suffix.lower() in POLYGON_SUFFIXES


def import_labels(
    project: Project,
    image_id: int,
    source: AnyPath,
    mapping: Mapping[str, str] | None = None,
    attribute: str | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    large: bool = False,
) -> int:
    """Label an image with a mask or with polygons, in one undo step; return how many pixels changed.

    `mapping` holds class names by value, "" or "unlabelled" to leave a value out; the value of a mask is a number, or a
    colour such as #0072b2. `attribute` is the field of polygons that holds the class. `large`: the user agreed to a
    large job, see `landseg_core.limits`.

    Raises:
        LargeWorkError: the job is large, and the user has not agreed; nothing has changed.
        InterchangeError, RasterError, DatasetError: the file cannot be read, does not overlap the image, or holds a
            value that no class has; nothing has changed.
        ProjectError: the project cannot take the labels, or the image's file now has another grid.
        JobStopped: `control` asked for it; nothing has changed.
    """
    source = Path(source)
    require_unmoved(project.image_by_id(image_id))
    mapping = mapping or {}
    if is_polygon_file(source):
        return import_polygons(project, image_id, source, attribute, mapping, on_event, control, large=large)
    if attribute is not None:
        raise InterchangeError(
            N_("{path} is read as a mask, which has no fields; leave the field out (--attribute)", path=source)
        )
    return import_mask(project, image_id, source, mask_mapping(mapping), on_event, control, large=large)


def describe_source(
    source: AnyPath, schema: ClassSchema, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> SourceInfo:
    """Return what is in `source`: its values, how often each occurs, and the class of `schema` that it suggests.

    Raises:
        InterchangeError, RasterError, DatasetError: the file cannot be read.
        JobStopped: `control` asked for it.
    """
    source = Path(source)
    describe = describe_polygons if is_polygon_file(source) else describe_mask
    return describe(source, schema, on_event, control)
