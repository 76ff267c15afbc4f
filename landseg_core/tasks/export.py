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
        schema: the classes, where those in the file are missing or not wanted.
        placement: the position of a map of a part in its image; windows are then in px of the image.
    """

    path: Path
    schema: ClassSchema | None = None
    placement: Placement | None = None


class ExportTask(pydantic.BaseModel):
    """A map to write to the file `out`, in one of the `EXPORT_STYLES`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    mask: Annotated[MaskFile, AS_IT_IS] = Field(title=N_("Map"), description=N_("Map to export"))
    out: Annotated[Path, FieldHints(metavar="FILE")] = Field(title=N_("File"), description=N_("File to write"))
    style: str = Field(title=N_("Format"), description=N_("Format and content of the file"))
    image: Annotated[Path | None, FieldHints(metavar="RASTER")] = Field(
        None, title=N_("Image"), description=N_("Image under the classes, for --style overlay")
    )
    opacity: float = Field(
        0.5, ge=0, le=1, title=N_("Opacity"), description=N_("Opacity of the classes over the image, 0 to 1")
    )
    window: Window = None
    overwrite: Overwrite = False
    large: Large = False

    @pydantic.model_validator(mode="after")
    def _has_image_to_overlay(self) -> ExportTask:
        if EXPORT_STYLES[self.style].shows_image != (self.image is not None):
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
    """A format in which a map can be exported.

    Attributes:
        title: its name for users.
        suffix: of its files.
        write: writes such a file.
        shows_image: whether the image is part of it.
    """

    title: str
    suffix: str
    write: Callable[[ExportTask, OnEvent, JobControl], None]
    shows_image: bool = False


EXPORT_STYLES = {
    "colour": ExportStyle(N_("PNG in class colours"), ".png", partial(_write_png, "colour")),
    "overlay": ExportStyle(
        N_("PNG of the image with the classes overlaid"), ".png", partial(_write_png, "overlay"), shows_image=True
    ),
    "index": ExportStyle(N_("PNG of class values with a palette"), ".png", partial(_write_png, "index")),
    "geotiff": ExportStyle(N_("GeoTIFF of class values for GIS"), ".tif", _write_geotiff),
}
"""The formats in which a map can be exported, by their names at the command line."""


def run_export(task: ExportTask, on_event: OnEvent = ignore_event, control: JobControl | None = None) -> Path:
    """Write the map, and return the file. Errors and events are those of `export_png` and `export_geotiff`."""
    EXPORT_STYLES[task.style].write(task, on_event, control or JobControl())
    return task.out


class ExportModelTask(pydantic.BaseModel):
    """A model to write as ONNX, for images of `tile` px square, or of any size where that is None."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: ModelPath
    out: Annotated[Path, FieldHints(metavar="FILE")] = Field(title=N_("File"), description=N_("ONNX file to write"))
    tile: int | None = Field(
        512,
        ge=1,
        title=N_("Tile size"),
        description=N_("Side of the square input, in pixels; a multiple of 32 suits every network"),
    )
    overwrite: Overwrite = False


def run_export_model(
    task: ExportModelTask, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> Path:
    """Write the model, and return the file. Errors and events are those of `export_onnx`."""
    from landseg_core.models.onnx.export import export_onnx

    export_onnx(task.model, task.out, task.tile, task.overwrite, on_event, control)
    return task.out
