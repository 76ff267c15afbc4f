"""`landseg demo`: the main job on a generated landscape, from images to a map."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landseg_core.cli.evaluate import print_figures
from landseg_core.cli.jobs import run_job
from landseg_core.cli.options import Overwrite
from landseg_core.cli.output import say
from landseg_core.data.sources.folders import Folders
from landseg_core.raster.files.map_files import MapFiles
from landseg_core.tasks.evaluate import EvaluateTask, run_evaluate
from landseg_core.tasks.export import ExportTask, MaskFile, run_export
from landseg_core.tasks.predict import PredictTask, planned_maps, run_predict
from landseg_core.tasks.train import TrainTask, run_train

if TYPE_CHECKING:
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.training.evaluation import Evaluation

TRAINING_MINUTES = 1.5


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    no_window: Annotated[bool, typer.Option("--no-window", help="Do not open the window on the result.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Generate a landscape, train on it, evaluate, predict and export: the main job in about two minutes."""
    result = run_job(lambda on_event, control: _make_map(out, on_event, control, overwrite=overwrite))
    print_figures(result)
    say(f"map: {_tif(out)}", f"picture: {_overlay(out)}", f"model: {out / 'run' / 'model.safetensors'}")
    if not no_window and _has_display():
        _open_window(_picture(out), _tif(out))
        say("landseg-gui is opening the landscape with its map")


def _picture(out: Path) -> Path:
    return out / "sample" / "images" / "landscape_3.tif"


def _tif(out: Path) -> Path:
    return MapFiles.numbered(out / "map", _picture(out).stem).mask


def _overlay(out: Path) -> Path:
    return out / "map" / f"{_picture(out).stem}_overlay.png"


def _make_map(out: Path, on_event: OnEvent, control: JobControl, *, overwrite: bool) -> Evaluation:
    """Do the main job step by step; the metrics come from the landscape that was not trained on."""
    from landseg_core.output_files import check_free
    from landseg_core.runs.folder import RunFolder
    from landseg_core.sample import write_sample

    RunFolder(out / "run").require_free(overwrite=overwrite)
    maps = planned_maps([_picture(out)], out / "map", ["tif"], confidence=True)
    for path in (*maps[0].all, _overlay(out)):
        if path.parent.exists():
            check_free(path, overwrite=overwrite)
    sample = write_sample(out / "sample", overwrite=overwrite)
    pairs = {"images": sample.images, "masks": sample.masks}
    source = Folders(**pairs, train_list=sample.train_list, val_list=sample.val_list)
    settings = {"minutes": TRAINING_MINUTES}
    run = TrainTask(out=out / "run", source=source, classes=str(sample.classes), settings=settings, overwrite=overwrite)
    model_path = run_train(run, on_event, control).model_path
    control.checkpoint()
    result = run_evaluate(EvaluateTask(model=model_path, list_file=sample.val_list, **pairs), on_event, control)
    task = PredictTask(model=model_path, maps=maps, confidence=True, overwrite=overwrite)
    run_predict(task, on_event, control)
    shown = ExportTask(mask=MaskFile(_tif(out)), out=_overlay(out), style="overlay", image=_picture(out))
    run_export(shown.model_copy(update={"overwrite": overwrite}), on_event, control)
    return result


def _has_display() -> bool:
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_window(*files: Path) -> None:
    """Start the window as a process of its own: the core knows no Qt, and the command returns at once."""
    subprocess.Popen(
        [sys.executable, "-m", "landseg_gui", *map(str, files)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
