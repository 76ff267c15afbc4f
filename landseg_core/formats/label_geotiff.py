"""Exports labels as a GeoTIFF of class values: 255 is nodata, colours and class names go with it."""

from __future__ import annotations

from pathlib import Path

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.label_strips import label_strips
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.progress import ProgressMeter
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.writer import MapWriter


def export_label_geotiff(
    project: Project,
    image: ImageEntry,
    out: Path,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the labels of `image` as a tiled GeoTIFF in the image's grid.

    Raises:
        OutputError: `out` exists already, is the image or the project, or cannot be written.
        ProjectError: the labels cannot be read.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    meter = ProgressMeter(f"writing {out.name}", image.grid.window.pixels, on_event)
    outputs = OutputFiles(overwrite=overwrite, inputs=(project.path, image.path))
    with (
        project.read_transaction() as view,
        outputs,
        MapWriter(outputs, out, image.grid, class_map_info(view.schema)) as writer,
    ):
        for window, strip in label_strips(image.grid, view.tiles(image.id)):
            control.checkpoint()
            writer.write(window, strip)
            meter.add(window.pixels)
