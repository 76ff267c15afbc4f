"""The header of a model file: all but the weights; read without torch."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Annotated, Any

import pydantic
from typing_extensions import TypedDict

from landseg_core.errors import ModelError
from landseg_core.geo.grid import COARSEST_M, FINEST_M
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.models.catalog import CATALOG
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.starter import STARTER, starter_path
from landseg_core.models.tensor_file import read_bytes, read_record
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.model_reference import ModelReference
from landseg_core.value_problems import first_problem

MODEL_FILE = "model.safetensors"
"""The name of the model file in a run's folder."""

KIND = "landseg"
"""The metadata key of a model file's record."""

FORMAT_VERSION = 1
"""Incremented whenever an older landseg could no longer use the file."""

_MOST_BANDS = 65_535
"""The maximum of a TIFF."""

_Bands = Annotated[tuple[Annotated[int, pydantic.Field(ge=1, le=_MOST_BANDS)], ...], pydantic.Field(min_length=1)]


def _pixel_type(name: str) -> str:
    if not re.fullmatch(r"u?int(8|16|32|64)|float(16|32|64)", name):
        raise ValueError(N_("not a pixel type"))
    return name


_PixelType = Annotated[str, pydantic.AfterValidator(_pixel_type)]
_Metres = Annotated[float, pydantic.Field(ge=FINEST_M, le=COARSEST_M)]
_Fraction = Annotated[float, pydantic.Field(ge=0, le=1)] | None
_Count = Annotated[int, pydantic.Field(ge=0, le=2**63)]


class _Training(TypedDict, total=False):
    """The part of `BundleHeader.training` that landseg reads; the rest is for people."""

    __pydantic_config__ = pydantic.ConfigDict(extra="allow")  # type: ignore[misc]

    miou: _Fraction
    accuracy: _Fraction
    epoch: _Count | None
    iou: dict[str, _Fraction]
    settings: dict[str, Any] | None
    trained_on_untold: _Count
    trained_px: dict[str, _Count]


@dataclasses.dataclass(frozen=True)
class BundleHeader:
    """All that a model file contains except the weights.

    Attributes:
        architecture: the name of the network in the catalogue.
        schema: the classes, in the order of the network's outputs.
        bands: the 1-based GDAL bands that the model was trained on, in order.
        dtype: their pixel type.
        normalisation: that of the bands.
        ground_resolution_m: the side of a training pixel in true metres on the ground, None if it was unknown.
        training: how the model was trained and evaluated: plain JSON, mostly for people.
        band_names: the names of the bands; empty if they were unknown, and in files of older versions.
        alpha: the alpha choice of the images, see `raster.alpha`; `auto` in files of older versions.
    """

    architecture: Annotated[str, pydantic.Field(max_length=80)]
    schema: ClassSchema
    bands: _Bands
    dtype: _PixelType
    normalisation: Normalisation
    ground_resolution_m: _Metres | None
    training: Annotated[dict[str, Any], pydantic.GetPydanticSchema(lambda _type, schema_of: schema_of(_Training))]
    band_names: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    alpha: Annotated[str, pydantic.Field(min_length=1, max_length=200)] = dataclasses.field(default=AUTO, kw_only=True)

    def to_record(self) -> dict[str, Any]:
        """Return the JSON-able record that `from_record` reads."""
        record: dict[str, Any] = _HEADER.dump_python(self, mode="json")
        return {"format": FORMAT_VERSION} | record

    @classmethod
    def from_record(cls, record: dict[str, Any], path: Path) -> BundleHeader:
        """Return the header that `record` of the file `path` describes.

        Raises:
            ModelError: a newer landseg wrote it, a field is missing or wrong, or the network is not in the catalogue.
        """
        fields = dict(record)
        _require_known_format(fields.pop("format", None), path)
        try:
            header = _HEADER.validate_python(fields)
        except pydantic.ValidationError as error:
            raise ModelError(
                N_(
                    "{path} is not a complete model file ({problem}); train again",
                    path=path,
                    problem=first_problem(error),
                )
            ) from error
        header._require_consistent(path)
        return header

    def _require_consistent(self, path: Path) -> None:
        if self.architecture not in CATALOG:
            raise ModelError(
                N_(
                    "{path} contains a network {architecture!r}, which this landseg does not know; update landseg",
                    path=path,
                    architecture=self.architecture,
                )
            )
        if not self.normalisation.fits(len(self.bands)):
            raise ModelError(
                N_(
                    "{path} has a normalisation that does not match its %n bands; train again",
                    n=len(self.bands),
                    one="{path} has a normalisation that does not match its only band; train again",
                    path=path,
                )
            )
        if len(self.band_names) not in (0, len(self.bands)):
            raise ModelError(
                N_(
                    "{path} does not have a name for each of its %n bands; train again",
                    n=len(self.bands),
                    one="{path} has more than one name for its only band; train again",
                    path=path,
                )
            )


_HEADER = pydantic.TypeAdapter(BundleHeader)


def model_path(path: AnyPath) -> Path:
    """Return the model file at `path`: itself, or the one in a run's folder; `starter` is the starter model.

    Raises:
        ModelError: there is none.
    """
    given = starter_path() if str(path) == STARTER else Path(path)
    found = given / MODEL_FILE if given.is_dir() else given
    if found.exists():
        return found
    if given.is_dir():
        raise ModelError(
            N_(
                "the folder {folder} has no {name}; choose a model file or the folder of a training run",
                folder=given,
                name=MODEL_FILE,
            )
        )
    raise ModelError(
        N_("the model file {path} does not exist; choose a model file or the folder of a training run", path=given)
    )


def absolute_model(path: str) -> str:
    """Return a path of a model as an absolute one; the name of the starter model stays."""
    return path if path == STARTER else str(Path(path).absolute())


def read_header(path: AnyPath) -> BundleHeader:
    """Return the header of a model file, or of the one in a run's folder, without loading torch or weights.

    Raises:
        ModelError: there is no such file, or it is damaged, newer, or of another program.
    """
    found = model_path(path)
    return BundleHeader.from_record(read_record(found, KIND), found)


def model_reference(path: Path) -> ModelReference:
    """Return how maps refer to a model file, or to the one in a run's folder, without loading torch.

    Raises:
        ModelError: there is no such file, or it cannot be read.
    """
    found = model_path(path)
    return ModelReference.of_bytes(found, read_bytes(found), in_run=found.name == MODEL_FILE)


def _require_known_format(version: Any, path: Path) -> None:
    if not isinstance(version, int) or version < 1:
        raise ModelError(
            N_("{path} is not a complete model file (its format version is missing); train again", path=path)
        )
    if version > FORMAT_VERSION:
        raise ModelError(
            N_(
                "{path} was written by a newer landseg (format {version}); update landseg to use it",
                path=path,
                version=version,
            )
        )
