"""The classes that are stored in a map's own file."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pydantic
import rasterio
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster

from landseg_core.errors import RasterError
from landseg_core.input_files import decoded
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.plain_text import plain_text
from landseg_core.raster.files.gdal import GDAL_ERRORS, gdal_reason, open_dataset, reading_options
from landseg_core.raster.files.integrity import check_file
from landseg_core.raster.writer import MapInfo

_CATEGORIES = re.compile(rb"<VRTRasterBand [^>]*band=\"1\".*?<CategoryNames>(.*?)</CategoryNames>", re.DOTALL)
_CATEGORY = re.compile(rb"<Category(?: ?/>|>(.*?)</Category>)", re.DOTALL)

CLASSES_TAG = "LANDSEG_CLASSES"
"""The GeoTIFF tag that holds a map's classes as the JSON of a class file."""


def class_map_info(schema: ClassSchema) -> MapInfo:
    """Return the metadata of a map of `schema`: names, colours, and the classes as JSON."""
    return MapInfo(
        title="land cover",
        colours={item.value: item.rgb for item in schema.classes},
        names={item.value: item.name for item in schema.classes},
        tags={CLASSES_TAG: json.dumps(schema.model_dump())},
    )


def mask_schema(mask: Path) -> ClassSchema | None:
    """Return the classes that are stored in the file `mask`, or None.

    A map of landseg has them in a tag; otherwise GDAL's category names and the colour table are used.

    Raises:
        RasterError: the file is missing, damaged or not a raster.
    """
    check_file(mask)
    try:
        with rasterio.Env(**reading_options(mask)), open_dataset(mask) as dataset:
            return _tagged(dataset) or _categorised(dataset)
    except GDAL_ERRORS as error:
        raise RasterError(
            N_(
                "{mask} cannot be opened as a mask ({gdal_reason}); check that it is a complete image file",
                mask=mask,
                gdal_reason=gdal_reason(error),
            )
        ) from error


def _tagged(dataset: Any) -> ClassSchema | None:
    """Return the classes in the tag; a damaged tag counts as none."""
    try:
        return ClassSchema.model_validate_json(dataset.tags().get(CLASSES_TAG, ""))
    except pydantic.ValidationError:
        return None


def _categorised(dataset: Any) -> ClassSchema | None:
    """Return the named categories of a raster with a colour table."""
    if dataset.colorinterp[0] != ColorInterp.palette:
        return None
    colours = dataset.colormap(1)
    classes = [
        {"value": value, "name": name, "colour": "#" + bytes(colours[value][:3]).hex()}
        for value, name in enumerate(_category_names(dataset))
        if name and value in colours
    ]
    try:
        return ClassSchema.model_validate({"classes": classes})
    except pydantic.ValidationError:
        return None


def _category_names(dataset: Any) -> list[str]:
    """Return the category names of the first band, by value. rasterio gives access to them only in a VRT."""
    with MemoryFile(ext=".vrt") as memory:
        copy_raster(dataset, memory.name, driver="VRT")
        text: bytes = memory.read()
    # No XML parser accepts text in another encoding than declared, and any tag of the file may contain some.
    categories = _CATEGORIES.search(text)
    names = _CATEGORY.findall(categories[1]) if categories else []
    return [plain_text(html.unescape(decoded(name))) for name in names]
