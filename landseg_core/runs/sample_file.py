"""The validation samples of a run's best model, as one file: small PNGs and JPEGs, ready for a page or a window."""

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
from landseg_core.runs.samples import Indices, Rgb, ValidationSample

JPEG_QUALITY = 85

DataUri = Annotated[str, pydantic.Field(pattern=r"^data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$")]


class SavedSample(pydantic.BaseModel):
    """A `ValidationSample` with its parts encoded; unlabelled truth is transparent."""

    stem: str
    accuracy: Fraction
    miou: Fraction
    width: pydantic.PositiveInt
    height: pydantic.PositiveInt
    image: DataUri
    truth: DataUri
    prediction: DataUri


class SavedSamples(pydantic.BaseModel):
    """The samples of the model of `epoch`, by role: `sample`, `best`, `worst`."""

    model_config = pydantic.ConfigDict(populate_by_name=True)

    epoch: int
    samples: dict[str, tuple[SavedSample, ...]] = pydantic.Field(alias="pictures")  # as landseg 0.1 wrote it


def save_samples(
    path: Path, epoch: int, samples: Mapping[str, Sequence[ValidationSample]], schema: ClassSchema
) -> None:
    """Write the samples of an epoch to `path`, in the colours of `schema`.

    Raises:
        OutputError: it cannot be written; the previous file is untouched.
    """
    saved = SavedSamples(
        epoch=epoch,
        samples={role: tuple(encoded_sample(sample, schema) for sample in some) for role, some in samples.items()},
    )
    write_atomically(path, saved.model_dump_json(by_alias=True).encode())


def read_samples(path: Path) -> SavedSamples | None:
    """Return the samples in `path`, or None where there is no such file.

    Raises:
        TrainingError: the file cannot be read or is damaged.
    """
    try:
        return SavedSamples.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, pydantic.ValidationError) as error:
        raise damaged_record(path, error) from error


def encoded_sample(sample: ValidationSample, schema: ClassSchema) -> SavedSample:
    """Return a sample encoded, in the colours of `schema`."""
    height, width = sample.truth.shape
    return SavedSample(
        stem=sample.stem,
        accuracy=sample.accuracy,
        miou=sample.miou,
        width=width,
        height=height,
        image=_jpeg(sample.image),
        truth=_png(sample.truth, schema),
        prediction=_png(sample.prediction, schema),
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
