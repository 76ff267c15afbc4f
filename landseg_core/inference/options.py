"""How to predict. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from landseg_core.compute.device_names import DEVICES
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.catalog import AUTO, BACKENDS, PRECISIONS, unfit
from landseg_core.task_fields import FieldHints, Large, Overwrite

Resolution = Literal["model", "own"]
"""At whose ground resolution the network sees a raster."""

_BACKENDS = {AUTO: "the quickest here"} | {name: kind.title for name, kind in BACKENDS.items()}
_PRECISIONS = {AUTO: "quick and exact"} | {name: name for name in PRECISIONS}
_RESOLUTIONS = {"model": "as the model learnt", "own": "the image's own"}

Device = Annotated[
    str,
    FieldHints(choices=DEVICES, others=True),
    Field(title="Device", description="What computes: auto, cpu, cuda, cuda:N or mps"),
]
Tta = Annotated[
    bool,
    Field(
        title="Test-time augmentation",
        description="Test-time augmentation (4 rotations): slightly more accurate, 4x slower",
    ),
]
Window = Annotated[PixelWindow | None, Field(title="Area", description="Only this part of the raster, in pixels")]


class PredictOptions(pydantic.BaseModel):
    """How to predict: an option is a field here, which both the command line and the window offer, and its use.

    Where the network sees the raster resampled, `tile` and `overlap` are in px of that.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    confidence: bool = Field(default=False, title="Confidence", description="Write the confidence in percent, too")
    window: Window = None
    tile: Annotated[int, FieldHints(unit="px", step=256)] = Field(
        1200, ge=32, title="Tile", description="Side of the windows that the network sees, in pixels"
    )
    overlap: Annotated[int | None, FieldHints(unset="as the network needs", unit="px", step=32)] = Field(
        None, ge=0, title="Overlap", description="Pixels that neighbouring windows share"
    )
    bands: Annotated[tuple[str, ...], FieldHints(metavar="LIST", unset="as the model needs them")] = Field(
        (), title="Bands", description="Bands by number or name, such as 1,2,3 or Red,Green,Blue"
    )
    resolution: Annotated[Resolution, FieldHints(choices=_RESOLUTIONS)] = Field(
        "model",
        title="Resolution",
        description="See a raster at the model's ground resolution, or at its own; the map has its own grid",
    )
    tta: Tta = False
    device: Device = AUTO
    backend: Annotated[str, FieldHints(choices=_BACKENDS)] = Field(
        AUTO, title="Backend", description="What runs the network; auto finds the quickest on this computer"
    )
    precision: Annotated[str, FieldHints(choices=_PRECISIONS)] = Field(
        AUTO,
        title="Precision",
        description="What it computes in; auto takes what is quick and exact enough, never int8",
    )
    overwrite: Overwrite = False
    large: Large = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield field and sentence of what does not go together, for a form that is being filled in."""
        if problem := unfit(self.backend, self.precision, self.device):
            yield "backend", problem
        if self.overlap is not None and self.overlap > self.tile // 2:
            yield "overlap", f"At most half a tile: {self.tile // 2} px"
