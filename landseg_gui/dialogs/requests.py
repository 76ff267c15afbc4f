"""What the dialogs answer and the jobs then do. No torch here: work that needs it imports it in the job's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.config import TrainConfig

if TYPE_CHECKING:
    from landseg_core.data.training_data import TrainingData
    from landseg_core.project.project import Project


@dataclass(frozen=True)
class Folders:
    """A data set of two folders, matched by stem, with lists of stems or without."""

    images: Path
    masks: Path
    train_list: Path | None = None
    val_list: Path | None = None

    def load(self, request: TrainRequest, config: TrainConfig, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read and check the data set; errors are those of `folder_data`."""
        from landseg_core.data.loading.folders import folder_data
        from landseg_core.runs.parent_model import parent_areas_finder

        lists, how = (self.train_list, self.val_list), _how(config, on_event, control, large=request.large)
        how |= _split(config) | {"seed": config.seed, "chip": config.chip, "mapping": config.value_mapping}
        how["find_trained"] = parent_areas_finder(config, request.run_folder, resume=request.resume)
        return folder_data(self.images, self.masks, request.schema, *lists, **how)


@dataclass(frozen=True)
class LandCoverAi:
    """LandCover.ai as downloaded, with its own lists."""

    folder: Path

    def load(self, request: TrainRequest, config: TrainConfig, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read and check the data set; errors are those of `landcover_ai_data`."""
        from landseg_core.data.loading.landcover_ai import landcover_ai_data

        return landcover_ai_data(
            self.folder,
            request.schema,
            mapping=config.value_mapping,
            **_how(config, on_event, control, large=request.large),
        )


@dataclass(frozen=True)
class ProjectLabels:
    """The labels of the project that is open, as they are when the run starts."""

    project: Project

    def load(self, request: TrainRequest, config: TrainConfig, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Copy the labels into the run's folder and read them; errors are those of `snapshot` and `project_data`."""
        from landseg_core.data.loading.project import labels_to_learn, project_data

        how: dict[str, Any] = {"on_event": on_event, "control": control, "start_from": config.start_from}
        labels = labels_to_learn(self.project, request.run_folder, resume=request.resume, **how)
        return project_data(
            labels, config.seed, config.chip, **_how(config, on_event, control, large=request.large), **_split(config)
        )


def _how(config: TrainConfig, on_event: OnEvent, control: JobControl, *, large: bool) -> dict[str, Any]:
    return {"reading": replace(config.reading, large=large), "on_event": on_event, "control": control}


def _split(config: TrainConfig) -> dict[str, Any]:
    return {"split": config.split, "buffer": config.buffer}


@dataclass(frozen=True)
class TrainRequest:
    """A run to train; `run_folder` takes its files. `resume` goes on with the run there, `overwrite` replaces it."""

    source: Folders | LandCoverAi | ProjectLabels
    schema: ClassSchema
    config: TrainConfig
    run_folder: Path
    resume: bool = False
    overwrite: bool = False
    large: bool = False
