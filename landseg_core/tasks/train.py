"""Training: a run on a source of data. Importing this loads neither torch nor what reads rasters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import pydantic
from pydantic import Field

from landseg_core.data.sources.source import DataOptions, DataSource, OpenProject, open_read_only
from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.limits import require_agreed
from landseg_core.messages import N_
from landseg_core.output_files import made_folder
from landseg_core.task_fields import FieldHints, Large, Overwrite

if TYPE_CHECKING:
    from landseg_core.labels.classes import ClassSchema as Classes
    from landseg_core.project.project import Project
    from landseg_core.runs.config import TrainConfig
    from landseg_core.runs.preview import PreviewSource
    from landseg_core.training.loop import TrainResult
else:
    Classes = Any  # importing them takes long

ChangeProject = Callable[["Project"], None]


class TrainTask(pydantic.BaseModel):
    """A run to train.

    `settings` are the chosen fields of `TrainConfig`, not yet checked; the others have their defaults, or the values of
    the model to fine-tune or of the run to resume.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    out: Annotated[Path, FieldHints(metavar="RUN")] = Field(
        title=N_("Run folder"), description=N_("Folder for the run: model, checkpoint, metrics, settings")
    )
    source: pydantic.SerializeAsAny[DataSource] = Field(
        title=N_("Training data"), description=N_("The images and labels to train on")
    )
    classes: Annotated[str | Classes | None, FieldHints(metavar="PRESET|FILE")] = Field(
        None, title=N_("Classes"), description=N_("The classes: a preset's name or a class file")
    )
    settings: Mapping[str, Any] = Field(
        default_factory=dict, title=N_("Settings"), description=N_("Settings of the run, as its config.json names them")
    )
    resume: bool = Field(default=False, title=N_("Resume"), description=N_("Resume the run in RUN"))
    overwrite: Overwrite = False
    large: Large = False

    def config(self) -> TrainConfig:
        """Return the settings of the run: a new one, or the one in `out` that is resumed.

        Raises:
            TrainingError: a setting is wrong or contradicts the model or run that it continues, or that is missing.
            ModelError: there is no such model, or a file is damaged.
        """
        from landseg_core.runs.config import checked_config
        from landseg_core.training.checkpoint import resumed_config
        from landseg_core.training.preparation import fine_tuned_config

        if self.resume:
            return resumed_config(self.out, self.settings)
        return fine_tuned_config(checked_config(self.settings), self.settings)


class ProjectAccess(Protocol):
    """How a run accesses projects: an open project is borrowed, otherwise the file is opened."""

    def open(self, file: Path) -> AbstractContextManager[Project]:
        """Open a project to read its labels."""
        ...

    def change(self, file: Path, change: ChangeProject, refusal: str, on_event: OnEvent) -> None:
        """Make a small change to a project; if that fails, report `refusal` and why."""
        ...


class ProjectFiles:
    """Opens the files of projects, each briefly."""

    open = staticmethod(open_read_only)

    def change(self, file: Path, change: ChangeProject, refusal: str, on_event: OnEvent) -> None:
        """Change a project, unless another program has locked it: a `Notice` then says so."""
        from landseg_core.project.project import Project

        try:
            with Project.open(file) as project:
                if project.read_only:
                    raise ProjectError(project.read_only_reason)
                change(project)
        except ProjectError as error:
            on_event(Notice(N_("{refusal}: {error}", refusal=refusal, error=error)))


def run_train(
    task: TrainTask,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    preview: PreviewSource | None = None,
    projects: ProjectAccess | None = None,
    started: float | None = None,
) -> TrainResult:
    """Read the data, train, and enter the run into its project. Torch is loaded after all checks that do not need it.

    The minutes of a run by minutes count from here, or from `started`, a reading of `time.monotonic`. `preview` is as
    in `Trainer.fit`. A run without a result leaves no files.

    Raises:
        LandsegError: what `TrainTask.config`, the source and `Trainer` raise.
        LargeWorkError: it is a very large job, and `large` is off.
        JobStopped: `control` asked for it before there was a model.
    """
    from landseg_core.project.snapshot import labels_of_run
    from landseg_core.runs.folder import RunFolder
    from landseg_core.training.preparation import check_labels, check_run_folder, run_work

    started = time.monotonic() if started is None else started
    projects, control, run = projects or ProjectFiles(), control or JobControl(), RunFolder(task.out)
    config = task.config()
    check_run_folder(config, run, overwrite=task.overwrite, resume=task.resume)
    with made_folder(run.path), labels_of_run(run.path, (run.model, run.checkpoint)):
        data = task.source.load(_run_options(task, config, projects.open), on_event, control)
        check_labels(data, control.checkpoint)
        from landseg_core.training.trainer import Trainer

        if not task.resume:
            require_agreed(run_work(config, data, control.checkpoint), large=task.large)
        # The folder was free, or may be overwritten: by now it may hold the labels of the project.
        trainer = Trainer(config, run.path, overwrite=True, resume=task.resume, started=started)
        result = trainer.fit(data, on_event, control, preview)
    if (file := task.source.project_file) is not None:
        record = partial(record_run, run=run.path, result=result)
        projects.change(file, record, f"the run is not entered in {file.name}", on_event)
    return result


def data_options(config: TrainConfig, open_project: OpenProject = open_read_only) -> DataOptions:
    """Return how a run with these settings reads and splits data."""
    return DataOptions(
        read_options=config.read_options,
        seed=config.seed,
        chip=config.chip,
        split=config.split,
        buffer=config.buffer,
        mapping=config.value_mapping,
        start_from=config.start_model,
        open_project=open_project,
    )


def _run_options(task: TrainTask, config: TrainConfig, open_project: OpenProject) -> DataOptions:
    from landseg_core.labels.classes import load_classes
    from landseg_core.runs.parent_model import parent_areas_finder

    return replace(
        data_options(config, open_project),
        read_options=replace(config.read_options, large=task.large),
        classes=load_classes(task.classes) if isinstance(task.classes, str) else task.classes,
        find_trained=parent_areas_finder(config, task.out, resume=task.resume),
        run=task.out,
        resume=task.resume,
    )


def record_run(project: Project, run: Path, result: TrainResult) -> None:
    """Enter a run that gave a model into its project, with the state of the labels that it was trained on.

    Raises:
        ProjectError: the project cannot be changed.
    """
    from landseg_core.project.snapshot import LABELS_FOLDER, load_snapshot

    labels = load_snapshot(run / LABELS_FOLDER, {})
    model = result.bundle.header
    # how good the model is and after how many epochs; None where it was not validated
    metrics = {
        "miou": model.training.get("miou"),
        "accuracy": model.training.get("accuracy"),
        "epochs": model.training.get("epoch"),
    }
    project.add_run(run.absolute(), model.architecture, model.schema.names, labels.label_state, metrics)
