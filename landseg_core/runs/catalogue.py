"""The runs in a folder, or of a project: status, metrics and size of each. Read without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseg_core.errors import LandsegError, TrainingError
from landseg_core.input_files import AnyPath
from landseg_core.messages import N_
from landseg_core.models.header import read_header
from landseg_core.runs.curves import RunCurves, run_curves
from landseg_core.runs.environment import read_environment
from landseg_core.runs.evaluation import ClassMetrics, RunEvaluation
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.history import RunHistory, read_history
from landseg_core.runs.report_content import read_config, run_evaluation

if TYPE_CHECKING:
    from landseg_core.project.run_table import RunEntry


class RunStatus(StrEnum):
    """How a run stands. `OPEN` has no end on record: it is under way, or was killed and can be resumed."""

    FINISHED = "finished"
    STOPPED = "stopped"
    NOT_FINITE = "not finite"
    OPEN = "open"
    NOT_VALIDATED = "not validated"
    DAMAGED = "damaged"
    MISSING = "missing"


_ENDINGS = {
    "finished": RunStatus.FINISHED,
    "stopped": RunStatus.STOPPED,
    "not_finite": RunStatus.NOT_FINITE,
}


@dataclass(frozen=True)
class RunSummary:
    """A run as a list shows it. Metrics are fractions 0-1 of its best model; None where nothing was validated.

    `created` is ISO 8601 in UTC, `size` in bytes; `problem` says what is wrong with one that is damaged or missing.
    `config` are its settings.
    """

    folder: Path
    status: RunStatus
    model: str = ""
    created: str = ""
    seconds: float = 0.0
    epoch: int | None = None
    evaluation: RunEvaluation | None = None
    size: int = 0
    problem: str = ""
    curves: RunCurves | None = field(default=None, compare=False, repr=False)
    config: dict[str, Any] = field(default_factory=dict)
    has_model: bool = False
    has_checkpoint: bool = False
    has_report: bool = False

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        return self.folder.name

    @property
    def miou(self) -> float | None:
        """Return the mIoU of its best model."""
        return self.evaluation.miou if self.evaluation else None

    @property
    def accuracy(self) -> float | None:
        """Return the accuracy of its best model."""
        return self.evaluation.accuracy if self.evaluation else None

    @property
    def classes(self) -> Sequence[ClassMetrics]:
        """Return the metrics by class."""
        return self.evaluation.classes if self.evaluation else ()

    def as_dict(self) -> dict[str, Any]:
        """Return what `landseg runs --json` prints."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "status": str(self.status),
            "model": self.model,
            "created": self.created,
            "seconds": round(self.seconds, 1),
            "epoch": self.epoch,
            "miou": self.miou,
            "miou_interval": self.evaluation.miou_interval if self.evaluation else None,
            "accuracy": self.accuracy,
            "accuracy_interval": self.evaluation.accuracy_interval if self.evaluation else None,
            "iou": {item.name: item.iou for item in self.classes},
            "size": self.size,
            "problem": self.problem,
        }


def is_run(folder: Path) -> bool:
    """Return whether `folder` is that of a run: a folder, not a link to one, with settings and other files of a run."""
    run = RunFolder(folder)
    parts = run.metrics, run.model, run.checkpoint
    try:
        return not folder.is_symlink() and run.config.is_file() and any(part.is_file() for part in parts)
    except OSError:
        return False


def list_runs(folder: AnyPath) -> list[RunSummary]:
    """Return the runs right inside `folder` (or `folder` itself, where it is one), newest first.

    Raises:
        TrainingError: the folder cannot be read.
    """
    folder = Path(folder)
    return newest_first(map(summarise, run_folders(folder)))


def run_folders(folder: Path) -> list[Path]:
    """Return the folders of runs right inside `folder`, or `folder` itself, where it is one.

    Raises:
        TrainingError: the folder cannot be read.
    """
    if is_run(folder):
        return [folder]
    try:
        return [path for path in folder.iterdir() if is_run(path)]
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError(
            N_(
                "the folder {folder} cannot be read: {reason}; give a folder that holds runs",
                folder=folder,
                reason=reason,
            )
        ) from error


def summarise_entry(entry: RunEntry) -> RunSummary:
    """Return what a run of a project is; one whose folder is not there is `MISSING`."""
    if is_run(entry.folder):
        return summarise(entry.folder)
    problem = N_("{folder} does not exist, or holds no run any more", folder=entry.folder)
    return RunSummary(entry.folder, RunStatus.MISSING, entry.model, entry.created, problem=problem)


def newest_first(runs: Iterable[RunSummary]) -> list[RunSummary]:
    """Return `runs` by date, newest first."""
    return sorted(runs, key=lambda run: (run.created, run.name), reverse=True)


def summarise(folder: Path) -> RunSummary:
    """Return what the run in `folder` is; one with a damaged file is `DAMAGED` and says which."""
    run = RunFolder(folder)
    summary = RunSummary(
        folder,
        RunStatus.DAMAGED,
        created=_written(run.config),
        size=folder_size(folder),
        has_model=run.model.is_file(),
        has_checkpoint=run.checkpoint.is_file(),
        has_report=run.report.is_file(),
    )
    try:
        summary = _with_settings(run, summary)
        return _with_results(run, summary)
    except LandsegError as error:
        return replace(summary, problem=str(error))


def _with_settings(run: RunFolder, summary: RunSummary) -> RunSummary:
    config = read_config(run)
    return replace(summary, config=config, model=str(config.get("model", "")))


def _with_results(run: RunFolder, summary: RunSummary) -> RunSummary:
    environment = read_environment(run.environment)
    history = read_history(run.metrics)
    evaluation = run_evaluation(run, history)
    if summary.has_model:
        read_header(run.model)  # a damaged one cannot be used, and says so here
    return replace(
        summary,
        status=_status(history, evaluation),
        created=environment.started if environment else summary.created,
        seconds=history.seconds,
        epoch=evaluation.epoch if evaluation else None,
        evaluation=evaluation,
        curves=run_curves(history),
    )


def _status(history: RunHistory, evaluation: RunEvaluation | None) -> RunStatus:
    if history.end is None:
        return RunStatus.OPEN
    if evaluation is None:
        return RunStatus.NOT_VALIDATED
    return _ENDINGS.get(history.end.reason, RunStatus.STOPPED)


def _written(path: Path) -> str:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except OSError:
        return ""


def folder_size(folder: Path) -> int:
    """Return the bytes of all files under `folder`; links are not followed, what cannot be read counts nothing."""
    total = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


def differing_settings(runs: Sequence[RunSummary]) -> dict[str, tuple[str, ...]]:
    """Return the settings that are not the same in all of `runs`: by name, the value in each run as text."""
    names = dict.fromkeys(name for run in runs for name in run.config)
    values = {name: tuple(_text(run.config.get(name)) for run in runs) for name in names}
    return {name: texts for name, texts in values.items() if len(set(texts)) > 1}


def _text(value: Any) -> str:
    return "\N{EN DASH}" if value is None else value if isinstance(value, str) else json.dumps(value)
