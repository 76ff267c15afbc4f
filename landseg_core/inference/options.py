"""How to predict. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from landseg_core.compute.device_names import DEVICES
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.catalog import AUTO, BACKENDS, PRECISIONS, unfit
from landseg_core.messages import N_
from landseg_core.task_fields import FieldHints, Large, Overwrite

Resolution = Literal["model", "own"]
"""The ground resolution at which the network processes a raster: that of the model, or that of the raster."""

_BACKENDS = {AUTO: N_("Automatic (fastest)")} | {name: kind.title for name, kind in BACKENDS.items()}
_PRECISIONS = {AUTO: N_("Automatic (fast and accurate)")} | {name: name for name in PRECISIONS}
_RESOLUTIONS = {"model": N_("Model's training resolution"), "own": N_("Native image resolution")}

Device = Annotated[
    str,
    FieldHints(choices=DEVICES, others=True),
    Field(title=N_("Device"), description=N_("Device to compute on: auto, cpu, cuda, cuda:N or mps")),
]
Tta = Annotated[
    bool,
    Field(
        title=N_("Test-time augmentation"),
        description=N_("Test-time augmentation (4 rotations): slightly more accurate, 4x slower"),
    ),
]
Window = Annotated[
    PixelWindow | None, Field(title=N_("Area"), description=N_("Only this part of the image, in pixels"))
]


class PredictOptions(pydantic.BaseModel):
    """How to predict: an option is a field here, which both the command line and the window offer, and its use.

    Where the raster is resampled for the network, `tile` and `overlap` are in px of the resampled raster.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    confidence: bool = Field(
        default=False, title=N_("Confidence"), description=N_("Also write the confidence, in percent")
    )
    window: Window = None
    tile: Annotated[int, FieldHints(unit="px", step=256)] = Field(
        1200,
        ge=32,
        title=N_("Tile size"),
        description=N_("Side of the tiles that the network processes, in pixels"),
    )
    overlap: Annotated[int | None, FieldHints(unset=N_("Automatic"), unit="px", step=32)] = Field(
        None, ge=0, title=N_("Overlap"), description=N_("Overlap of neighbouring tiles, in pixels")
    )
    bands: Annotated[tuple[str, ...], FieldHints(metavar="LIST", unset=N_("Automatic"))] = Field(
        (), title=N_("Bands"), description=N_("Bands by number or name, such as 1,2,3 or Red,Green,Blue")
    )
    resolution: Annotated[Resolution, FieldHints(choices=_RESOLUTIONS)] = Field(
        "model",
        title=N_("Resolution"),
        description=N_(
            "Ground resolution at which the network processes the image; the map always has the grid of the image"
        ),
    )
    tta: Tta = False
    device: Device = AUTO
    backend: Annotated[str, FieldHints(choices=_BACKENDS)] = Field(
        AUTO,
        title=N_("Backend"),
        description=N_("Software that runs the network; auto finds the fastest on this computer"),
    )
    precision: Annotated[str, FieldHints(choices=_PRECISIONS)] = Field(
        AUTO,
        title=N_("Precision"),
        description=N_("Number format of the computation; auto chooses a fast and accurate one, never int8"),
    )
    overwrite: Overwrite = False
    large: Large = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield the field and a sentence for each combination of values that cannot be used."""
        if problem := unfit(self.backend, self.precision, self.device):
            yield "backend", problem
        if self.overlap is not None and self.overlap > self.tile // 2:
            yield "overlap", N_("should be at most half a tile, {half_tile} px", half_tile=self.tile // 2)
