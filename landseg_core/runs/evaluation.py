"""The evaluation of a run's best model on its validation areas, as `evaluation.json` holds it; read without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pydantic

from landseg_core.errors import TrainingError
from landseg_core.input_files import read_file
from landseg_core.labels.classes import Colour
from landseg_core.messages import N_
from landseg_core.value_problems import first_problem

Fraction = Annotated[float, pydantic.Field(ge=0, le=1, allow_inf_nan=False)]
Interval = tuple[Fraction, Fraction]
"""The lower and the upper end of a 95 % interval."""
Count = Annotated[int, pydantic.Field(ge=0)]


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)


class ClassMetrics(_Record):
    """How well one class is found; a metric, or an interval, that is not known is None."""

    name: str
    colour: Colour
    iou: Fraction | None = None
    iou_interval: Interval | None = None
    f1: Fraction | None = None
    f1_interval: Interval | None = None
    producers_accuracy: Fraction | None = None
    producers_accuracy_interval: Interval | None = None
    users_accuracy: Fraction | None = None
    users_accuracy_interval: Interval | None = None
    truth_px: Count | None = None
    predicted_px: Count | None = None


class ImageScore(_Record):
    """How well one validation image is mapped."""

    stem: str
    pixels: Count
    accuracy: Fraction | None = None
    miou: Fraction | None = None


class RunEvaluation(_Record):
    """The metrics of the model of `epoch`: fractions 0-1; `confusion` has a row per true class, in px.

    Where `estimated`, see `MapEvaluation`.
    """

    epoch: int
    pixels: Count
    blocks: Count | None = None
    block_px: Count | None = None
    accuracy: Fraction | None = None
    accuracy_interval: Interval | None = None
    miou: Fraction | None = None
    miou_interval: Interval | None = None
    classes: tuple[ClassMetrics, ...] = ()
    confusion: tuple[tuple[Count, ...], ...] = ()
    warnings: tuple[str, ...] = ()
    images: tuple[ImageScore, ...] = ()
    estimated: bool = False
    labels_accuracy: Fraction | None = None
    labels_miou: Fraction | None = None

    @pydantic.model_validator(mode="after")
    def _square(self) -> RunEvaluation:
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {len(self.classes)}:
            raise ValueError(N_("the confusion matrix does not fit the {count} classes", count=len(self.classes)))
        return self


def read_evaluation(path: Path) -> RunEvaluation | None:
    """Return the evaluation in `path`, or None where there is no such file.

    Raises:
        TrainingError: the file cannot be read or is damaged.
    """
    try:
        return RunEvaluation.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, pydantic.ValidationError) as error:
        raise damaged_record(path, error) from error


def damaged_record(path: Path, error: OSError | pydantic.ValidationError) -> TrainingError:
    """Return the sentence for a file of a run that cannot be used because of `error`."""
    return TrainingError(
        N_("{path} cannot be used ({reason}); delete it, or train again", path=path, reason=_reason(error))
    )


def _reason(error: OSError | pydantic.ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return first_problem(error)
