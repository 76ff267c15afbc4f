"""Exporting: a map or a model in another form. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pydantic
from pydantic import Field

from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.inference.options import Window
from landseg_core.messages import N_
from landseg_core.task_fields import AS_IT_IS, FieldHints, Large, Overwrite
from landseg_core.tasks.fields import ModelPath

if TYPE_CHECKING:
    from landseg_core.formats.png_styles import PngStyle
    from landseg_core.labels.classes import ClassSchema
    from landseg_core.raster.placement import Placement


@dataclass(frozen=True)
class MaskFile:
    """A map: a raster of one band of class values.

    Attributes:
        path: its file.
        schema: the classes, where those that the file names are missing or not wanted.
        placement: where a map of a part lies in its image; windows are in px of that then.
    """

    path: Path
    schema: ClassSchema | None = None
    placement: Placement | None = None


class ExportTask(pydantic.BaseModel):
    """A map to write to the file `out`, in one of the `EXPORT_STYLES`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    mask: Annotated[MaskFile, AS_IT_IS] = Field(title="Map", description="The map to write in another form")
    out: Annotated[Path, FieldHints(metavar="FILE")] = Field(title="File", description="The file to write")
    style: str = Field(title="Kind", description="What the file shows")
    image: Annotated[Path | None, FieldHints(metavar="RASTER")] = Field(
        None, title="Image", description="The picture, for --style overlay"
    )
    opacity: float = Field(0.5, ge=0, le=1, title="Opacity", description="Of the classes on the picture")
    window: Window = None
    overwrite: Overwrite = False
    large: Large = False

    @pydantic.model_validator(mode="after")
    def _shows_its_picture(self) -> ExportTask:
        if EXPORT_STYLES[self.style].shows_picture != (self.image is not None):
            raise ValueError(N_("--style overlay and --image go together"))
        return self


def _write_png(style: PngStyle, task: ExportTask, on_event: OnEvent, control: JobControl) -> None:
    from landseg_core.formats.png import export_png

    export_png(
        task.mask.path,
        task.out,
        style,
        schema=task.mask.schema,
        image=task.image,
        opacity=task.opacity,
        window=task.window,
        placement=task.mask.placement,
        overwrite=task.overwrite,
        on_event=on_event,
        control=control,
        large=task.large,
    )


def _write_geotiff(task: ExportTask, on_event: OnEvent, control: JobControl) -> None:
    from landseg_core.formats.geotiff import export_geotiff

    export_geotiff(
        task.mask.path,
        task.out,
        schema=task.mask.schema,
        window=task.window,
        placement=task.mask.placement,
        overwrite=task.overwrite,
        on_event=on_event,
        control=control,
        large=task.large,
    )


@dataclass(frozen=True)
class ExportStyle:
    """A kind of file to make of a map.

    Attributes:
        title: what a user reads of it.
        suffix: that of its files.
        write: what writes it.
        shows_picture: whether the picture is part of it.
    """

    title: str
    suffix: str
    write: Callable[[ExportTask, OnEvent, JobControl], None]
    shows_picture: bool = False


EXPORT_STYLES = {
    "colour": ExportStyle("PNG in the classes' colours", ".png", partial(_write_png, "colour")),
    "overlay": ExportStyle(
        "PNG of the picture with the classes over it", ".png", partial(_write_png, "overlay"), shows_picture=True
    ),
    "index": ExportStyle("PNG of class values, with a palette", ".png", partial(_write_png, "index")),
    "geotiff": ExportStyle("GeoTIFF of class values, for a GIS", ".tif", _write_geotiff),
}
"""The kinds of files that a map can become, by the name that the command line has for them."""


def run_export(task: ExportTask, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Path:
    """Write the map, and return the file. Errors and events are those of `export_png` and `export_geotiff`."""
    EXPORT_STYLES[task.style].write(task, on_event, control or JobControl())
    return task.out


class ExportModelTask(pydantic.BaseModel):
    """A model to write as ONNX, for images of `tile` px square, or of any size where that is None."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: ModelPath
    out: Annotated[Path, FieldHints(metavar="FILE")] = Field(title="File", description="The ONNX file to write")
    tile: int | None = Field(
        512,
        ge=1,
        title="Size",
        description="Side of the square it takes, in pixels; a multiple of 32 suits every network",
    )
    overwrite: Overwrite = False


def run_export_model(
    task: ExportModelTask, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> Path:
    """Write the model, and return the file. Errors and events are those of `export_onnx`."""
    from landseg_core.models.onnx.export import export_onnx

    export_onnx(task.model, task.out, task.tile, task.overwrite, on_event, control)
    return task.out
