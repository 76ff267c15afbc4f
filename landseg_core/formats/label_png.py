"""Exports labels as an index PNG: class values with a palette, 255 transparent, class names in a text."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.georeference import write_georeference
from landseg_core.formats.label_strips import label_strips
from landseg_core.formats.png_stream import PALETTE, PngStream
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import CLASSES_TAG
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.progress import ProgressMeter
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project


def export_label_png(
    project: Project,
    image: ImageEntry,
    out: Path,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the labels of `image` as PNG, with a world file (`.pgw`) and the CRS (`.aux.xml`) where it has them.

    Raises:
        OutputError: `out` exists already, is the image or the project, or cannot be written.
        ProjectError: the labels cannot be read.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    meter = ProgressMeter(f"writing {out.name}", image.grid.window.pixels, on_event)
    with (
        project.read_transaction() as view,
        OutputFiles(overwrite=overwrite, inputs=(project.path, image.path)) as outputs,
    ):
        unfinished = outputs.add(out)
        write_georeference(outputs, out, image.grid, ".pgw")
        try:
            with unfinished.open("wb") as file:
                stream = _begun(file, image, view.schema)
                for window, strip in label_strips(image.grid, view.tiles(image.id)):
                    control.checkpoint()
                    stream.write(strip)
                    meter.add(window.pixels)
                stream.finish()
        except OSError as error:
            raise cannot_finish(out, error) from error


def _begun(file: BinaryIO, image: ImageEntry, schema: ClassSchema) -> PngStream:
    stream = PngStream(file, image.grid.width, image.grid.height, PALETTE)
    stream.palette(schema.colour_table())
    file.write(text_chunk(CLASSES_TAG, json.dumps(schema.model_dump())))
    return stream


def text_chunk(keyword: str, text: str) -> bytes:
    """Return a PNG's chunk of ASCII text under a keyword (PNG specification, section 11.3.3.2).

    GDAL hands it out as a tag of the raster, as it does with those of a GeoTIFF.
    """
    content = b"tEXt" + keyword.encode("ascii") + b"\0" + text.encode("ascii")
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
