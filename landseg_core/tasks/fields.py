"""Fields that several tasks have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import Field

from landseg_core.messages import N_
from landseg_core.task_fields import FieldHints


def _alpha(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        raise ValueError(N_("give auto, none, or a band by number or name"))
    from landseg_core.raster.alpha import alpha_choice  # reading rasters takes long to import

    return alpha_choice(text)


Alpha = Annotated[
    str | None,
    pydantic.AfterValidator(_alpha),
    FieldHints(metavar="auto|none|BAND"),
    Field(
        title="Alpha",
        description=(
            "The band that is 0 where there is no data: as tagged in the file (auto), none, or by number or name"
        ),
    ),
]
"""Without one it is what a project or a model says, and else `auto`."""


def _values_with_classes(texts: tuple[str, ...]) -> tuple[str, ...]:
    from landseg_core.labels.masks.value_mapping import parse_value_mapping

    parse_value_mapping(texts)
    return texts


MaskValues = Annotated[
    tuple[str, ...],
    pydantic.AfterValidator(_values_with_classes),
    FieldHints(option="--map", metavar="VALUE=CLASSNAME", repeats=True),
    Field(
        title="Mask values",
        description=("The class of a value (a number, a colour #rrggbb or a text); without CLASSNAME it is left out"),
    ),
]
"""To be taken apart by `parse_value_mapping`."""

ModelPath = Annotated[Path, Field(title="Model", description="A model.safetensors, or the run folder that holds it")]
