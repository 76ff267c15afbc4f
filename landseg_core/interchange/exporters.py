"""The forms in which labels can be exported: one small module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from landseg_core.errors import InterchangeError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.interchange.export_geotiff import export_label_geotiff
from landseg_core.interchange.export_gpkg import export_label_gpkg
from landseg_core.interchange.export_png import export_label_png
from landseg_core.interchange.image_entry import image_entry
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project

Export = Callable[[Project, ImageEntry, Path, bool, OnEvent, JobControl | None], None]


@dataclass(frozen=True)
class Exporter:
    """A form of labels: its `title` for people, the `suffix` of its files, and what writes one."""

    title: str
    suffix: str
    export: Export


EXPORTERS: Mapping[str, Exporter] = {
    "png": Exporter("PNG with a palette", ".png", export_label_png),
    "tif": Exporter("GeoTIFF", ".tif", export_label_geotiff),
    "gpkg": Exporter("GeoPackage of polygons", ".gpkg", export_label_gpkg),
}


def export_labels(
    project: Project,
    image_id: int,
    form: str,
    out: Path,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the labels of an image, as they are stored now, to the file `out`; `form` is one of `EXPORTERS`.

    An image without labels gives a map without classes, or no polygons.

    Raises:
        InterchangeError: there is no such form.
        OutputError: `out` exists already, is the image or the project, or cannot be written.
        ProjectError: there is no such image, or its labels cannot be read.
        JobStopped: `control` asked for it.
    """
    if form not in EXPORTERS:
        raise InterchangeError(f"labels cannot be exported as {form}; choose one of {', '.join(EXPORTERS)}")
    EXPORTERS[form].export(project, image_entry(project, image_id), out, overwrite, on_event, control)
