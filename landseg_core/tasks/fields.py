"""Fields that several tasks have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pydantic
from pydantic import Field

from landseg_core.messages import N_
from landseg_core.task_fields import FieldHints

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.models.header import BundleHeader
else:
    ModelBundle = Any  # importing it takes long


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
        title=N_("Alpha"),
        description=N_("Band that is 0 where there is no data: auto (as tagged in the file), none, number or name"),
    ),
]
"""None: as the project or the model says, or else `auto`."""


def _values_with_classes(texts: tuple[str, ...]) -> tuple[str, ...]:
    from landseg_core.labels.masks.value_mapping import parse_value_mapping

    parse_value_mapping(texts)
    return texts


MaskValues = Annotated[
    tuple[str, ...],
    pydantic.AfterValidator(_values_with_classes),
    FieldHints(option="--map", metavar="VALUE=CLASSNAME", repeats=True),
    Field(
        title=N_("Mask values"),
        description=N_("Class of a value (number, colour #rrggbb or text); without CLASSNAME the value is ignored"),
    ),
]
"""`parse_value_mapping` makes a mapping of them."""


def _path_or_model(given: object) -> Path | ModelBundle:
    if isinstance(given, str | Path):
        return Path(given)
    from landseg_core.models.bundle import ModelBundle

    if not isinstance(given, ModelBundle):
        raise ValueError(N_("should be a model file, the folder of a run, or a model that has been loaded"))
    return given


Corrections = Annotated[
    Path | None,
    FieldHints(metavar="PROJECT"),
    Field(
        title=N_("Corrections"),
        description=N_("Use the correction of the model that this project holds (landseg project correct)"),
    ),
]
"""None: the model as it is."""

_model_field = Field(title=N_("Model"), description=N_("A model.safetensors, or the run folder that contains it"))
ModelPath = Annotated[Path, _model_field]
Model = Annotated[Path | ModelBundle, pydantic.PlainValidator(_path_or_model), _model_field]
"""A model file, the folder of a run, or a model in memory."""


def header_of(model: Path | ModelBundle) -> BundleHeader:
    """Return the header of a model; the weights in a file are not loaded.

    Raises:
        ModelError: there is no such file, or it is damaged.
    """
    from landseg_core.models.header import read_header

    return read_header(model) if isinstance(model, Path) else model.header


def loaded(model: Path | ModelBundle, corrections: Path | None = None) -> ModelBundle:
    """Return a model with its weights, and with the correction of it that the project `corrections` holds.

    Raises:
        ModelError: there is no such file, or it is damaged, or the correction is.
        ProjectError: the project holds no correction of the model, or cannot be read.
    """
    from landseg_core.models.bundle import ModelBundle

    bundle = ModelBundle.load(model) if isinstance(model, Path) else model
    if corrections is None:
        return bundle
    from landseg_core.assistant.correcting import kept_correction
    from landseg_core.assistant.corrections import corrected

    return corrected(bundle, kept_correction(corrections, bundle.file_reference))


def require_corrections(model: Path | ModelBundle, corrections: Path | None) -> None:
    """Check, without torch, that the project `corrections`, if given, holds a correction of the model.

    Raises:
        ModelError: there is no such model.
        ProjectError: the project holds no correction of it, or cannot be read.
    """
    if corrections is None:
        return
    from landseg_core.assistant.correcting import require_correction
    from landseg_core.models.header import model_reference

    reference = model_reference(model) if isinstance(model, Path) else model.file_reference
    require_correction(corrections, reference)
