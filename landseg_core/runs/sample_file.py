"""The validation pictures of a run's best model, as one file: small PNGs and JPEGs, ready for a page or a window."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
import pydantic

from landseg_core.input_files import read_file
from landseg_core.labels.classes import ClassSchema
from landseg_core.output_files import write_atomically
from landseg_core.runs.evaluation import Fraction, damaged_record
from landseg_core.runs.samples import Indices, Rgb, ValidationPicture

JPEG_QUALITY = 85

DataUri = Annotated[str, pydantic.Field(pattern=r"^data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$")]


class KeptPicture(pydantic.BaseModel):
    """A `ValidationPicture` with its parts encoded; not labelled truth is transparent."""

    stem: str
    accuracy: Fraction
    miou: Fraction
    width: pydantic.PositiveInt
    height: pydantic.PositiveInt
    image: DataUri
    truth: DataUri
    prediction: DataUri


class KeptPictures(pydantic.BaseModel):
    """The pictures of the model of `epoch`, by what they are: `sample`, `best`, `worst`."""

    epoch: int
    pictures: dict[str, tuple[KeptPicture, ...]]


def keep_pictures(
    path: Path, epoch: int, pictures: Mapping[str, Sequence[ValidationPicture]], schema: ClassSchema
) -> None:
    """Write the pictures of an epoch to `path`, in the colours of `schema`.

    Raises:
        OutputError: it cannot be written; what was there before is untouched.
    """
    kept = KeptPictures(
        epoch=epoch,
        pictures={role: tuple(kept_picture(picture, schema) for picture in some) for role, some in pictures.items()},
    )
    write_atomically(path, kept.model_dump_json().encode())


def read_pictures(path: Path) -> KeptPictures | None:
    """Return the pictures in `path`, or None where there is no such file.

    Raises:
        TrainingError: the file cannot be read or is damaged.
    """
    try:
        return KeptPictures.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, pydantic.ValidationError) as error:
        raise damaged_record(path, error) from error


def kept_picture(picture: ValidationPicture, schema: ClassSchema) -> KeptPicture:
    """Return a picture encoded, in the colours of `schema`."""
    height, width = picture.truth.shape
    return KeptPicture(
        stem=picture.stem,
        accuracy=picture.accuracy,
        miou=picture.miou,
        width=width,
        height=height,
        image=_jpeg(picture.image),
        truth=_png(picture.truth, schema),
        prediction=_png(picture.prediction, schema),
    )


def _jpeg(image: Rgb) -> str:
    flags = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return _data_uri("jpeg", cv2.imencode(".jpg", image[..., ::-1], flags)[1])


def _png(indices: Indices, schema: ClassSchema) -> str:
    table = np.zeros((256, 4), np.uint8)
    table[: len(schema)] = [(*item.rgb[::-1], 255) for item in schema.classes]
    return _data_uri("png", cv2.imencode(".png", table[indices])[1])


def _data_uri(kind: str, data: npt.NDArray[np.uint8]) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
