"""The formats in which labels can be exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from landseg_core.errors import InterchangeError, RasterError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.formats.geopackage import write_geopackage
from landseg_core.formats.geotiff import write_geotiff
from landseg_core.formats.png import write_png
from landseg_core.formats.strips import LabelSource, StripSource
from landseg_core.input_files import AnyPath
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.messages import N_
from landseg_core.project.images import ImageEntry, file_grid
from landseg_core.project.outside.changes import require_unmoved
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource

GridChoice = Literal["project", "file"]
"""The grid that labels are written on: that of the project, or the one that the image's file has now."""

Write = Callable[[StripSource, Path, bool, OnEvent, JobControl | None], None]


@dataclass(frozen=True)
class Exporter:
    """A format of labels: its `title` for people, the `suffix` of its files, and what writes one."""

    title: str
    suffix: str
    write: Write


EXPORTERS: Mapping[str, Exporter] = {
    "png": Exporter(N_("PNG with a palette"), ".png", write_png),
    "tif": Exporter(N_("GeoTIFF"), ".tif", write_geotiff),
    "gpkg": Exporter(N_("GeoPackage of polygons"), ".gpkg", write_geopackage),
}


def export_labels(
    project: Project,
    image_id: int,
    form: str,
    out: AnyPath,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    grid: GridChoice | None = None,
    large: bool = False,
) -> None:
    """Write the labels of an image, as they are stored now, to the file `out`; `form` is one of `EXPORTERS`.

    An image without labels gives a map without classes, or no polygons. `grid` chooses the grid of the labels if the
    image's file now has another one than the project. `large`: the user agreed to a large job, see
    `landseg_core.limits`.

    Raises:
        LargeWorkError: the job is large, and the user has not agreed.
        InterchangeError: there is no such format, or the file's grid is not of the labels' size.
        OutputError: `out` exists already, is the image or the project, or cannot be written.
        ProjectError: there is no such image, its labels cannot be read, or its file now has another grid and no `grid`
            is chosen.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    if form not in EXPORTERS:
        raise InterchangeError(
            N_(
                "labels cannot be exported as {format}; choose one of {formats}",
                format=form,
                formats=", ".join(EXPORTERS),
            )
        )
    image = _with_control(_on_grid(project.image_by_id(image_id), grid, on_event), on_event)
    require_agreed(export_work(project, image_id, out), large=large)
    with project.read_transaction() as view:
        EXPORTERS[form].write(LabelSource(project.path, image, view), out, overwrite, on_event, control)


def export_work(project: Project, image_id: int, out: Path) -> WorkSize:
    """Return the size of a file of the labels: what is not labelled takes hardly any space.

    Raises:
        ProjectError: there is no such image.
    """
    image = project.image_by_id(image_id)
    labelled = sum(project.class_pixels(image.id).values())
    subject = N_("the labels of {file}", file=image.path.name)
    return WorkSize(subject, image.grid.window.pixels, out.parent, bytes=labelled)


def _on_grid(entry: ImageEntry, grid: GridChoice | None, on_event: OnEvent) -> ImageEntry:
    """Return the image with the grid that its labels are to be written on."""
    if grid is None:
        require_unmoved(entry, on_event)
    if grid != "file":
        return entry
    own = file_grid(entry.path)
    if own.window != entry.grid.window:
        raise InterchangeError(
            N_(
                "{path} is {width} x {height} px, but its labels are {labels_width} x {labels_height} px; move the "
                "labels to its grid first (landseg project regrid --move-labels)",
                path=entry.path,
                width=own.width,
                height=own.height,
                labels_width=entry.grid.width,
                labels_height=entry.grid.height,
            )
        )
    return replace(entry, grid=own)


def _with_control(image: ImageEntry, on_event: OnEvent) -> ImageEntry:
    """Return `image` with the control points and the RPC of its file, which a project does not store.

    Whether an image that cannot be opened now has any is unknown: if it has no transform either, `on_event` gets a
    notice. Those of a file of another size are for other pixels.
    """
    try:
        with RasterSource(image.path) as source:
            control = source.grid.control if source.grid.window == image.grid.window else None
            return replace(image, grid=replace(image.grid, control=control))
    except RasterError as error:
        if not image.grid.is_georeferenced:
            on_event(
                Notice(
                    N_(
                        "{error}; if {image} has control points or an RPC, the labels are written without them",
                        error=error,
                        image=image.name,
                    )
                )
            )
        return image
