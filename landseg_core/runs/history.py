"""What a run logged, read back from its `metrics.jsonl` without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pydantic

from landseg_core.events import EpochFinished, Notice, RunFinished, RunStarted, StepFinished
from landseg_core.input_files import open_file, parsed_json
from landseg_core.runs.evaluation import damaged_record

Points = npt.NDArray[np.float64]
_Finite = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_Count = Annotated[int, pydantic.Field(ge=0, le=10**12)]


class _Logged(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)


class LoggedStart(_Logged):
    """The beginning of a run, or its resumption."""

    model: str
    parameters: int | None = None
    device: str = ""
    precision: str = ""
    train_pixels: int | None = None
    val_pixels: int | None = None
    epochs: int | None = None
    minutes: float | None = None


class LoggedEpoch(_Logged):
    """An epoch and its validation; `seconds` of work since the run began."""

    epoch: _Count
    step: _Count
    train_loss: _Finite | None = None
    val_loss: _Finite | None = None
    accuracy: _Finite | None = None
    miou: _Finite | None = None
    iou: dict[str, _Finite | None] = {}
    seconds: _Finite = 0.0
    best: bool = False


class LoggedEnd(_Logged):
    """How a run ended."""

    reason: str
    seconds: _Finite = 0.0
    step: int = 0


class _LoggedStep(_Logged):
    step: _Count = 0
    seconds: _Finite
    train_loss: _Finite | None
    learning_rate: _Finite


class _LoggedNotice(_Logged):
    message: str


_KINDS: dict[str, type[_Logged]] = {
    RunStarted.event: LoggedStart,
    StepFinished.event: _LoggedStep,
    EpochFinished.event: LoggedEpoch,
    Notice.event: _LoggedNotice,
    RunFinished.event: LoggedEnd,
}


@dataclass(frozen=True)
class RunHistory:
    """The course of a run; `steps` is (n, 3): seconds of work, training loss (NaN where it was none), learning rate.

    `numbers` is (n,): which step of the run each is. `start` and `end` are the last ones: those of the last time that
    the run was resumed. `end` is None for a run that was killed, or is still under way.
    """

    start: LoggedStart | None
    steps: Points
    epochs: tuple[LoggedEpoch, ...]
    notices: tuple[str, ...]
    end: LoggedEnd | None
    numbers: Points

    @property
    def best(self) -> LoggedEpoch | None:
        """Return the epoch that gave the model, or None where none was validated."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.best), None)

    @property
    def seconds(self) -> float:
        """Return how long the run has worked, as far as it logged."""
        ends = (self.end.seconds if self.end else 0.0, *(epoch.seconds for epoch in self.epochs[-1:]))
        return max(*ends, float(self.steps[-1, 0]) if len(self.steps) else 0.0)


def read_history(path: Path) -> RunHistory:
    """Return what the log at `path` says; lines cut short, and kinds not known here, are left out.

    Raises:
        TrainingError: the file cannot be read.
    """
    try:
        with open_file(path) as lines:
            return _history(list(_logged(lines)))
    except FileNotFoundError:
        return _history([])
    except OSError as error:
        raise damaged_record(path, error) from error


def _logged(lines: Iterable[bytes]) -> Iterator[_Logged]:
    for line in lines:
        try:
            event: Any = parsed_json(line)
            kind = _KINDS.get(str(event.get("event"))) if isinstance(event, dict) else None
            if kind is not None:
                yield kind.model_validate(event)
        except ValueError:  # pydantic's own errors are such, too
            continue


def _history(events: list[_Logged]) -> RunHistory:
    starts = [item for item in events if isinstance(item, LoggedStart)]
    steps = [item for item in events if isinstance(item, _LoggedStep)]
    values = [(step.seconds, step.train_loss, step.learning_rate) for step in steps]
    last = next((item for item in reversed(events) if isinstance(item, LoggedStart | LoggedEnd)), None)
    return RunHistory(
        starts[-1] if starts else None,
        np.array(values, np.float64).reshape(-1, 3),
        tuple(item for item in events if isinstance(item, LoggedEpoch)),
        tuple(dict.fromkeys(item.message for item in events if isinstance(item, _LoggedNotice))),
        last if isinstance(last, LoggedEnd) else None,
        np.array([step.step for step in steps], np.float64),
    )


def smoothed(values: Points, weight: float = 0.05) -> Points:
    """Return the exponential moving average of (n,) `values` without the pull of its start; NaN does not count.

    Kingma and Ba, "Adam", 2015, section 3.
    """
    mean, seen, averages = 0.0, 0.0, np.full(len(values), np.nan)
    for index, value in enumerate(values.tolist()):
        if value == value:  # not NaN
            mean += weight * (value - mean)
            seen += weight * (1 - seen)
        averages[index] = mean / seen if seen else np.nan
    return averages


def thinned(points: Points, most: int = 400) -> Points:
    """Return (n, 2) `points` as at most `most`, neighbours merged into their mean; those without a y are left out."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) <= most:
        return points
    return np.array([part.mean(axis=0) for part in np.array_split(points, most)])
