"""`landseg train`: from labelled images to a model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import INTERRUPTED, Device, Overwrite

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.training.trainer import TrainResult


def train(
    classes: Annotated[str, typer.Option(metavar="PRESET|FILE", help="The classes: a preset's name or a class file.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder for the run: model, checkpoint, metrics, settings.")],
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
    device: Device = "auto",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same run on the CPU.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in RUN.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a U-Net and keep the model that validates best."""
    started = time.monotonic()  # --minutes are those of the command, loading torch included
    if (images is None) != (masks is None) or (images is None) == (landcover_ai is None):
        raise typer.BadParameter("give either --images and --masks, or --landcover-ai")
    if landcover_ai is not None and (train_list or val_list):
        raise typer.BadParameter("--landcover-ai brings its own lists")
    if epochs is not None and minutes is not None:
        raise typer.BadParameter("give either --epochs or --minutes")
    settings = _given(model=model, epochs=epochs, minutes=minutes, batch=batch, chip=chip, device=device, seed=seed)

    def work(on_event: OnEvent, control: JobControl) -> TrainResult:
        from landseg_core.data.folders import folder_data
        from landseg_core.data.landcover_ai import landcover_ai_data
        from landseg_core.labels.classes import load_classes
        from landseg_core.training.config import checked_config
        from landseg_core.training.trainer import Trainer

        config = checked_config(settings)
        trainer = Trainer(config, out, overwrite=overwrite, resume=resume, started=started)
        schema = load_classes(classes)
        if landcover_ai is not None:
            data = landcover_ai_data(landcover_ai, schema, on_event=on_event, control=control)
        else:
            assert images is not None
            assert masks is not None
            lists = (train_list, val_list)
            data = folder_data(images, masks, schema, *lists, seed=seed, on_event=on_event, control=control)
        return trainer.fit(data, on_event, control)

    _report(run_job(work))


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _report(result: TrainResult) -> None:
    figures = "not validated" if result.best_miou is None else f"mIoU {result.best_miou:.3f} on the validation areas"
    typer.echo(f"{result.model_path}: {figures}")
    if result.reason == "stopped":
        raise typer.Exit(INTERRUPTED)
