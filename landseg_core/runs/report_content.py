"""The content of a run's report, from the files in its folder; loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from landseg_core.errors import ModelError, TrainingError
from landseg_core.input_files import parsed_json, read_file
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.models.header import read_header
from landseg_core.plain_text import plain_text
from landseg_core.runs.config import TrainConfig, renamed_settings
from landseg_core.runs.environment import RunEnvironment, read_environment
from landseg_core.runs.evaluation import ClassMetrics, RunEvaluation, read_evaluation
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.history import LoggedEpoch, RunHistory, read_history
from landseg_core.runs.sample_file import SavedSamples, read_samples


@dataclass(frozen=True)
class Setting:
    """A setting of a run, its value as text, and its explanation."""

    name: str
    value: str
    explanation: str


@dataclass(frozen=True)
class ReportContent:
    """All that the page needs. `evaluation` is None where no epoch was validated."""

    name: str
    version: str
    settings: tuple[Setting, ...]
    history: RunHistory
    evaluation: RunEvaluation | None
    samples: SavedSamples | None
    environment: RunEnvironment | None


def report_content(folder: RunFolder) -> ReportContent:
    """Return the content of the report of the run in `folder`.

    Raises:
        TrainingError: a file of the run cannot be read or is damaged.
    """
    config, history = read_config(folder), read_history(folder.metrics)
    evaluation = run_evaluation(folder, history)
    return ReportContent(
        name=plain_text(folder.path.absolute().name),
        version=str(config.pop("landseg", "")),
        settings=tuple(_setting(name, value) for name, value in config.items() if value is not None),
        history=history,
        evaluation=evaluation,
        samples=read_samples(folder.samples) if evaluation else None,
        environment=read_environment(folder.environment),
    )


def read_config(folder: RunFolder) -> dict[str, Any]:
    """Return the settings in a run's `config.json`, under their present names.

    Raises:
        TrainingError: the file cannot be read, or holds no settings.
    """
    try:
        config = parsed_json(read_file(folder.config))
    except (OSError, ValueError) as error:
        raise _no_settings(folder) from error
    if not isinstance(config, dict):
        raise _no_settings(folder)
    return renamed_settings(config)


def run_evaluation(folder: RunFolder, history: RunHistory) -> RunEvaluation | None:
    """Return the evaluation of a run's best model: `evaluation.json`, else what the log says of its best epoch.

    Raises:
        TrainingError: `evaluation.json` is damaged.
    """
    saved = read_evaluation(folder.evaluation)
    if saved is not None or history.best is None:
        return saved
    return _evaluation_of_epoch(history.best, _schema(folder))


def _evaluation_of_epoch(epoch: LoggedEpoch, schema: ClassSchema | None) -> RunEvaluation:
    classes = schema.classes if schema else ()
    metrics = tuple(ClassMetrics(name=item.name, colour=item.colour, iou=epoch.iou.get(item.name)) for item in classes)
    return RunEvaluation(epoch=epoch.epoch, pixels=0, accuracy=epoch.accuracy, miou=epoch.miou, classes=metrics)


def _schema(folder: RunFolder) -> ClassSchema | None:
    try:
        return read_header(folder.path).schema
    except ModelError:
        return None


def _setting(name: str, value: Any) -> Setting:
    field = TrainConfig.model_fields.get(name)
    return Setting(name, _shown(value), (field.description if field else None) or "")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _no_settings(folder: RunFolder) -> TrainingError:
    return TrainingError(N_("{path} holds no settings of a run; delete the folder, or train again", path=folder.config))
