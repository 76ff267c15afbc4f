"""`landseg train`: from labelled images, or a project, to a model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import INTERRUPTED, Device, Overwrite

if TYPE_CHECKING:
    from landseg_core.data.chips import TrainingData
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.training.config import TrainConfig
    from landseg_core.training.trainer import TrainResult


def train(
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder for the run: model, checkpoint, metrics, settings.")],
    project: Annotated[Path | None, typer.Option(metavar="FILE", help="Learn from the labels of a project.")] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="PRESET|FILE", help="The classes: a preset's name or a class file.")
    ] = None,
    images: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of images.")] = None,
    masks: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of masks, matched by stem.")] = None,
    train_list: Annotated[Path | None, typer.Option(metavar="F", help="Stems to train on, one per line.")] = None,
    val_list: Annotated[Path | None, typer.Option(metavar="F", help="Stems to validate on, one per line.")] = None,
    landcover_ai: Annotated[Path | None, typer.Option(metavar="DIR", help="LandCover.ai as downloaded.")] = None,
    model: Annotated[str, typer.Option(help="unet16, unet32 or unet64.")] = "unet16",
    epochs: Annotated[int | None, typer.Option(min=1, help="Train for N passes over the data.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train for M minutes; fractions are fine.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Chips per step.")] = None,
    chip: Annotated[int | None, typer.Option(min=1, help="Side of a training window, in pixels.")] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", metavar="MODEL|RUN", help="Go on from a model; corrections weigh more.")
    ] = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same run on the CPU.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in RUN.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a U-Net and keep the model that validates best.

    A project needs no --classes, and is free for others to paint in while the network trains; at the end the run is
    entered into it. With --resume, the run goes on with the labels that it began with.
    """
    started = time.monotonic()  # --minutes are those of the command, loading torch included
    source = Source(project, classes, images, masks, train_list, val_list, landcover_ai)
    source.check()
    if epochs is not None and minutes is not None:
        raise typer.BadParameter("give either --epochs or --minutes")
    settings = _given(model=model, epochs=epochs, minutes=minutes, batch=batch, chip=chip, device=device, seed=seed)
    settings |= _given(start_from=start_from)

    def work(on_event: OnEvent, control: JobControl) -> TrainResult:
        from landseg_core.training.config import checked_config
        from landseg_core.training.project_run import kept_with_its_run
        from landseg_core.training.start import continued_config, resumed_config
        from landseg_core.training.trainer import Trainer

        config = checked_config(settings)
        config = resumed_config(config, out) if resume else continued_config(config)
        trainer = Trainer(config, out, overwrite=overwrite, resume=resume, started=started)
        with kept_with_its_run(out):
            if project is not None:
                data = project_labels(project, config, out, on_event, control, resume=resume)
            else:
                data = source.load(seed, on_event, control)
            result = trainer.fit(data, on_event, control)
        if project is not None:
            enter_run(project, out, result, on_event)
        return result

    _report(run_job(work))


@dataclass(frozen=True)
class Source:
    """Where the labels come from, as the options name it."""

    project: Path | None
    classes: str | None
    images: Path | None
    masks: Path | None
    train_list: Path | None
    val_list: Path | None
    landcover_ai: Path | None

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            typer.BadParameter: they do not.
        """
        if (self.images is None) != (self.masks is None):
            raise typer.BadParameter("give --images and --masks together")
        if sum(source is not None for source in (self.project, self.images, self.landcover_ai)) != 1:
            raise typer.BadParameter("give either --project, or --images and --masks, or --landcover-ai")
        if self.images is None and (self.train_list or self.val_list):
            raise typer.BadParameter(
                "only --images and --masks take lists: --landcover-ai and --project split by themselves"
            )
        if (self.project is None) == (self.classes is None):
            raise typer.BadParameter("give --classes, but not with --project, which has its own")

    def load(self, seed: int, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read and check the data set in folders."""
        from landseg_core.data.folders import folder_data
        from landseg_core.data.landcover_ai import landcover_ai_data
        from landseg_core.labels.classes import load_classes

        assert self.classes is not None
        schema = load_classes(self.classes)
        if self.landcover_ai is not None:
            return landcover_ai_data(self.landcover_ai, schema, on_event=on_event, control=control)
        assert self.images is not None
        assert self.masks is not None
        lists = (self.train_list, self.val_list)
        return folder_data(self.images, self.masks, schema, *lists, seed=seed, on_event=on_event, control=control)


def project_labels(
    file: Path, config: TrainConfig, run: Path, on_event: OnEvent, control: JobControl, *, resume: bool
) -> TrainingData:
    """Copy the labels that are stored in a project into the run's folder, and return the data set that they make.

    The project is open for that only, and for reading: another program may hold it.
    """
    from landseg_core.data.project_data import project_data
    from landseg_core.project.project import Project
    from landseg_core.training.project_run import labels_to_learn

    with Project.open(file, read_only=True) as project:
        how: dict[str, Any] = {"start_from": config.start_from, "on_event": on_event, "control": control}
        labels = labels_to_learn(project, run, resume=resume, **how)
    return project_data(labels, config.seed, config.chip, on_event, control)


def enter_run(file: Path, run: Path, result: TrainResult, on_event: OnEvent) -> None:
    """Enter the run into the project, unless another program holds it just now: a `Notice` then tells so."""
    from landseg_core.errors import ProjectError
    from landseg_core.events import Notice
    from landseg_core.project.project import Project
    from landseg_core.training.project_run import record_run

    try:
        with Project.open(file) as project:
            if project.read_only:
                raise ProjectError(project.read_only_reason)
            record_run(project, run, result)
    except ProjectError as error:
        on_event(Notice(f"the run is not entered in {file.name}: {error}"))


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _report(result: TrainResult) -> None:
    figures = "not validated" if result.best_miou is None else f"mIoU {result.best_miou:.3f} on the validation areas"
    typer.echo(f"{result.model_path}: {figures}")
    if result.reason == "stopped":
        raise typer.Exit(INTERRUPTED)
