"""The model that a map was made with, as a tag in the map's own file."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import pydantic
import rasterio

from landseg_core.errors import RasterError
from landseg_core.messages import N_
from landseg_core.raster.files.gdal import GDAL_ERRORS, gdal_reason, open_dataset, reading_options
from landseg_core.raster.files.integrity import check_file

MODEL_TAG = "LANDSEG_MODEL"
"""The GeoTIFF tag that holds the `ModelReference` of a map, as JSON."""

_Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=1024)]


@dataclass(frozen=True)
class ModelReference:
    """A model, as its maps refer to it.

    Attributes:
        file: the name of the model file, without its folder.
        hash: SHA-256 of the file's bytes, as hexadecimal digits.
        run: the name of the training run's folder; None where the model is not in one.
        correction: SHA-256 of the correction head that the model was used with; None for the model as it is.
    """

    file: _Name
    hash: _Name
    run: _Name | None = None
    correction: _Name | None = None

    @classmethod
    def of_bytes(cls, path: Path, content: bytes, *, in_run: bool) -> Self:
        """Return the reference to the model file at `path` with this `content`; `in_run`: it is in a run's folder."""
        run = readable(path.absolute().parent.name) if in_run else None
        return cls(readable(path.name), hashlib.sha256(content).hexdigest(), run or None)

    @property
    def title(self) -> str:
        """Return the name of the model in the window: that of its run, or else of its file."""
        return "".join(filter(str.isprintable, self.run or Path(self.file).stem))

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of a map made with the model; a correction is named only where there is one."""
        record = {name: value for name, value in asdict(self).items() if name != "correction" or value is not None}
        return {MODEL_TAG: json.dumps(record)}

    def is_same_run(self, other: ModelReference | None) -> bool:
        """Return whether both are of one training run, at any epoch; or the same model file where there is no run."""
        if other is None or self.run != other.run:
            return False
        return self.run is not None or self.hash == other.hash


_REFERENCE = pydantic.TypeAdapter(ModelReference)


def readable(name: str) -> str:
    """Return a file's name as text: what is not UTF-8 in it cannot be stored and is replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def read_model_reference(map_path: Path) -> ModelReference | None:
    """Return the model that the map at `map_path` was made with; None where the file has no valid tag.

    Raises:
        RasterError: the file is missing, damaged or not a raster.
    """
    check_file(map_path)
    try:
        with rasterio.Env(**reading_options(map_path)), open_dataset(map_path) as dataset:
            return tagged_model(dataset)
    except GDAL_ERRORS as error:
        raise RasterError(
            N_(
                "{map_path} cannot be opened as a map ({gdal_reason}); check that it is a complete image file",
                map_path=map_path,
                gdal_reason=gdal_reason(error),
            )
        ) from error


def tagged_model(dataset: Any) -> ModelReference | None:
    """Return the model in the tag of an open map; a damaged tag counts as none."""
    try:
        return _REFERENCE.validate_json(dataset.tags().get(MODEL_TAG, ""))
    except (pydantic.ValidationError, UnicodeDecodeError):
        return None
