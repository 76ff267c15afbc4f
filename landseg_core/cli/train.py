"""`landseg train`: from labelled images, or a project, to a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import DEVICE_HELP, Alpha, Bands, Large, Maps, Overwrite, parse_bands, parse_mapping
from landseg_core.cli.output import say
from landseg_core.errors import JobStopped
from landseg_core.limits import require_agreed

if TYPE_CHECKING:
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.runs.config import TrainConfig
    from landseg_core.training.trainer import TrainResult


class SplitWay(StrEnum):
    """What validates where no list says so."""

    BLOCKS = "blocks"
    IMAGES = "images"


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
    maps: Maps = None,
    split: Annotated[
        SplitWay | None, typer.Option(help="What to validate on where no list says: blocks (default) or whole images.")
    ] = None,
    buffer: Annotated[
        int | None,
        typer.Option(
            min=0, max=4096, metavar="PX", help="How far training keeps from blocks to validate on (default 64)."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The network, one of those that `landseg models` lists; lite0 by default.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Train for N passes over the data.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train for M minutes; fractions are fine.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Chips per step.")] = None,
    chip: Annotated[int | None, typer.Option(min=1, help="Side of a training window, in pixels.")] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", metavar="MODEL|RUN", help="Go on from a model; corrections weigh more.")
    ] = None,
    bands: Bands = None,
    alpha: Alpha = None,
    resolution: Annotated[
        float | None, typer.Option(metavar="M", help="Metres of ground per pixel to train at; images are resampled.")
    ] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option("--pretrained/--no-pretrained", help="Start from weights learnt on photographs (default)."),
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, as config.json of a run names it."),
    ] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE_HELP)] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same run on the CPU.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in RUN.")] = False,
    overwrite: Overwrite = False,
    large: Large = False,
) -> None:
    """Train a U-Net and keep the model that validates best.

    A project needs no --classes, and is free for others to paint in while the network trains; at the end the run is
    entered into it. With --resume, the run goes on with the labels that it began with.
    """
    started = time.monotonic()  # --minutes are those of the command, loading torch included
    source = Source(project, classes, images, masks, train_list, val_list, landcover_ai, split, buffer)
    source.check()
    if maps and project is not None:
        raise typer.BadParameter("--map is for masks: the labels of a project have classes already")
    if epochs is not None and minutes is not None:
        raise typer.BadParameter("give either --epochs or --minutes")
    settings = parse_choices(choices or []) | _given(pretrained=pretrained, device=device, seed=seed)
    settings |= _given(model=model, epochs=epochs, minutes=minutes, batch=batch, chip=chip)
    settings |= _given(
        bands=parse_bands(bands) or None, resolution_m=resolution, split=split and split.value, buffer=buffer
    )
    settings |= _given(start_from=start_from, alpha=alpha, mask_values=mask_values(maps or []) or None)

    def work(on_event: OnEvent, control: JobControl) -> TrainResult:
        from landseg_core.output_files import made_folder
        from landseg_core.runs.folder import RunFolder
        from landseg_core.training.preparation import check_labels, check_run_folder
        from landseg_core.training.project_run import kept_with_its_run

        config = run_config(out, settings, resume=resume)
        check_run_folder(config, RunFolder(out), overwrite=overwrite, resume=resume)
        with made_folder(out), kept_with_its_run(out):
            if project is not None:
                data = project_labels(project, config, out, on_event, control, resume=resume, large=large)
            else:
                data = source.load(config, out, on_event, control, resume=resume, large=large)
            check_labels(data, control.checkpoint)
            from landseg_core.training.preparation import run_work
            from landseg_core.training.trainer import Trainer  # all that needs no torch has been checked

            if not resume:
                require_agreed(run_work(config, data, control.checkpoint), large=large)
            # The folder was free, or may be overwritten: by now it may hold the labels of the project.
            trainer = Trainer(config, out, overwrite=True, resume=resume, started=started)
            result = trainer.fit(data, on_event, control)
        if project is not None:
            enter_run(project, out, result, on_event)
        return result

    _report(run_job(work))


def run_config(out: Path, settings: dict[str, Any], *, resume: bool) -> TrainConfig:
    """Return the settings of a new run with the `settings` given, or of the one in `out` that goes on."""
    from landseg_core.runs.config import checked_config
    from landseg_core.training.checkpoint import resumed_config
    from landseg_core.training.preparation import fine_tuned_config

    return resumed_config(out, settings) if resume else fine_tuned_config(checked_config(settings), settings)


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
    split: SplitWay | None = None
    buffer: int | None = None

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
        if (self.split is not None or self.buffer is not None) and (
            self.landcover_ai or self.train_list or self.val_list
        ):
            raise typer.BadParameter("--split and --buffer are for data without lists: these say what validates")

    def load(
        self, config: TrainConfig, run: Path, on_event: OnEvent, control: JobControl, *, resume: bool, large: bool
    ) -> TrainingData:
        """Read and check the data set in folders for a run in the folder `run`."""
        from landseg_core.data.loading.folders import folder_data
        from landseg_core.data.loading.landcover_ai import landcover_ai_data
        from landseg_core.labels.classes import load_classes
        from landseg_core.runs.parent_model import parent_areas_finder

        assert self.classes is not None
        schema = load_classes(self.classes)
        how: dict[str, Any] = {"reading": replace(config.reading, large=large), "mapping": config.value_mapping}
        how |= {"on_event": on_event, "control": control}
        if self.landcover_ai is not None:
            return landcover_ai_data(self.landcover_ai, schema, **how)
        assert self.images is not None
        assert self.masks is not None
        how |= {"seed": config.seed, "chip": config.chip} | split_options(config)
        how["find_trained"] = parent_areas_finder(config, run, resume=resume)
        return folder_data(self.images, self.masks, schema, self.train_list, self.val_list, **how)


def project_labels(
    file: Path, config: TrainConfig, run: Path, on_event: OnEvent, control: JobControl, *, resume: bool, large: bool
) -> TrainingData:
    """Copy the labels that are stored in a project into the run's folder, and return the data set that they make.

    The project is open for that only, and for reading: another program may hold it.
    """
    from landseg_core.data.loading.project import project_data
    from landseg_core.project.project import Project
    from landseg_core.training.project_run import labels_to_learn

    with Project.open(file, read_only=True) as project:
        how: dict[str, Any] = {"on_event": on_event, "control": control}
        labels = labels_to_learn(project, run, resume=resume, start_from=config.start_from, **how)
    how |= {"reading": replace(config.reading, large=large)} | split_options(config)
    return project_data(labels, config.seed, config.chip, **how)


def split_options(config: TrainConfig) -> dict[str, Any]:
    """Return how labels are split, as `folder_data` and `project_data` take it."""
    return {"split": config.split, "buffer": config.buffer}


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


def mask_values(maps: Sequence[str]) -> tuple[str, ...]:
    """Return what `--map` says as the setting of that name has it.

    Raises:
        typer.BadParameter: a text is not VALUE=CLASSNAME, or a value is given two classes.
    """
    return tuple(f"{value}={name}" for value, name in parse_mapping(maps).items())


def parse_choices(texts: Sequence[str]) -> dict[str, str]:
    """Parse the texts `NAME=VALUE`.

    Raises:
        typer.BadParameter: one is something else, or names no setting.
    """
    from landseg_core.runs.config import TrainConfig

    choices: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise typer.BadParameter(f"--set '{text}' is not NAME=VALUE")
        if name not in TrainConfig.model_fields:
            raise typer.BadParameter(f"--set: there is no setting {name!r}; {', '.join(TrainConfig.model_fields)}")
        choices[name] = value
    return choices


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _report(result: TrainResult) -> None:
    figures = "not validated" if result.best_miou is None else f"mIoU {result.best_miou:.3f} on the validation areas"
    say(f"{result.model_path}: {figures}")
    if result.reason == "stopped":
        raise JobStopped
