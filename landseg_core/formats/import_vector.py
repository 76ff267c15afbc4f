"""Imports polygons: each pixel whose centre is in one gets its class.

Coordinates are reprojected to the image's CRS. A file without a CRS is assumed to have the image's. On an image without
a georeference they are pixels, x to the right; y counts downwards, or is negative as in QGIS, which shows such images
below the line y = 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine

from landseg_core.errors import InterchangeError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.class_mapping import printable, unknown_values_error
from landseg_core.formats.vector.grid_mapping import FLIPPED, Bounds, GridMapping
from landseg_core.formats.vector.polygon_file import PolygonFile, Polygons
from landseg_core.formats.vector.rasterize import PolygonRasterizer
from landseg_core.formats.vector.rings import Rings
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.value_mapping import class_index
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.messages import N_, Text
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project

Values = npt.NDArray[np.uint8]

_LONGEST_EDGE = 1 / 64  # of the image's extent; longer edges that are reprojected get further points


def import_polygons(
    project: Project,
    image_id: int,
    source: Path,
    attribute: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    large: bool = False,
) -> int:
    """Label the image with the polygons of `source`, in one undo step; return how many pixels changed.

    Where polygons overlap, the later one wins; pixels outside of all stay as they are.

    Args:
        project: the project of the image.
        image_id: the image to label.
        source: the file.
        attribute: the field that holds the class: its name, its value, or a key of `mapping`.
            By default the text field with the most class names in it.
        mapping: class names by value, "" or "unlabelled" to leave a value out. The value "" stands for features
            without one, and for all where there is no such field.
        on_event: gets the `Progress`.
        control: pauses or stops the work.
        large: the user agreed to a large job, see `landseg_core.limits`.

    Raises:
        LargeWorkError: the job is large, and the user has not agreed; nothing has changed.
        InterchangeError: the file cannot be read, does not overlap the image or holds a value that no class has.
        ProjectError: the project cannot take the labels.
        JobStopped: `control` asked for it; nothing has changed.
    """
    control = control or JobControl()
    image = project.image_by_id(image_id)
    on_image = PolygonsOnImage(PolygonFile(source), image.grid)
    polygons = on_image.file.read(on_image.bounds)
    if not len(polygons.shapes):
        raise _no_overlap(source, image)
    indices = class_indices(source, polygons, project.schema, attribute, mapping or {})
    control.checkpoint()
    wanted = np.flatnonzero(indices != UNLABELLED)
    if not len(wanted):
        return 0
    values = project.schema.value_table()[indices[wanted]]
    parts, origins = shapely.get_parts(polygons.shapes[wanted], return_index=True)
    rasterizer = PolygonRasterizer(on_image.in_pixels(parts), values[origins], image.grid.window)
    window = _touched(rasterizer.bounds)
    if window is None:
        raise _no_overlap(source, image)
    require_agreed(WorkSize(N_("the labels from {file}", file=source.name), window.pixels), large=large)

    def change(_key: TileKey, part: PixelWindow, present: Values) -> Values | None:
        rasterized = rasterizer.rasterize(part)
        return None if rasterized is None else np.where(rasterized == UNLABELLED, present, rasterized)

    name = N_("Import {file}", file=source.name)
    return project.edit_tiles(image_id, name, change, window, on_event=on_event, control=control)


def _no_overlap(source: Path, image: ImageEntry) -> InterchangeError:
    return InterchangeError(
        N_(
            "no polygon of {path} overlaps the image {image}; choose the image that they belong to",
            path=source,
            image=image.path,
        )
    )


def _touched(bounds: Bounds | None) -> PixelWindow | None:
    """Return the window of all pixels that `bounds` (in px) touch."""
    if bounds is None:
        return None
    left, top, right, bottom = math.floor(bounds[0]), math.floor(bounds[1]), math.ceil(bounds[2]), math.ceil(bounds[3])
    return PixelWindow(left, top, right - left, bottom - top) if right > left and bottom > top else None


class PolygonsOnImage:
    """Converts the polygons of a file to px of the image `grid`.

    Attributes:
        file: the file.
        bounds: the part of it that can overlap the image, in its coordinates; None where all of it is to be read.
    """

    def __init__(self, file: PolygonFile, grid: RasterGrid) -> None:
        self.file = file
        crs = file.crs if grid.crs is not None and grid.is_georeferenced else None
        plane = RasterGrid(1, 1, Affine.identity(), crs)
        self._to_pixels = GridMapping(plane, grid)
        self._is_georeferenced = grid.is_georeferenced
        self.bounds = GridMapping(grid, plane).bounds(grid.width, grid.height) if self._is_georeferenced else None

    def in_pixels(self, polygons: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the (N,) polygons in px of the image."""
        if not self._is_georeferenced and _counts_upwards(polygons):
            polygons = shapely.transform(polygons, lambda points: np.stack(FLIPPED @ tuple(points.T), axis=1))
        if self._to_pixels.reprojects and self.bounds is not None:
            near = Rings.of(polygons).inside(self.bounds)
            polygons = near.with_edges_up_to(_longest_edge(self.bounds)).as_polygons(len(polygons))
        pixels: npt.NDArray[Any] = shapely.transform(polygons, lambda points: self._to_pixels.apply(*points.T).T)
        if not np.isfinite(shapely.get_coordinates(pixels)).all():
            raise InterchangeError(
                N_("{path} extends beyond the area of the image's CRS; clip it to the image", path=self.file.path)
            )
        return pixels


def _longest_edge(bounds: Bounds) -> float:
    return max(bounds[2] - bounds[0], bounds[3] - bounds[1]) * _LONGEST_EDGE


def _counts_upwards(polygons: npt.NDArray[Any]) -> bool:
    """Return whether most of the polygons are below zero, as in QGIS on an image without a georeference."""
    _, low, _, high = shapely.total_bounds(polygons)
    return bool(low + high < 0)


def class_indices(
    source: Path, polygons: Polygons, schema: ClassSchema, attribute: str | None, mapping: Mapping[str, str]
) -> npt.NDArray[np.uint8]:
    """Return the (N,) class index of each polygon, 255 for those that are left out.

    Raises:
        InterchangeError: there is no such field, or a value has no class.
    """
    known = known_texts(schema, mapping)
    texts = _class_texts(source, polygons, schema, attribute, mapping)
    unknown = Counter(text for text in texts if text not in known)
    if unknown:
        found = {text: (_unknown_text(text, count), count) for text, count in unknown.items()}
        raise unknown_values_error(source, found)
    return np.array([known[text] for text in texts], np.uint8)


def _unknown_text(text: str, count: int) -> Text:
    """Return the description of a value that no class has, with how many polygons hold it."""
    if text:
        return N_("'{value}' in %n polygons", n=count, one="'{value}' in one polygon", value=printable(text))
    return N_("no value in %n polygons", n=count, one="no value in one polygon")


def known_texts(schema: ClassSchema, mapping: Mapping[str, str]) -> dict[str, int]:
    """Return the class index, or 255, of the texts that mean one: by `mapping`, else a class's name, else its value.

    Raises:
        InterchangeError: `mapping` names a class that does not exist.
    """
    values = {str(item.value): index for index, item in enumerate(schema.classes)}
    names = {name: index for index, name in enumerate(schema.names)}
    return values | names | {text: class_index(schema, name) for text, name in mapping.items()}


def _class_texts(
    source: Path, polygons: Polygons, schema: ClassSchema, attribute: str | None, mapping: Mapping[str, str]
) -> Sequence[str]:
    """Return the text of each polygon that stands for its class."""
    chosen = attribute or class_field(polygons, schema, mapping)
    if chosen is not None:
        if chosen not in polygons.fields:
            raise _no_field(source, polygons, chosen)
        return polygons.texts(chosen)
    if "" in mapping:
        return [""] * len(polygons.shapes)
    raise _no_class_names(source, polygons, schema)


def _no_field(source: Path, polygons: Polygons, field: str) -> InterchangeError:
    if not polygons.fields:
        return InterchangeError(N_("{path} has no field {field}; it has no fields", path=source, field=field))
    fields = ", ".join(polygons.fields)
    return InterchangeError(
        N_("{path} has no field {field}; its fields are {fields}", path=source, field=field, fields=fields)
    )


def _no_class_names(source: Path, polygons: Polygons, schema: ClassSchema) -> InterchangeError:
    classes = ", ".join(schema.names)
    if not polygons.fields:
        return InterchangeError(
            N_(
                "{path} has no fields that could hold class names; choose one class for all polygons (--map "
                "'=CLASSNAME'); the classes are {classes}",
                path=source,
                classes=classes,
            )
        )
    return InterchangeError(
        N_(
            "no field of {path} holds class names: its fields are {fields}; choose the field of the class (--attribute "
            "FIELD), or one class for all polygons (--map '=CLASSNAME'); the classes are {classes}",
            path=source,
            fields=", ".join(polygons.fields),
            classes=classes,
        )
    )


def class_field(polygons: Polygons, schema: ClassSchema, mapping: Mapping[str, str]) -> str | None:
    """Return the text field with the most class names, or values of `mapping`, in it; None where none has any."""
    names = {*schema.names, *mapping} - {""}
    hits = {field: sum(text in names for text in polygons.texts(field)) for field in polygons.text_fields}
    best = max(hits, key=lambda field: hits[field], default=None)
    return best if best is not None and hits[best] else None
